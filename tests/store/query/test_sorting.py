"""Sorting accepts any values, pages are exact, and aggregates skip missing values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from larst.errors import ProgramFailedError
from larst.store.query.sorting import aggregate, page_bounds, sort_records

INTEGERS = st.integers(min_value=-(2**63), max_value=2**64 - 1)
VALUES = (
    st.none()
    | st.booleans()
    | INTEGERS
    | st.floats(allow_nan=False)
    | st.text()
    | st.lists(INTEGERS, max_size=2)
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "b"]), VALUES), max_size=12)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.sampled_from(["a", "-a", "a,-b", "b,a", "nosuch", "", ",", "-"]))
def test_any_records_sort_by_anything(rows: list[dict[str, Any]], sort: str) -> None:
    """A user interface may sort by any column, and a column may hold any values."""
    ordered = sort_records(rows, sort)

    assert sorted(map(id, ordered)) == sorted(map(id, rows))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_missing_and_null_come_last_in_both_directions(rows: list[dict[str, Any]]) -> None:
    for sort in ("a", "-a"):
        has_value = [row.get("a") is not None for row in sort_records(rows, sort)]
        assert has_value == sorted(has_value, reverse=True)


def test_values_of_different_types_have_a_fixed_order() -> None:
    rows = [{"a": value} for value in (True, "b", 2, [1], "A", 1.5, False)]

    assert [row["a"] for row in sort_records(rows, "a")] == [1.5, 2, "A", "b", False, True, [1]]


def test_equal_records_keep_their_order() -> None:
    rows = [{"a": 1, "n": 1}, {"a": 1, "n": 2}, {"a": 0, "n": 3}]

    assert [row["n"] for row in sort_records(rows, "-a")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [(None, 0, [1, 2, 3]), (2, 0, [1, 2]), (2, 2, [3]), (0, 0, []), (None, 1, [2, 3]), (9, 9, [])],
)
def test_pages(limit: int | None, offset: int, expected: list[int]) -> None:
    start, stop = page_bounds(limit, offset)

    assert [1, 2, 3][start:stop] == expected


@pytest.mark.parametrize(("limit", "offset"), [(-1, 0), (1.5, 0), (True, 0), ("1", 0), (1, -1)])
def test_an_invalid_page_is_an_error_of_the_program(limit: Any, offset: Any) -> None:
    with pytest.raises(ProgramFailedError):
        page_bounds(limit, offset)


ORDERS: list[dict[str, Any]] = [
    {"item": "a", "price": 2},
    {"item": "b", "price": 3.5},
    {"item": "a", "price": 4},
    {"item": "a", "price": "odd"},
    {"item": "c"},
]


@pytest.mark.parametrize(
    ("op", "expected"), [("sum", 9.5), ("avg", 9.5 / 3), ("min", 2), ("max", 4), ("count", 4)]
)
def test_aggregates_use_all_numbers_of_the_field(op: str, expected: float) -> None:
    assert aggregate(ORDERS, op, "price", None) == expected


def test_aggregates_group_by_a_field() -> None:
    assert aggregate(ORDERS, "sum", "price", "item") == {"a": 6, "b": 3.5, "c": 0}


def test_aggregates_of_nothing() -> None:
    assert [aggregate([], op, "x", None) for op in ("sum", "count", "avg", "min", "max")] == [
        0,
        0,
        None,
        None,
        None,
    ]


def test_an_unknown_operation_is_an_error_of_the_program() -> None:
    with pytest.raises(ProgramFailedError, match="median"):
        aggregate([], "median", "x", None)


def test_texts_sort_without_case_or_by_code_points() -> None:
    rows = [{"a": text} for text in ("b", "A", "C", "a")]

    assert [row["a"] for row in sort_records(rows, "a")] == ["A", "a", "b", "C"]
    assert [row["a"] for row in sort_records(rows, "=a")] == ["A", "C", "a", "b"]
    assert [row["a"] for row in sort_records(rows, "-=a")] == ["b", "a", "C", "A"]


def test_code_points_change_nothing_but_the_order_of_letters() -> None:
    """Numbers, numbers as texts, and times still sort by their values."""
    moments = ["2025-01-02T00:00:00+02:00", "2025-01-01T23:00:00Z", "2025-01-01"]
    rows = [{"a": n, "at": at} for n, at in zip((2, 10, 1), moments, strict=True)]
    numbers = [{"b": text} for text in ("10", "9")]

    assert sort_records(rows, "-=a") == sort_records(rows, "-a")
    assert sort_records(rows, "=at") == sort_records(rows, "at")
    assert sort_records(numbers, "=b") == sort_records(numbers, "b")
