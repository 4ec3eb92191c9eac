"""A small session in memory: records, their fields, and an evaluator of questions about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from larst.domain import Json, Record
from larst.planning.reading.asked import (
    ANY_FIELD,
    AllOf,
    AnyOf,
    Asked,
    Condition,
    Node,
    Not,
    QueryReading,
    Related,
)
from larst.planning.reading.fields import Fields
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.query import read_query
from larst.store.query.comparing import MISSING, equality_test, is_number, json_text, parse_number
from larst.store.query.criteria import field_value
from larst.store.schema.learning import widen_schema

POSTS: list[Record] = [
    {
        "id": i,
        "title": f"Post {i}",
        "views": (i * 37) % 101,
        "status": "published" if i % 3 else "draft",
        "userId": 1 + (i % 5),
        "createdAt": f"2025-01-{i:02d}T10:00:00Z",
        "meta": {"lang": "en" if i % 2 else "de"},
        "tags": ["a", "b"] if i % 2 else ["b"],
    }
    for i in range(1, 31)
]
USERS: list[Record] = [
    {"id": k, "name": f"User {k}", "email": f"u{k}@example.com", "age": 13 + 7 * k}
    for k in range(1, 6)
]
COMMENTS: list[Record] = [
    {"id": k, "body": f"Comment {k}", "postId": 1 + (k - 1) % 3} for k in range(1, 11)
]
TASKS: list[Record] = [
    {
        "id": 1,
        "name": "Buy milk",
        "done": True,
        "due_date": "2025-02-01",
        "price": 1.5,
        "zip": "01",
    },
    {"id": 2, "name": "Call, then write", "done": False, "due_date": None, "price": 20, "zip": "2"},
    {"id": 3, "name": "", "done": False, "price": 300, "zip": "3", "owner": {"name": "Ann"}},
]
DATA: Mapping[str, list[Record]] = {
    "posts": POSTS,
    "users": USERS,
    "comments": COMMENTS,
    "tasks": TASKS,
}
_RELATIONS: Mapping[tuple[str, str], tuple[str, str, str]] = {
    # (resource, relation): (related resource, own field, its field)
    ("posts", "user"): ("users", "userId", "id"),
    ("posts", "users"): ("users", "userId", "id"),
    ("posts", "author"): ("users", "userId", "id"),
    ("posts", "comments"): ("comments", "id", "postId"),
    ("comments", "post"): ("posts", "postId", "id"),
    ("users", "posts"): ("posts", "id", "userId"),
}


def fields_of(resource: str) -> Fields:
    """Return what a session would know of a resource's fields."""
    schema: Any = None
    for record in DATA[resource]:
        schema = widen_schema(schema, record)

    def has_value(name: str, text: str) -> bool:
        return any(
            text in value if isinstance(value, list) else value == text
            for value in (field_value(record, name) for record in DATA[resource])
        )

    def related(name: str) -> Fields | None:
        link = _RELATIONS.get((resource, name))
        return None if link is None else fields_of(link[0])

    return Fields(frozenset(schema["properties"]), schema, has_value, related)


FIELDS = {resource: fields_of(resource) for resource in DATA}


def query_of(target: str) -> dict[str, tuple[str, ...]]:
    """Return the query of a target as the HTTP layer parses it."""
    query: dict[str, tuple[str, ...]] = {}
    for key, value in parse_qsl(target.partition("?")[2], keep_blank_values=True):
        query[key] = (*query.get(key, ()), value)
    return query


def read(target: str, *, is_change: bool = False, **options: Any) -> QueryReading:
    """Return the reading of a target such as `/posts?page=2`."""
    resource = target.partition("?")[0].strip("/").rpartition("/")[2]
    all_options = ReadingOptions(resource, is_change, **options)
    return read_query(query_of(target), FIELDS[resource], all_options)


def asked(target: str, **options: Any) -> Asked:
    """Return what a target asks for."""
    return read(target, **options).asked


def ids(target: str, **options: Any) -> list[Json]:
    """Return the ids of the records that a target asks for, in their order."""
    resource = target.partition("?")[0].strip("/").rpartition("/")[2]
    return [record["id"] for record in select(asked(target, **options), resource)]


def select(question: Asked, resource: str) -> list[Record]:
    """Return the records that are asked for."""
    records = [record for record in DATA[resource] if matches(question.where, record, resource)]
    for key in reversed(question.sort):
        name = key.removeprefix("-")
        records.sort(key=lambda record: _order(record, name), reverse=key.startswith("-"))
    if question.after is not None:
        place = [str(record["id"]) for record in records].index(question.after) + 1
        records = records[place:]
    if question.before is not None:
        place = [str(record["id"]) for record in records].index(question.before)
        records = records[max(0, place - (question.limit or place)) : place]
    end = None if question.limit is None else question.offset + question.limit
    return records[question.offset : end]


def _order(record: Record, name: str) -> tuple[int, Any]:
    value = field_value(record, name)
    return (0, "") if value is MISSING or value is None else (1, value)


def matches(node: Node, record: Record, resource: str = "posts") -> bool:
    """Return whether a record meets a node."""
    match node:
        case AllOf(nodes):
            return all(matches(child, record, resource) for child in nodes)
        case AnyOf(nodes):
            return any(matches(child, record, resource) for child in nodes)
        case Not(inner):
            return not matches(inner, record, resource)
        case Related(relation, inner):
            other, own, key = _RELATIONS[resource, relation]
            return any(
                candidate[key] == record[own] and matches(inner, candidate, other)
                for candidate in DATA[other]
            )
        case Condition(field, operator, value):
            return _meets(field, operator, value, record)


def _meets(field: str, operator: str, value: Json, record: Record) -> bool:
    if field == ANY_FIELD:
        return any(_test(operator, value, item) for item in _leaves(record))
    stored = field_value(record, field)
    if operator == "exists":
        return (stored is not MISSING) is value
    if operator == "ne":
        return not _equal_to(value, stored)
    if operator == "in":
        return any(_equal_to(item, stored) for item in value)
    if operator == "":
        return _equal_to(value, stored)
    items = stored if isinstance(stored, list) else [stored]
    return any(_test(operator, value, item) for item in items)


def _equal_to(operand: Json, stored: Json) -> bool:
    test = equality_test(operand)
    return test(stored) or (isinstance(stored, list) and any(map(test, stored)))


def _test(operator: str, operand: Json, stored: Json) -> bool:
    if operator in ("gt", "gte", "lt", "lte"):
        number = parse_number(operand)
        low, high = (stored, number) if is_number(stored) else (stored, operand)
        if type(low) is not type(high) and not (is_number(low) and is_number(high)):
            return False
        tests = {"gt": low > high, "gte": low >= high, "lt": low < high}
        return bool(tests.get(operator, low <= high))
    if not isinstance(stored, str) and not is_number(stored):
        return False
    text, needle = json_text(stored), json_text(operand)
    if operator[0] == "i":
        text, needle, operator = text.casefold(), needle.casefold(), operator[1:]
    if operator == "like":
        pattern = ".*".join(map(re.escape, needle.split("*")))
        return re.fullmatch(pattern, text, re.DOTALL) is not None
    tests = {
        "contains": needle in text,
        "startswith": text.startswith(needle),
        "endswith": text.endswith(needle),
        "exact": text == needle,
    }
    return bool(tests[operator])


def _leaves(value: Json) -> list[Json]:
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return [leaf for item in items for leaf in _leaves(item)]
    return [value]
