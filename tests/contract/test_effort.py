"""Schemas of clients must not make work without end."""

from __future__ import annotations

from typing import Any

import pytest

from larst.contract.contracts import ReplySchema
from larst.contract.documents import read_contract
from larst.contract.effort import MAX_EVALUATIONS, evaluations
from larst.contract.seeds import seeds_of

OBJECT = {"type": "object", "properties": {"id": {"type": "integer"}}}


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def doubled(keyword: str) -> dict[str, Any]:
    """Return 30 schemas, each of which refers twice to the next: 2**29 paths to the last."""
    steps = {f"S{n}": {keyword: [reference(f"S{n - 1}")] * 2} for n in range(1, 30)}
    return {"S0": OBJECT, **steps}


def wide() -> dict[str, Any]:
    """Return schemas of 200 fields, all of which refer to the next one: 200**9 paths."""
    fields = [f"f{n}" for n in range(200)]
    return {
        "S0": OBJECT,
        **{
            f"S{n}": {
                "type": "object",
                "properties": {name: reference(f"S{n - 1}") for name in fields},
            }
            for n in range(1, 30)
        },
    }


BOMBS = {
    "allOf": doubled("allOf"),
    "anyOf": doubled("anyOf"),
    "oneOf": doubled("oneOf"),
    "properties": wide(),
}


def document(schemas: dict[str, Any]) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": reference("S29")}}}
    operations = {
        "get": {"responses": {"200": {"description": "x", **content}}},
        "post": {"requestBody": content, "responses": {}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "paths": {"/members": operations, "/members/{id}": operations},
        "components": {"schemas": schemas},
    }


@pytest.mark.parametrize("name", BOMBS)
def test_a_schema_with_too_many_paths_is_read_and_used_in_bounded_work(name: str) -> None:
    """A document of 3 KB took a thread for good, and with it the session."""
    contract = read_contract(document(BOMBS[name]))
    seeds_of(document(BOMBS[name]))

    operation = contract.find("GET", ["members"])
    assert operation is not None
    _, schema = operation.reply_to(200)
    assert schema is not None
    deviations = schema.deviations({"id": 1})
    if name != "properties":  # there, the body has no field that a path goes through
        assert deviations == ["body: it is too large to be held against the schema; ask for a page"]


def test_a_schema_that_refers_to_itself_twice_is_bounded_by_the_depth_of_the_body() -> None:
    node = {"properties": {"a": {"$ref": "#/$defs/A"}}}
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"allOf": [node, node]}}}
    shallow, deep = {"a": {"a": 1}}, dict[str, Any]()
    for _ in range(60):
        deep = {"a": deep}

    assert evaluations(schema, shallow) is not None
    assert evaluations(schema, deep) is None


def test_the_count_is_at_least_what_the_keywords_apply() -> None:
    schema = {
        "type": "array",
        "items": {"anyOf": [{"properties": {"a": {"type": "integer"}}}, {"type": "null"}]},
    }

    assert evaluations(schema, [{"a": 1}] * 10) == 1 + 10 * (1 + 2 + 1)


def test_large_bodies_have_one_deviation_and_small_ones_several() -> None:
    """The validator takes 25 us for each error, and makes all of them at once."""
    schema = ReplySchema({"items": {"properties": {"a": {"type": "integer"}, "b": {"const": 1}}}})

    assert len(schema.deviations([{"a": "x", "b": 2}])) == 2
    assert len(schema.deviations([{"a": "x", "b": 2}] * 1000)) == 1
    assert schema.deviations([{"a": 1, "b": 1}] * 1000) == []


def test_a_body_with_too_many_values_is_not_held_against_the_schema() -> None:
    schema = ReplySchema({"items": {"type": "integer"}})

    assert schema.deviations(list(range(1000, MAX_EVALUATIONS))) == []
    assert "too large" in schema.deviations(list(range(MAX_EVALUATIONS + 1)))[0]


@pytest.mark.parametrize("required", [5, "id", {"id": True}, [5, "id"]])
def test_a_schema_of_a_body_that_is_not_valid_seeds_what_it_can(required: object) -> None:
    """Only the schemas of replies are compiled."""
    schemas = {"S29": {**OBJECT, "required": required}}

    assert "id" in seeds_of(document(schemas))["members"]["properties"]
