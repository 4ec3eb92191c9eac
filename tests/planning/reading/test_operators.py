"""Operators, patterns and days as conditions that the store can test."""

from __future__ import annotations

import pytest

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.arguments import split_list
from larst.planning.reading.asked import (
    NEVER,
    STORE_OPERATORS,
    AllOf,
    AnyOf,
    Condition,
    Node,
    Not,
    conditions_of,
)
from larst.planning.reading.operators import condition, operator_for
from larst.planning.reading.patterns import like, regex
from larst.planning.reading.spellings import OPERATORS, SYMBOLS, operator_of
from tests.planning.reading.world import FIELDS

_POSTS = FIELDS["posts"]


def _c(operator: str, value: object, field: str = "f") -> Condition:
    return Condition(field, operator, value)


_NULL = AnyOf((_c("", None), _c("exists", False)))
_BLANK = AnyOf((_c("", None), _c("exists", False), _c("", ""), _c("", [])))


@pytest.mark.parametrize(
    ("operator", "value", "node"),
    [
        ("", "a", _c("", "a")),
        ("", ["a"], _c("", "a")),
        ("", ["a", "b"], _c("in", ["a", "b"])),
        ("", None, _NULL),
        ("ne", "a", _c("ne", "a")),
        ("ne", ["a", "b"], Not(_c("in", ["a", "b"]))),
        ("ne", "a,b", Not(_c("in", ["a", "b"]))),
        ("ne", None, Not(_NULL)),
        ("gt", "5", _c("gt", "5")),
        ("gt", ["5"], _c("gt", "5")),
        ("in", "a,b", _c("in", ["a", "b"])),
        ("in", "a", _c("", "a")),
        ("in", "(a,b)", _c("in", ["a", "b"])),
        ("in", "[1,2]", _c("in", [1, 2])),
        ("in", ["a,b", "c"], _c("in", ["a,b", "c"])),
        ("in", "", NEVER),
        ("in", "'a','b'", _c("in", ["a", "b"])),
        ("in", "a|b", _c("in", ["a", "b"])),
        ("nin", "a,b", Not(_c("in", ["a", "b"]))),
        ("nin", "a", _c("ne", "a")),
        ("contains", "a", _c("contains", "a")),
        ("icontains", ["a", "b"], AnyOf((_c("icontains", "a"), _c("icontains", "b")))),
        ("notcontains", "a", Not(_c("icontains", "a"))),
        ("startswith", "a", _c("startswith", "a")),
        ("nstartswith", "a", Not(_c("istartswith", "a"))),
        ("nendswith", "a", Not(_c("iendswith", "a"))),
        ("like", "a", _c("icontains", "a")),
        ("like", "%a%", _c("icontains", "a")),
        ("like", "a%", _c("istartswith", "a")),
        ("like", "%a", _c("iendswith", "a")),
        ("like", "a%b", _c("ilike", "a*b")),
        ("like", "^a", _c("istartswith", "a")),
        ("exists", "true", _c("exists", True)),
        ("exists", False, _c("exists", False)),
        ("exists", "0", _c("exists", False)),
        ("null", "true", _NULL),
        ("null", "", _NULL),
        ("null", False, Not(_NULL)),
        ("notnull", True, Not(_NULL)),
        ("notnull", "false", _NULL),
        ("blank", "1", _BLANK),
        ("notblank", "", Not(_BLANK)),
        ("true", "1", _c("", True)),
        ("false", "1", _c("", False)),
        ("between", "1,5", AllOf((_c("gte", "1"), _c("lte", "5")))),
        ("between", [1, 5], AllOf((_c("gte", 1), _c("lte", 5)))),
        ("between", "1..5", AllOf((_c("gte", "1"), _c("lte", "5")))),
        ("notbetween", "1,5", Not(AllOf((_c("gte", "1"), _c("lte", "5"))))),
        ("all", "a,b", AllOf((_c("", "a"), _c("", "b")))),
        ("all", ["a"], _c("", "a")),
        ("overlap", "a,b", _c("in", ["a", "b"])),
        ("regex", "^a$", _c("", "a")),
        ("iregex", "^a$", _c("iexact", "a")),
        ("date", "2025-01-31", AllOf((_c("gte", "2025-01-31"), _c("lt", "2025-02-01")))),
        ("date_gt", "2025-01-31", _c("gte", "2025-02-01")),
        ("date_gte", "2025-01-31", _c("gte", "2025-01-31")),
        ("date_lt", "2025-01-31T10:00:00Z", _c("lt", "2025-01-31")),
        ("date_lte", "2025-12-31", _c("lt", "2026-01-01")),
        (
            "date_between",
            "2025-01-01,2025-01-31",
            AllOf((_c("gte", "2025-01-01"), _c("lt", "2025-02-01"))),
        ),
        ("year", "2025", AllOf((_c("gte", "2025-01-01"), _c("lt", "2026-01-01")))),
        ("year_gt", 2025, _c("gte", "2026-01-01")),
        ("year_lt", "2025", _c("lt", "2025-01-01")),
    ],
)
def test_an_operator_becomes_conditions_of_the_store(
    operator: str, value: Json, node: Node
) -> None:
    """The store has 14 operators; clients have ten times as many."""
    assert condition("f", operator, value, _POSTS) == node
    assert {part.operator for part in conditions_of(node)} <= STORE_OPERATORS | {""}


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("views", "gt", "abc"),
        ("views", "gt", ""),
        ("views", "gt", None),
        ("views", "gt", True),
        ("views", "gt", ["1", "2"]),
        ("views", "gt", {"a": 1}),
        ("views", "between", "1"),
        ("views", "between", "1,2,3"),
        ("views", "between", "a,b"),
        ("views", "exists", "maybe"),
        ("views", "exists", ""),
        ("views", "null", "maybe"),
        ("title", "contains", None),
        ("title", "contains", {"a": 1}),
        ("title", "regex", "(a+)+$"),
        ("title", "regex", "a{2,}"),
        ("title", "regex", "[^a]"),
        ("title", "regex", "\\d+"),
        ("title", "regex", "[abcdefghij][abcdefghij]"),
        ("tags", "size", "2"),
        ("createdAt", "date", "yesterday"),
        ("createdAt", "year", "x"),
        ("createdAt", "year", "99999"),
        ("id", "in", [str(n) for n in range(2000)]),
    ],
)
def test_a_value_that_makes_no_sense_for_its_operator_is_refused(
    field: str, operator: str, value: Json
) -> None:
    """An empty list would look like an answer."""
    with pytest.raises(QueryNotUnderstoodError):
        condition(field, operator, value, _POSTS)


