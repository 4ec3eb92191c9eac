"""Drift: the fields in which a record differs from the schema."""

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
def test_each_drift_names_the_field_and_the_expected_type(
    change: dict[str, Json], drift: str
) -> None:
    """The text alone must show a client how to correct its record."""
    assert find_drifts(infer_schema(ALICE), {**ALICE, **change}) == [drift]


def test_a_record_that_conforms_has_no_drift() -> None:
    """An integer is also a number."""
    assert find_drifts(infer_schema(ALICE), {**ALICE, "id": 2, "name": "B", "height": 2}) == []


def test_all_drifts_are_reported_together() -> None:
    assert find_drifts(infer_schema(ALICE), {"id": "x", "name": 1}) == [
        "born: missing",
        "height: missing",
        "home: missing",
        "tags: missing",
        "id: integer expected, found string",
        "name: string expected, found integer",
    ]


def test_a_field_that_some_record_lacked_is_optional() -> None:
    schema = widen_schema(infer_schema(ALICE), {"id": 2, "name": "B"})

    assert find_drifts(schema, {"id": 3, "name": "C", "tags": []}) == []


def test_the_number_of_reported_drifts_is_limited() -> None:
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
def test_a_record_has_drift_exactly_if_it_would_widen_the_schema(
    first: dict[str, Json], second: dict[str, Json], record: dict[str, Json]
) -> None:
    """The modes `enforce` and `learn` must agree on which records conform.

    The items of lists that were always empty are an exception: no type is known for them.
    """
    schema = widen_schema(infer_schema(first), second)
    drifts = find_drifts(schema, record)

    if accepts(schema, record):
        assert drifts == []
    else:
        assert drifts or "'items': {}" in str(schema)
