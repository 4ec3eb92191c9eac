"""Notations inside values, and how a change refuses to guess them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import AllOf, AnyOf, Condition, Node, Not, any_of
from larst.planning.reading.fields import Fields
from larst.planning.reading.values import ValueReader
from tests.planning.reading.world import FIELDS

_POSTS = FIELDS["posts"]


def _c(field: str, operator: str, value: object) -> Condition:
    return Condition(field, operator, value)


_50_60 = AllOf((_c("views", "gte", "50"), _c("views", "lte", "60")))
_DAYS = AllOf((_c("createdAt", "gte", "2025-01-20"), _c("createdAt", "lte", "2025-01-25")))


def _day(number: int) -> Node:
    first, last = (f"2025-01-{day}" for day in (number, number + 1))
    return AllOf((_c("createdAt", "gte", first), _c("createdAt", "lt", last)))


_NULL = AnyOf((_c("status", "", None), _c("status", "exists", False)))


@pytest.mark.parametrize(
    ("field", "text", "node"),
    [
        ("views", "50", _c("views", "", "50")),
        ("views", "gt.50", _c("views", "gt", "50")),
        ("views", "not.gt.50", Not(_c("views", "gt", "50"))),
        ("views", "gt:50", _c("views", "gt", "50")),
        ("views", "$gt:50", _c("views", "gt", "50")),
        ("views", "gte:50", _c("views", "gte", "50")),
        ("views", ">50", _c("views", "gt", "50")),
        ("views", "> 50", _c("views", "gt", "50")),
        ("views", ">=50", _c("views", "gte", "50")),
        ("views", "<50", _c("views", "lt", "50")),
        ("views", ">=50,<=60", _50_60),
        ("views", "gt 50", _c("views", "gt", "50")),
        ("views", "gt(50)", _c("views", "gt", "50")),
        ("views", "(gt)50", _c("views", "gt", "50")),
        ("views", "gt|50", _c("views", "gt", "50")),
        ("views", "gt,50", _c("views", "gt", "50")),
        ("views", "50..60", _50_60),
        ("views", "50...60", _50_60),
        ("views", "50-60", _50_60),
        ("views", "50 - 60", _50_60),
        ("views", "50~60", _50_60),
        ("views", "50:60", _50_60),
        ("views", "50 to 60", _50_60),
        ("views", "[50 TO 60]", _50_60),
        ("views", "between:50,60", _50_60),
        ("views", "$btw:50,60", _50_60),
        ("views", "50..", _c("views", "gte", "50")),
        ("views", "..60", _c("views", "lte", "60")),
        ("views", "-5", _c("views", "", "-5")),
        ("views", "50,60", _c("views", "in", ["50", "60"])),
        ("views", "50|60", _c("views", "in", ["50", "60"])),
        ("views", "[50,60]", _c("views", "in", [50, 60])),
        ("views", '{"gt":50}', _c("views", "gt", 50)),
        ("views", '{"$gte":"50","$lte":"60"}', _50_60),
        ("id", "1,2", _c("id", "in", ["1", "2"])),
        ("id", "1,2,", _c("id", "in", ["1", "2"])),
        ("id", "in.(1,2)", _c("id", "in", ["1", "2"])),
        ("id", "in:1,2", _c("id", "in", ["1", "2"])),
        ("id", "$not:$in:1,2", Not(_c("id", "in", ["1", "2"]))),
        ("status", "draft", _c("status", "", "draft")),
        ("status", "!draft", _c("status", "ne", "draft")),
        ("status", "!=draft", _c("status", "ne", "draft")),
        ("status", "ne:draft", _c("status", "ne", "draft")),
        ("status", "not:draft", _c("status", "ne", "draft")),
        ("status", "neq.draft", _c("status", "ne", "draft")),
        ("status", "=draft", _c("status", "", "draft")),
        ("status", "eq:draft", _c("status", "", "draft")),
        ("status", '"draft"', _c("status", "", "draft")),
        ("status", "'draft'", _c("status", "", "draft")),
        ("status", "a,b", _c("status", "in", ["a", "b"])),
        ("status", "a|b", _c("status", "in", ["a", "b"])),
        ("status", '["a","b"]', _c("status", "in", ["a", "b"])),
        ("status", "a, b", _c("status", "", "a, b")),
        ("status", "a;b", _c("status", "", "a;b")),
        ("status", "is.null", _NULL),
        ("status", "$null", _NULL),
        ("status", "$not:$null", Not(_NULL)),
        ("status", "null", _c("status", "", "null")),
        ("status", "foo:bar", _c("status", "", "foo:bar")),
        ("status", "foo.bar", _c("status", "", "foo.bar")),
        ("status", "like:dra", _c("status", "icontains", "dra")),
        ("status", "~dra", _c("status", "icontains", "dra")),
        ("status", "!~dra", Not(_c("status", "icontains", "dra"))),
        ("title", "Po*", _c("title", "startswith", "Po")),
        ("title", "*3", _c("title", "endswith", "3")),
        ("title", "P*3", _c("title", "like", "P*3")),
        ("title", "*ost*", _c("title", "icontains", "ost")),
        ("title", "*", _c("title", "exists", True)),
        ("title", "a*b*c", _c("title", "", "a*b*c")),
        ("title", ">5", _c("title", "gt", "5")),
        ("title", ">b", _c("title", "", ">b")),
        ("title", "1-2", _c("title", "", "1-2")),
        ("title", "1/2", _c("title", "", "1/2")),
        ("createdAt", "2025-01-20..2025-01-25", _DAYS),
        ("createdAt", "2025-01-20,2025-01-25", _DAYS),
        ("createdAt", "2025-01-20/2025-01-25", _DAYS),
        ("createdAt", "2025-01-20 to 2025-01-25", _DAYS),
        ("createdAt", "2025-01-20 - 2025-01-25", _DAYS),
        ("createdAt", ">=2025-01-20", _c("createdAt", "gte", "2025-01-20")),
        ("createdAt", "2025-01-20", _day(20)),
        ("createdAt", "2025-01", _c("createdAt", "startswith", "2025-01-")),
        ("meta", '{"lang":"de"}', _c("meta.lang", "", "de")),
    ],
)
def test_a_notation_is_read_where_no_record_has_the_text(field: str, text: str, node: Node) -> None:
    """A read may guess: as it stands, the text would match nothing."""
    assert ValueReader(_POSTS).read(field, [text], field) == node


@pytest.mark.parametrize(
    ("field", "texts", "node"),
    [
        ("status", ["a", "b"], _c("status", "in", ["a", "b"])),
        ("views", [">=50", "<=60"], _50_60),
        ("views", ["gte.50", "lte.60"], _50_60),
        ("status", ["a*", "b"], AnyOf((_c("status", "startswith", "a"), _c("status", "", "b")))),
        ("status", ['"a"', "'b'"], _c("status", "in", ["a", "b"])),
        ("createdAt", ["2025-01-20", "2025-01-21"], AnyOf((_day(20), _day(21)))),
    ],
)
def test_repeated_values_are_alternatives_and_notations_narrow(
    field: str, texts: list[str], node: Node
) -> None:
    """`id=1&id=2` is either, `views=gt.5&views=lt.9` is both."""
    assert ValueReader(_POSTS).read(field, texts, field) == node


_ODD_TEXTS = (">1", "!a", "2025-02-01", "1..2", "'a'")
_NOTES = Fields(
    frozenset({"note", "createdAt"}),
    {"properties": {"note": {"type": "string"}, "createdAt": {"type": "string"}}},
    lambda _field, text: text in _ODD_TEXTS,
)


@pytest.mark.parametrize("field", ["note", "createdAt"])
@pytest.mark.parametrize("is_change", [False, True])
def test_repeated_texts_that_records_have_are_alternatives(field: str, is_change: bool) -> None:
    """No record has two texts: GET showed nothing, and DELETE took both."""
    reader = ValueReader(_NOTES, is_change=is_change)

    for one, other in pairwise(_ODD_TEXTS):
        assert reader.read(field, [one, other], field) == _c(field, "in", [one, other])


def test_a_stored_day_and_another_are_alternatives() -> None:
    node = ValueReader(_NOTES).read("createdAt", ["2025-02-01", "2025-01-20"], "createdAt")

    assert node == AnyOf((_c("createdAt", "", "2025-02-01"), _day(20)))


@pytest.mark.parametrize("text", ["Call, then write", "2025-02-01", "01"])
def test_a_text_that_some_record_has_means_itself(text: str) -> None:
    """Whatever it looks like."""
    tasks = FIELDS["tasks"]
    field = next(name for name in tasks.items() if tasks.has_value(name, text))
    assert ValueReader(tasks).read(field, [text], field) == _c(field, "", text)
    assert ValueReader(tasks, is_change=True).read(field, [text], field) == _c(field, "", text)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("views", ">50"),
        ("views", "gt:50"),
        ("views", "50..60"),
        ("views", "50-60"),
        ("views", "gt 50"),
        ("views", '{"gt":50}'),
        ("status", "!draft"),
        ("status", "not:draft"),
        ("status", "$not:draft"),
        ("status", "$null"),
        ("status", '"draft"'),
        ("status", "'draft'"),
        ("status", "*"),
        ("id", "[1,2]"),
        ("createdAt", "2025-01-20..2025-01-25"),
        ("createdAt", "2025-01-20,2025-01-25"),
        ("status", "a,b"),
        ("status", "a|b"),
        ("status", "a*,b"),
        ("title", "*a,b*"),
        ("createdAt", "2025-01-20"),
        ("createdAt", "2025-01"),
    ],
)
def test_a_change_refuses_to_guess(field: str, text: str) -> None:
    """The guess would take in other records than the text says, or than GET shows."""
    with pytest.raises(QueryNotUnderstoodError, match="more than one thing"):
        ValueReader(_POSTS, is_change=True).read(field, [text], field)


@pytest.mark.parametrize(
    ("field", "text", "node"),
    [
        ("id", "eq.3", _c("id", "", "3")),
        ("id", "in.(1,2)", _c("id", "in", ["1", "2"])),
        ("views", "gt.50", _c("views", "gt", "50")),
        ("id", "1,2", _c("id", "in", ["1", "2"])),
        ("views", "1,2", _c("views", "in", ["1", "2"])),
        ("title", "Po*", _c("title", "startswith", "Po")),
        ("status", "foo:bar", _c("status", "", "foo:bar")),
    ],
)
def test_a_change_takes_what_cannot_be_a_slip(field: str, text: str, node: Node) -> None:
    """PostgREST's operators, lists of numbers, and stars with a text."""
    assert ValueReader(_POSTS, is_change=True).read(field, [text], field) == node


