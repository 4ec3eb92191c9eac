"""Binding: query strings become criteria, with the help of the learned fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.domain import Code, Json, Plan
from larst.planning.shapes.binding import bind
from tests.fakes import request

FIELDS = ("id", "firstName", "last_name", "age", "check_in", "q_and_a")


def _criteria(query: str, fields: tuple[str, ...] = FIELDS) -> dict[str, Json]:
    return bind(request("GET", f"/members?{query}"), None, fields).criteria


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("age=3", {"age": "3"}),
        ("firstName=A*", {"firstName__startswith": "A"}),
        ("firstName=*A", {"firstName__endswith": "A"}),
        ("firstName=*A*", {"firstName__icontains": "A"}),
        ("firstName=A*B", {"firstName__startswith": "A", "firstName__endswith": "B"}),
        ("firstName=*", {"firstName__exists": True}),
        ("firstName=a*b*c", {"firstName": "a*b*c"}),
        ("age_min=1&age_max=2", {"age__gte": "1", "age__lte": "2"}),
        ("age[lt]=2", {"age__lt": "2"}),
        ("age__gt=2", {"age__gt": "2"}),
        ("age_in=1,2&limit=3", {"age__in": ["1", "2"]}),
        ("age=1&age=2", {"age__in": ["1", "2"]}),
        ("q=x", {"*__icontains": "x"}),
        ("getByFirstName=J", {"firstName": "J"}),
        ("findByLastName=J*", {"last_name__startswith": "J"}),
        ("searchByNickName=J", {"nickName": "J"}),
        ("created_at_gte=2026", {"created_at__gte": "2026"}),
        ("limit=1&offset=2&sort=a", {}),
    ],
)
def test_query_keys_become_criteria(query: str, expected: dict[str, Json]) -> None:
    assert _criteria(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("age_gte=20&age_min=0", {"age__gte": "20", "&": [{"age__gte": "0"}]}),
        ("firstName=a&findByFirstName=b", {"firstName": "a", "&": [{"firstName": "b"}]}),
    ],
)
def test_two_criteria_of_one_name_must_both_hold(query: str, expected: dict[str, Json]) -> None:
    """If one were lost, a DELETE would remove more records than it should."""
    assert _criteria(query) == expected


@pytest.mark.parametrize("query", ["agge_ne=1", "agge_exists=false"])
def test_an_unknown_field_matches_nothing_even_by_its_absence(query: str) -> None:
    """A typing error must not make a DELETE remove everything."""
    (name,) = _criteria(query)

    assert name == "agge"


def test_of_records_with_very_many_fields_some_names_are_unknown() -> None:
    schema: dict[str, Json] = {"properties": {}, "additionalProperties": True}

    binding = bind(request("GET", "/m?agge_ne=1"), None, FIELDS, schema)

    assert binding.criteria == {"agge__ne": "1"}


@pytest.mark.parametrize("query", ["*=x", "*_gte=5", "*[in]=5", "%26=x", "%7C=x"])
def test_reserved_names_of_criteria_match_nothing(query: str) -> None:
    """A client must not be able to break a plan that serves all clients."""
    assert _criteria(query) == {"id__in": []}


@pytest.mark.parametrize("query", ["q=", "q=&q="])
def test_an_empty_search_text_is_ignored(query: str) -> None:
    """Pages send it for an empty search box. A DELETE is then refused: it has no criterion."""
    assert _criteria(query) == {}


def test_nested_fields_take_precedence_over_operators() -> None:
    schema: dict[str, Json] = {
        "properties": {
            "user": {"properties": {"checked_in": {}, "price_max": {}}},
            "lines": {"items": {"properties": {"sold_in": {}}}},
        }
    }
    context = request(
        "GET", "/m?user.checked_in=true&user.price_max=7&user.age_min=1&lines.sold_in=x"
    )

    assert bind(context, None, ("user", "lines"), schema).criteria == {
        "user.checked_in": "true",
        "user.price_max": "7",
        "user.age__gte": "1",
        "lines.sold_in": "x",
    }


def test_a_learned_field_takes_precedence_over_operators() -> None:
    """The `check_in` of a hotel is a field, not the operator `in` on `check`."""
    assert _criteria("check_in=2026-01-01") == {"check_in": "2026-01-01"}
    assert _criteria("q=1", ("q",)) == {"q": "1"}


def test_a_hint_names_the_unknown_and_the_known_fields() -> None:
    hint = bind(request("GET", "/m?agge_min=1&sort=-nme"), None, FIELDS).hint

    assert hint is not None
    assert "'agge'" in hint
    assert "'nme'" in hint
    assert "'age'" in hint


@pytest.mark.parametrize("query", ["age=1", "id=1", "q=x", "sort=age", "firstName.first=1"])
def test_known_fields_give_no_hint(query: str) -> None:
    assert bind(request("GET", f"/m?{query}"), None, FIELDS).hint is None


def test_an_empty_resource_gives_no_hint() -> None:
    """The client cannot have meant any other field."""
    assert bind(request("GET", "/m?age=1"), None, ()).hint is None


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_hint_is_always_a_valid_header_value(unknown: str, field: str) -> None:
    """Field names come from clients: they must not inject line breaks into a header."""
    context = request("GET", "/m")
    binding = bind(
        type(context)(
            **{
                **{name: getattr(context, name) for name in context.__slots__},
                "query": {unknown: ("1",)},
            }
        ),
        None,
        (field,),
    )

    if binding.hint is not None:
        assert binding.hint.isascii()
        assert binding.hint.isprintable()


def test_a_filled_plan_does_not_contain_its_code() -> None:
    plan = Plan(action="get", resource="members", code=Code(block="REPLY = 1"))
    binding = bind(request("POST", "/members/7", b'{"a":1}'), "7", FIELDS)

    assert binding.fill(plan) == {
        "action": "get",
        "resource": "members",
        "identifier": "7",
        "criteria": {},
        "payload": {"a": 1},
        "response_hints": {},
    }
