"""Filters written as JSON or in brackets, and structures of conditions."""

from __future__ import annotations

import json

import pytest

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import (
    ALWAYS,
    NEVER,
    AllOf,
    AnyOf,
    Condition,
    Node,
    Not,
    Related,
)
from larst.planning.reading.json_filters import JsonFilterReader
from larst.planning.reading.values import ValueReader
from larst.planning.reading.wheres import WhereReader
from tests.planning.reading.world import FIELDS, asked

_POSTS = FIELDS["posts"]


def _c(field: str, operator: str, value: object) -> Condition:
    return Condition(field, operator, value)


_DRAFT = _c("status", "", "draft")
_GT50 = _c("views", "gt", 50)
_USER_2 = Related("user", _c("name", "", "User 2"))


@pytest.mark.parametrize(
    ("value", "node"),
    [
        ({}, ALWAYS),
        ({"status": "draft"}, _DRAFT),
        ({"views": {"$gt": 50}}, _GT50),
        ({"views": {"gt": 50}}, _GT50),
        ({"views": {"_gt": 50}}, _GT50),
        ({"views": {">": 50}}, _GT50),
        ({"views_gt": 50}, _GT50),
        ({"views__gt": 50}, _GT50),
        ({"views": {"$gt": 50, "$lt": 60}}, AllOf((_GT50, _c("views", "lt", 60)))),
        ({"status": "draft", "views": {"$gt": 50}}, AllOf((_DRAFT, _GT50))),
        ({"$and": [{"status": "draft"}, {"views": {"$gt": 50}}]}, AllOf((_DRAFT, _GT50))),
        ({"$or": [{"status": "draft"}, {"views": {"$gt": 50}}]}, AnyOf((_DRAFT, _GT50))),
        ({"or": {"status": "draft", "views": {"gt": 50}}}, AnyOf((_DRAFT, _GT50))),
        ({"_or": [{"status": "draft"}]}, _DRAFT),
        ({"$nor": [{"status": "draft"}, {"views": 1}]}, Not(AnyOf((_DRAFT, _c("views", "", 1))))),
        ({"not": {"status": "draft"}}, _c("status", "ne", "draft")),
        ({"status": {"$not": {"$eq": "draft"}}}, _c("status", "ne", "draft")),
        ({"status": {"$ne": "draft"}}, _c("status", "ne", "draft")),
        ({"status": ["a", "b"]}, _c("status", "in", ["a", "b"])),
        ({"status": {"$in": ["a", "b"]}}, _c("status", "in", ["a", "b"])),
        ({"status": {"$in": []}}, NEVER),
        ({"status": {"$nin": []}}, ALWAYS),
        ({"status": {"$nin": ["a", "b"]}}, Not(_c("status", "in", ["a", "b"]))),
        ({"status": None}, AnyOf((_c("status", "", None), _c("status", "exists", False)))),
        ({"status": {"$exists": False}}, _c("status", "exists", False)),
        ({"title": {"$regex": "^P"}}, _c("title", "startswith", "P")),
        ({"title": {"$regex": "^p", "$options": "i"}}, _c("title", "istartswith", "p")),
        ({"title": {"like": "p", "options": "i"}}, _c("title", "icontains", "p")),
        ({"title": {"contains": "P", "mode": "insensitive"}}, _c("title", "contains", "P")),
        ({"tags": "a"}, _c("tags", "", "a")),
        ({"tags": {"$all": ["a", "b"]}}, AllOf((_c("tags", "", "a"), _c("tags", "", "b")))),
        ({"tags": {"$elemMatch": {"$eq": "a"}}}, _c("tags", "", "a")),
        ({"meta.lang": "de"}, _c("meta.lang", "", "de")),
        ({"meta": {"lang": "de"}}, _c("meta.lang", "", "de")),
        ({"meta": {"lang": {"$ne": "de"}}}, _c("meta.lang", "ne", "de")),
        ({"user_id": 2}, _c("userId", "", 2)),
        ({"user": {"name": "User 2"}}, _USER_2),
        ({"user": {"_some": {"name": "User 2"}}}, _USER_2),
        ({"user": {"_none": {"name": "User 2"}}}, Not(_USER_2)),
        ({"user": 2}, _c("userId", "", 2)),
        ({"user": {"$in": [2, 3]}}, _c("userId", "in", [2, 3])),
        ({"id": {"$oid": "5"}}, _c("id", "", "5")),
        (
            {"createdAt": {"$gte": {"$date": "2025-01-20"}}},
            _c("createdAt", "gte", "2025-01-20"),
        ),
        ({"q": "x"}, _c("*", "icontains", "x")),
        ({"$text": {"$search": "x"}}, _c("*", "icontains", "x")),
        (
            {"views": {"$between": [50, 60]}},
            AllOf((_c("views", "gte", 50), _c("views", "lte", 60))),
        ),
        ({"views": {"$or": [{"$lt": 1}, {"$gt": 50}]}}, AnyOf((_c("views", "lt", 1), _GT50))),
        ({"ids": [1, 2]}, _c("id", "in", [1, 2])),
        ({"year(createdAt)": {"_gt": 2024}}, _c("createdAt", "gte", "2025-01-01")),
        ([{"status": "draft"}, {"views": {"gt": 50}}], AllOf((_DRAFT, _GT50))),
    ],
)
def test_a_json_filter_is_a_tree_of_conditions(value: Json, node: Node) -> None:
    """Of MongoDB, LoopBack, Parse, react-admin, Directus, Sails and Prisma."""
    assert JsonFilterReader(_POSTS).read(value) == node


