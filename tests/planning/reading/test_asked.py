"""The tree of conditions: its algebra, its types, its relations, and the store's criteria."""

from __future__ import annotations

import pytest

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import (
    ALWAYS,
    NEVER,
    AllOf,
    AnyOf,
    Asked,
    Condition,
    Node,
    Not,
    Related,
    all_of,
    any_of,
    conditions_of,
    negated,
    to_criteria,
    without_relations,
)
from larst.planning.reading.typed import typed, unknown_names
from tests.planning.reading.world import FIELDS, asked

_POSTS = FIELDS["posts"]
_A, _B, _C = Condition("a", "", 1), Condition("b", "gt", 2), Condition("a", "ne", 3)


def test_single_nodes_stand_for_themselves() -> None:
    """So that `and=(x)` has the shape of x."""
    assert all_of([_A]) == any_of([_A]) == _A
    assert all_of([]) == ALWAYS
    assert any_of([]) == NEVER
    assert all_of([_A, AllOf((_B, _C))]) == AllOf((_A, _B, _C))
    assert any_of([_A, AnyOf((_B, _C))]) == AnyOf((_A, _B, _C))
    assert any_of([_A, ALWAYS]) == ALWAYS


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (_A, Condition("a", "ne", 1)),
        (_C, Condition("a", "", 3)),
        (_B, Not(_B)),
        (Not(_B), _B),
        (ALWAYS, NEVER),
        (NEVER, ALWAYS),
        (Condition("a", "", None), Not(Condition("a", "", None))),
    ],
)
def test_negation_cancels(node: Node, expected: Node) -> None:
    """`not.neq` is `eq`."""
    assert negated(node) == expected


@pytest.mark.parametrize(
    ("node", "criteria"),
    [
        (ALWAYS, {}),
        (_A, {"a": 1}),
        (_B, {"b__gt": 2}),
        (AllOf((_A, _B)), {"a": 1, "b__gt": 2}),
        (AllOf((_A, Condition("a", "", 2))), {"a": 1, "&": [{"a": 2}]}),
        (AnyOf((_A, _B)), {"|": [{"a": 1}, {"b__gt": 2}]}),
        (NEVER, {"|": []}),
        (Not(_B), {"!": {"b__gt": 2}}),
        (AllOf((_A, AnyOf((_A, _B)))), {"a": 1, "|": [{"a": 1}, {"b__gt": 2}]}),
        (AllOf((AnyOf((_A, _B)), AnyOf((_B, _C)))),
         {"|": [{"a": 1}, {"b__gt": 2}], "&": [{"|": [{"b__gt": 2}, {"a__ne": 3}]}]}),
        (Related("user", _A), {"@": {"relation": "user", "criteria": {"a": 1}}}),
    ],
)  # fmt: skip
def test_a_tree_is_the_criteria_of_the_store(node: Node, criteria: dict[str, Json]) -> None:
    """SPEC section 6: `&` is all-of, `|` any-of, `!` not."""
    assert to_criteria(node) == criteria


def test_relations_are_resolved_to_conditions_on_link_fields() -> None:
    """The program looks the related records up, and asks by their ids."""
    node = AllOf((_A, Not(Related("user", Related("team", _B)))))

    def resolve(related: Related) -> Node:
        assert not isinstance(related.node, Related)
        return Condition(f"{related.relation}Id", "in", [1, 2])

    assert without_relations(node, resolve) == AllOf((_A, Not(Condition("userId", "in", [1, 2]))))


def test_conditions_on_related_records_are_not_the_records_own() -> None:
    """Their fields are another resource's."""
    assert list(conditions_of(AllOf((_A, Not(_B), Related("user", _C))))) == [_A, _B]


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (Condition("views", "", "50"), 50),
        (Condition("views", "gt", "5.5"), 5.5),
        (Condition("views", "in", ["1", "x"]), [1, "x"]),
        (Condition("views", "", "1e3"), 1000.0),
        (Condition("views", "", "9" * 500), "9" * 500),
        (Condition("views", "", "1e999"), "1e999"),
        (Condition("views", "contains", 5), "5"),
        (Condition("title", "", 5), "5"),
        (Condition("title", "", True), "true"),
        (Condition("title", "", None), None),
        (Condition("title", "gt", 5), "5"),
        (Condition("title", "exists", True), True),
        (Condition("tags", "", 5), "5"),
        (Condition("id", "", "3"), 3),
        (Condition("*", "icontains", 5), "5"),
        (Condition("meta.lang", "", 5), "5"),
    ],
)
def test_values_take_the_type_of_their_field(condition: Condition, value: Json) -> None:
    """`"50"` and 50 are one shape and one answer."""
    node = typed(condition, _POSTS, is_change=False)
    assert isinstance(node, Condition)
    assert (node.value, type(node.value)) == (value, type(value))


def test_booleans_are_words_in_a_read_and_true_or_false_in_a_change() -> None:
    """`done=1` is a guess."""
    tasks = FIELDS["tasks"]
    for text, value in (("true", True), ("FALSE", False), ("1", True), ("no", False), ("on", True)):
        node = typed(Condition("done", "", text), tasks, is_change=False)
        assert node == Condition("done", "", value)
    assert typed(Condition("done", "", "maybe"), tasks, is_change=False) == Condition(
        "done", "", "maybe"
    )
    assert typed(Condition("done", "", "true"), tasks, is_change=True) == Condition(
        "done", "", True
    )
    with pytest.raises(QueryNotUnderstoodError):
        typed(Condition("done", "", "1"), tasks, is_change=True)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (Condition("nope", "", 1), Condition("nope", "", 1)),
        (Condition("nope", "ne", 1), NEVER),
        (Condition("nope", "exists", False), NEVER),
        (Condition("nope", "", None), NEVER),
        (Not(Condition("nope", "", 1)), NEVER),
        (Not(Not(Condition("nope", "ne", 1))), NEVER),
        (Not(AllOf((_A, Condition("nope", "gt", 1)))), Condition("a", "ne", 1)),
        (AnyOf((Condition("nope", "ne", 1), Condition("id", "", 1))), Condition("id", "", 1)),
    ],
)
def test_a_field_that_never_was_narrows(node: Node, expected: Node) -> None:
    """In either polarity."""
    fields = type(_POSTS)({"a", "id"})
    assert typed(node, fields, is_change=False) == expected


def test_the_order_of_conditions_means_nothing() -> None:
    """`?a=1&b=2` and `?b=2&a=1` share a shape."""
    assert asked("/posts?status=draft&views_gt=5") == asked("/posts?views_gt=5&status=draft")
    assert asked("/posts?or=(id.eq.1,views.gt.5)") == asked("/posts?or=(views.gt.5,id.eq.1)")


def test_names_that_were_never_learned_are_listed() -> None:
    """Also those of related records."""
    node = AllOf((Condition("nope", "", 1), Related("user", Condition("nix", "", 1))))
    assert unknown_names(node, _POSTS) == ["nope", "user.nix"]
    assert unknown_names(Condition("user.nix", "", 1), _POSTS) == ["user.nix"]
    assert unknown_names(Condition("*", "icontains", "x"), _POSTS) == []


def test_every_word_of_paging_makes_a_page() -> None:
    """Also `before`."""
    assert Asked(limit=5).is_paged
    assert Asked(before="5").is_paged
    assert not Asked().is_paged
