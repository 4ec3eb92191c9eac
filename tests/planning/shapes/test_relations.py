"""Relations: the resource and the link field that a client's name for them means."""

from __future__ import annotations

import pytest

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import ALWAYS, Condition, Embed, Related
from larst.planning.reading.relation import Relation, find_relation, relations_of
from larst.planning.shapes.relations import MAX_EMBED_STEPS, criteria_of, embed_steps
from tests.planning.sessions import session_of

SHOP = session_of(
    {
        "users": [{"name": "Ann", "managerId": 2}, {"name": "Ben"}],
        "orders": [{"user_id": 1, "drive": 1}, {"user_id": "2"}],
        "order-lines": [{"orderId": 1}, {"orderId": 2}],
        "drives": [{"size": 1}],
        "canvases": [{"drive_id": 1}],
    }
)


@pytest.mark.parametrize("name", ["user", "users", "User", "USERS"])
def test_a_relation_to_one_is_by_a_field_of_the_record(name: str) -> None:
    assert find_relation(name, "orders", SHOP) == Relation("users", "user_id", is_many=False)


@pytest.mark.parametrize("name", ["order-lines", "orderLines", "order_line", "OrderLine"])
def test_a_relation_to_many_is_by_a_field_of_the_related_records(name: str) -> None:
    assert find_relation(name, "orders", SHOP) == Relation("order-lines", "orderId", is_many=True)


@pytest.mark.parametrize(
    ("name", "field", "is_many"),
    [("offer", "offerId", False), ("Offer", "offerId", False), ("offers", "paymentId", True)],
)
def test_the_number_of_the_name_decides_where_two_resources_link_to_each_other(
    name: str, field: str, is_many: bool
) -> None:
    """`_expand=offer` asks for the offer of a payment, `_embed=offers` for those that name it."""
    shop = session_of({"payments": [{"offerId": 2}], "offers": [{"paymentId": 1}, {"a": 1}]})

    assert find_relation(name, "payments", shop) == Relation("offers", field, is_many=is_many)


def test_irregular_plurals_are_related_too() -> None:
    assert find_relation("drive", "canvases", SHOP) == Relation("drives", "drive_id", is_many=False)
    assert find_relation("canvases", "drives", SHOP) == Relation(
        "canvases", "drive_id", is_many=True
    )


@pytest.mark.parametrize("name", ["films", "name", "canvases", ""])
def test_a_relation_needs_a_link(name: str) -> None:
    assert find_relation(name, "users", SHOP) is None


def test_all_relations_of_a_resource_are_known() -> None:
    assert set(relations_of("orders", SHOP)) == {"users", "order-lines", "drives"}
    assert set(relations_of("users", SHOP)) == {"orders"}


def test_no_condition_gives_no_criteria() -> None:
    assert criteria_of(ALWAYS, "orders", SHOP) == {}


def test_a_condition_on_a_related_record_of_a_related_record() -> None:
    """Each relation is that of the resource before it, not of the first."""
    node = Related("order", Related("user", Condition("name", "", "Ben")))

    assert criteria_of(node, "order-lines", SHOP) == {"orderId__in": ["2"]}


def test_an_unknown_relation_in_a_condition_is_refused() -> None:
    with pytest.raises(QueryNotUnderstoodError, match="users has no relation film"):
        criteria_of(Related("film", ALWAYS), "users", SHOP)


def test_a_search_in_all_fields_must_be_text() -> None:
    """The store refuses it too, which would look like a broken program."""
    with pytest.raises(QueryNotUnderstoodError, match="takes a text"):
        criteria_of(Condition("*", "gt", 5), "users", SHOP)


def test_embeds_are_bounded() -> None:
    """Each costs a search."""
    embed = Embed("users", embed=(Embed("orders"),))
    for _ in range(MAX_EMBED_STEPS):
        embed = Embed("users", embed=(Embed("orders", embed=(embed,)),))

    with pytest.raises(QueryNotUnderstoodError, match="at most"):
        embed_steps([embed], "orders", SHOP)


def test_an_embed_selects_sorts_and_pages_related_records() -> None:
    embed = Embed(
        "orders",
        select=("drive",),
        alias="bought",
        where=Condition("drive", "gt", 0),
        sort=("-id",),
        limit=2,
        offset=1,
    )

    (step,) = embed_steps([embed], "users", SHOP)

    assert step == {
        "name": "bought",
        "resource": "orders",
        "many": True,
        "through": None,
        "parent": "",
        "field": "user_id",
        "select": ["id", "drive"],
        "criteria": {"drive__gt": 0},
        "sort": "-id",
        "offset": 1,
        "end": 3,
        "from": 0,
    }
