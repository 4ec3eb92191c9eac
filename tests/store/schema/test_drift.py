"""Drift: what a record has otherwise than the schema says, field by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.domain import Json
from larst.store.schema.drift import MAX_DRIFTS, find_drifts
from larst.store.schema.learning import accepts, infer_schema, widen_schema

ALICE: Json = {
    "id": 1,
    "name": "Alice",
    "born": "1990-01-01",
    "height": 1.7,
    "tags": ["a"],
    "home": {"city": "Bern"},
}


@pytest.mark.parametrize(
    ("change", "drift"),
    [
        ({"name": 5}, "name: string expected, found integer"),
        ({"name": None}, "name: string expected, found null"),
        ({"born": "soon"}, "born: date expected"),
        ({"tags": ["a", 1]}, "tags[1]: string expected, found integer"),
        ({"home": {"city": 1}}, "home.city: string expected, found integer"),
        ({"home": {}}, "home.city: missing"),
        ({"home": "Bern"}, "home: object expected, found string"),
        ({"nick": "Al"}, "nick: unknown field"),
        ({"näme\n": 1}, r"n\xe4me\n: unknown field"),
    ],
)
def test_each_field_that_does_not_fit_is_named(change: dict[str, Json], drift: str) -> None:
    """A client mends its record from the text alone."""
    assert find_drifts(infer_schema(ALICE), {**ALICE, **change}) == [drift]


def test_what_fits_has_no_drift() -> None:
    """An integer is a number."""
    assert find_drifts(infer_schema(ALICE), {**ALICE, "id": 2, "name": "B", "height": 2}) == []


def test_all_drifts_are_named_at_once() -> None:
    assert find_drifts(infer_schema(ALICE), {"id": "x", "name": 1}) == [
        "born: missing",
        "height: missing",
        "home: missing",
        "tags: missing",
        "id: integer expected, found string",
        "name: string expected, found integer",
    ]


def test_a_field_that_was_once_missing_may_be_missing() -> None:
    schema = widen_schema(infer_schema(ALICE), {"id": 2, "name": "B"})

    assert find_drifts(schema, {"id": 3, "name": "C", "tags": []}) == []


def test_a_record_of_very_many_odd_fields_is_told_in_part() -> None:
    assert (
        len(find_drifts(infer_schema(ALICE), {f"f{number}": 1 for number in range(1000)}))
        == MAX_DRIFTS
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
RECORDS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES)


@given(RECORDS, RECORDS, RECORDS)
def test_there_is_drift_just_where_learning_would_widen(
    first: dict[str, Json], second: dict[str, Json], record: dict[str, Json]
) -> None:
    """Enforcing and learning must agree on what fits.

    But for items of lists that were always empty: of them nothing is known to differ from.
    """
    schema = widen_schema(infer_schema(first), second)
    drifts = find_drifts(schema, record)

    if accepts(schema, record):
        assert drifts == []
    else:
        assert drifts or "'items': {}" in str(schema)