@pytest.mark.parametrize(
    ("pattern", "node"),
    [
        ("abc", _c("icontains", "abc")),
        ("^abc", _c("istartswith", "abc")),
        ("abc$", _c("iendswith", "abc")),
        ("^abc$", _c("iexact", "abc")),
        (".*abc.*", _c("icontains", "abc")),
        ("^a.*c$", _c("ilike", "a*c")),
        ("a.*c", _c("ilike", "*a*c*")),
        ("a|b", AnyOf((_c("icontains", "a"), _c("icontains", "b")))),
        ("^(a|b)c$", AnyOf((_c("iexact", "ac"), _c("iexact", "bc")))),
        ("^[ab]$", AnyOf((_c("iexact", "a"), _c("iexact", "b")))),
        ("a\\.b", _c("icontains", "a.b")),
        ("/^abc/i", _c("istartswith", "abc")),
        ("(?i)abc", _c("icontains", "abc")),
        ("^.*$", _c("exists", True)),
    ],
)
def test_a_plain_regular_expression_is_a_condition(pattern: str, node: Node) -> None:
    """json-server's `title_like` takes one."""
    assert regex("f", pattern, "f", ignores_case=True) == node


@pytest.mark.parametrize(
    ("pattern", "is_anchored", "node"),
    [
        ("abc", True, _c("", "abc")),
        ("abc", False, _c("contains", "abc")),
        ("abc%", True, _c("startswith", "abc")),
        ("*abc*", True, _c("contains", "abc")),
        ("%", True, _c("exists", True)),
        ("a%c%e", True, _c("like", "a*c*e")),
    ],
)
def test_a_like_pattern_is_the_simplest_condition(
    pattern: str, is_anchored: bool, node: Node
) -> None:
    """So that all spellings of "contains" share a shape."""
    assert like("f", pattern, "f", ignores_case=False, is_anchored=is_anchored) == node


def test_every_operator_has_a_meaning_in_the_store() -> None:
    """A spelling that nothing rewrites would fail in the program."""
    values: dict[str, Json] = {"between": "1,2", "notbetween": "1,2", "date_between": "2025-01-01,"}
    for operator in {*OPERATORS.values(), *SYMBOLS.values()} - {"size"}:
        is_day = operator.startswith("date")
        day = "2025-01-01,2025-01-02" if operator == "date_between" else "2025-01-01"
        value = day if is_day else values.get(operator, "2025" if "year" in operator else "1")
        node = condition("f", operator, value, _POSTS)
        assert {part.operator for part in conditions_of(node)} <= STORE_OPERATORS | {""}


@pytest.mark.parametrize(
    ("spelling", "operator"),
    [
        ("$gte", "gte"), ("_gte", "gte"), ("GTE", "gte"), (">=", "gte"), ("atLeast", "gte"),
        ("$eq", ""), ("=", ""), ("==", ""), ("equals", ""), ("isEqual", ""), ("isAnyOf", "in"),
        ("$nin", "nin"), ("notIn", "nin"), ("not_in", "nin"), ("$notContains", "notcontains"),
        ("doesNotContain", "notcontains"), ("isEmpty", "blank"), ("is_not_null", "notnull"),
        ("bt", "between"), ("inRange", "between"), ("$between", "between"), ("nope", None),
    ],
)  # fmt: skip
def test_spellings_of_operators(spelling: str, operator: str | None) -> None:
    """Of Mongo, Directus, LoopBack, Kendo, MUI, refine and others."""
    assert operator_of(spelling) == operator


def test_start_and_end_bound_numbers_and_dates() -> None:
    """And are the beginning and end of texts elsewhere, as ransack has them."""
    assert operator_for("start", "createdAt", _POSTS) == "gte"
    assert operator_for("end", "views", _POSTS) == "lte"
    assert operator_for("start", "title", _POSTS) == "startswith"


def test_lists_are_split_once() -> None:
    """A JSON list keeps its commas."""
    assert split_list('a,"b,c"') == ["a", "b,c"]
    assert split_list(["a,b"]) == ["a,b"]
    assert split_list("[a,b]") == ["a", "b"]
    assert split_list(5) == [5]
