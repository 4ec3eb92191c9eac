"""The learned schema: it only widens, and whatever was learned from fits."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from larst.store.schema.learning import MAX_PROPERTIES, accepts, infer_schema, merge, widen_schema

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


def test_a_first_record_defines_the_format() -> None:
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


def test_later_records_refine_it() -> None:
    """A second type makes a union, a missing field becomes optional, integers become numbers."""
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
def test_whatever_was_learned_from_fits(records: list[dict[str, Any]]) -> None:
    """Else each write would learn again, and the journal would carry the schema for ever."""
    schema = None
    for record in records:
        schema = widen_schema(schema, record)

    assert schema is not None
    for record in records:
        assert accepts(schema, record)
        assert widen_schema(schema, record) == schema


@given(VALUES, VALUES, VALUES)
def test_the_order_of_learning_does_not_matter(one: Any, two: Any, three: Any) -> None:
    a, b, c = infer_schema(one), infer_schema(two), infer_schema(three)

    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


def test_odd_data_cannot_grow_it_without_end() -> None:
    schema = widen_schema(None, {"a": 1})
    for number in range(3 * MAX_PROPERTIES):
        schema = widen_schema(schema, {f"f{number}": number})

    assert len(schema["properties"]) == MAX_PROPERTIES
    assert schema["additionalProperties"] is True
    assert accepts(schema, {"never seen": 1})
