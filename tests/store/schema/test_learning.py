"""The learned schema only widens, and accepts every record that it was learned from."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from larst.store.schema.learning import MAX_PROPERTIES, accepts, widen_schema

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["x", "2026-11-23", "2026-11-23T10:00:00Z", "a@b.org", "https://x.org/a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES), min_size=1, max_size=5)


def test_the_first_record_defines_the_schema() -> None:
    schema = widen_schema(None, {"id": 1, "email": "a@b.org", "tags": ["x"], "at": {"lat": 1.5}})

    assert schema == {
        "type": "object",
        "properties": {
            "at": {
                "type": "object",
                "properties": {"lat": {"type": "number"}},
                "required": ["lat"],
            },
            "email": {"type": "string", "format": "email"},
            "id": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["at", "email", "id", "tags"],
    }


def test_later_records_widen_the_schema() -> None:
    """Two types become a union, a missing field optional, and an integer a number."""
    schema = widen_schema(
        widen_schema(None, {"a": 1, "b": "2026-01-01"}), {"a": 1.5, "b": "soon", "c": None}
    )

    assert schema["properties"] == {
        "a": {"type": "number"},
        "b": {"type": "string"},
        "c": {"type": "null"},
    }
    assert schema["required"] == ["a", "b"]
    assert widen_schema(schema, {"a": "x"})["properties"]["a"] == {"type": ["number", "string"]}
    assert widen_schema(schema, {"a": "x"})["required"] == ["a"]


@given(RECORDS)
def test_the_schema_accepts_every_record_it_was_learned_from(records: list[dict[str, Any]]) -> None:
    """Otherwise each write would widen it again and add the schema to the journal."""
    schema = None
    for record in records:
        schema = widen_schema(schema, record)

    assert schema is not None
    for record in records:
        assert accepts(schema, record)
        assert widen_schema(schema, record) == schema


@given(RECORDS)
def test_the_order_of_the_records_does_not_matter(records: list[dict[str, Any]]) -> None:
    """Records added by hand are learned from in file order, all others in order of their writes."""
    schemas = []
    for order in (records, records[::-1], records[1:] + records[:1]):
        schema = None
        for record in order:
            schema = widen_schema(schema, record)
        schemas.append(schema)

    assert schemas[0] == schemas[1] == schemas[2]


def test_a_required_field_is_missed_among_as_many_others() -> None:
    """A record with other fields than the schema's may have exactly as many."""
    schema = {**widen_schema(None, {"a": 1, "b": 2}), "additionalProperties": True}

    assert accepts(schema, {"a": 1, "b": 3, "c": 4})
    assert not accepts(schema, {"a": 1, "c": 3})


def test_the_size_of_the_schema_is_limited() -> None:
    schema = widen_schema(None, {"a": 1})
    for number in range(3 * MAX_PROPERTIES):
        schema = widen_schema(schema, {f"f{number}": number})

    assert len(schema["properties"]) == MAX_PROPERTIES
    assert schema["additionalProperties"] is True
    assert accepts(schema, {"never seen": 1})