@pytest.mark.parametrize(
    "value",
    [
        5,
        "text",
        {"views": {"$gtt": 5}},
        {"views": {"_foo": 5}},
        {"views": {"$mod": [2, 0]}},
        {"tags": {"$size": 2}},
        {"views": {"$gt": None}},
        {"status": {"foo": 1}},
        {"q": {"a": 1}},
        {"user": {"__type": "Relation", "className": "User"}},
        {"loc": {"$near": [1, 2]}},
    ],
)
def test_a_json_filter_that_is_not_understood_is_refused(value: Json) -> None:
    """A part that was dropped would show other records."""
    with pytest.raises(QueryNotUnderstoodError):
        JsonFilterReader(_POSTS).read(value)


def test_an_operator_misspelt_is_named() -> None:
    """With the nearest that there is."""
    with pytest.raises(QueryNotUnderstoodError, match="did you mean between"):
        JsonFilterReader(_POSTS).read({"views": {"$betwen": [1, 2]}})


def test_a_filter_is_bounded() -> None:
    """In depth and in number."""
    deep: Json = {"status": "a"}
    for _ in range(30):
        deep = {"$and": [deep]}
    with pytest.raises(QueryNotUnderstoodError, match="too large"):
        JsonFilterReader(_POSTS).read(deep)
    with pytest.raises(QueryNotUnderstoodError, match="too large"):
        JsonFilterReader(_POSTS).read({"$or": [{"id": n} for n in range(3000)]})


def test_text_operators_of_json_server_1_ignore_case() -> None:
    """Its `_where` compares in lower case."""
    assert asked('/posts?_where={"title":{"contains":"POST"}}').where == _c(
        "title", "icontains", "POST"
    )
    assert asked('/posts?where={"title":{"contains":"POST"}}').where == _c(
        "title", "contains", "POST"
    )


def _where(value: Json) -> Node:
    reader = WhereReader(ValueReader(_POSTS), lambda *_: None)
    return reader.read_text(value if isinstance(value, str) else json.dumps(value))


@pytest.mark.parametrize(
    "value",
    [
        [{"field": "status", "operator": "eq", "value": "draft"}],
        [{"field": "status", "operator": "=", "value": "draft"}],
        [{"property": "status", "value": "draft"}],
        [{"name": "status", "op": "eq", "val": "draft"}],
        [{"column": "status", "operator": "equals", "value": "draft"}],
        [{"id": "status", "value": "draft"}],
        {"field": "status", "operator": "eq", "value": "draft"},
        {"logic": "and", "filters": [{"field": "status", "operator": "eq", "value": "draft"}]},
        {"status": {"value": "draft", "matchMode": "equals"}},
        ["status", "=", "draft"],
        [["status", "=", "draft"]],
        {"where": {"status": "draft"}},
        {"or": [{"name": "status", "op": "eq", "val": "draft"}]},
        {"status_eq": "draft"},
        "status||$eq||draft",
        "status||eq||draft",
        "status,eq,draft",
        "status:eq:draft",
        "status:draft",
        "status,draft",
        "status=draft",
        "status==draft",
        "status = 'draft'",
        "status eq 'draft'",
        '(status="draft")',
        "equals(status,'draft')",
        "eq(status,draft)",
    ],
)
def test_structures_and_texts_say_the_same(value: Json) -> None:
    """Of Kendo, DevExtreme, TanStack, PrimeNG, flask-restless, PHP-CRUD-API and others."""
    assert _where(value) == _DRAFT


@pytest.mark.parametrize(
    ("value", "node"),
    [
        (["!", ["status", "=", "draft"]], _c("status", "ne", "draft")),
        ([["status", "=", "draft"], "or", ["views", ">", 50]], AnyOf((_DRAFT, _GT50))),
        ([["status", "=", "draft"], ["views", ">", 50]], AllOf((_DRAFT, _GT50))),
        ([{"field": "status", "operator": "isnull"}],
         AnyOf((_c("status", "", None), _c("status", "exists", False)))),
        ([{"field": "status", "operator": "eq", "value": ""}], ALWAYS),
        ({"m": "or", "status_eq": "draft", "views_gt": 50}, AnyOf((_DRAFT, _GT50))),
        ("some words", _c("*", "icontains", "some words")),
    ],
)  # fmt: skip
def test_structures_join_and_negate(value: Json, node: Node) -> None:
    """A filter row without a value has no effect."""
    assert _where(value) == node


@pytest.mark.parametrize(
    "value",
    [
        [["status", "=", "draft"], "xor", ["views", ">", 5]],
        ["status", "foo", "draft", "bar"],
        [{"field": "status", "operator": "foo", "value": 1}],
        "status||$foo||1",
        "views gt",
        "views foo 5",
        '{"status"',
        [[[[[[[[[[[[[["status", "=", 1]]]]]]]]]]]]]],
    ],
)
def test_a_structure_that_is_not_understood_is_refused(value: Json) -> None:
    """And never taken as a text to search for."""
    with pytest.raises(QueryNotUnderstoodError):
        _where(value)


def test_a_field_wins_over_the_words_of_a_structure() -> None:
    """A resource that has `name` and `value` can be filtered by them."""
    fields = type(_POSTS)({"name", "value"})
    reader = WhereReader(ValueReader(fields), lambda *_: None)
    node = reader.read_text('{"name":"a","value":5}')
    assert node == AllOf((_c("name", "", "a"), _c("value", "", 5)))