def test_a_part_is_enough_where_the_dialect_says_so() -> None:
    """Laravel's `filter[title]=post 3`."""
    reader = ValueReader(_POSTS, matches_parts=True)
    assert reader.read("title", ["post 3"], "title") == _c("title", "icontains", "post 3")
    assert reader.read("title", ["Post 3"], "title") == _c("title", "", "Post 3")
    assert reader.read("views", ["5"], "views") == _c("views", "", "5")


def test_the_records_are_asked_a_bounded_number_of_times() -> None:
    """Each notation may look through the records once."""
    with pytest.raises(QueryNotUnderstoodError, match="notations"):
        ValueReader(_POSTS).read("status", [f"!{n}" for n in range(100)], "status")


@pytest.mark.parametrize(
    ("field", "text"), [("views", "gt:abc"), ("views", "between:1"), ("views", "gt.abc")]
)
def test_an_operator_with_a_value_that_makes_no_sense_is_refused(field: str, text: str) -> None:
    """An empty list would look like an answer."""
    with pytest.raises(QueryNotUnderstoodError):
        ValueReader(_POSTS).read(field, [text], field)


def test_each_of_a_list_of_patterns_is_a_pattern() -> None:
    """Read as texts with stars they would match nothing."""
    node = ValueReader(_POSTS).read("status", ["dr*,pub*"], "status")
    assert node == any_of([_c("status", "startswith", "dr"), _c("status", "startswith", "pub")])
