"""What a reading knows of fields, and how clients may spell them."""

from __future__ import annotations

import pytest

from larst.planning.reading.fields import Fields
from tests.planning.reading.world import FIELDS

_POSTS = FIELDS["posts"]
_TASKS = FIELDS["tasks"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("title", "title"), ("Title", "title"), ("user_id", "userId"), ("user-id", "userId"),
        ("USERID", "userId"), ("user", "userId"), ("created", "createdAt"), ("_id", "id"),
        ("created_at", "createdAt"), ("meta.lang", "meta.lang"), ("Meta.lang", "meta.lang"),
        ("pk", "id"), ("objectId", "id"), ("nope", None), ("meta.nope", None), ("", None),
    ],
)  # fmt: skip
def test_a_name_is_resolved_to_the_learned_spelling(name: str, expected: str | None) -> None:
    """Of styles, aliases of the id, and names without their ending."""
    assert _POSTS.resolve(name) == expected


def test_two_fields_alike_are_not_confused() -> None:
    """`userId` and `user_id` in one resource are two fields."""
    fields = Fields({"userId", "user_id", "createdAt", "createdOn", "isDone"})
    assert fields.resolve("userId") == "userId"
    assert fields.resolve("userID") is None
    assert fields.resolve("user") is None
    assert fields.resolve("created") is None
    assert fields.resolve("done") == "isDone"


@pytest.mark.parametrize(
    ("path", "is_known", "may_be"),
    [
        ("title", True, True), ("meta.lang", True, True), ("meta.nope", False, False),
        ("status.nope", False, False), ("nope", False, False), ("id", True, True),
        ("user.name", True, True), ("nope.name", False, False), ("tags.nope", False, False),
    ],
)  # fmt: skip
def test_known_and_possible_fields(path: str, is_known: bool, may_be: bool) -> None:
    """A path into something that holds no object was never there."""
    assert _POSTS.knows(path) is is_known
    assert _POSTS.may_have(path) is may_be


def test_everything_is_possible_where_nothing_was_learned() -> None:
    """Before the first record, and where a schema is not complete."""
    assert Fields().may_have("anything")
    open_schema = {"properties": {"a": {"type": "object", "additionalProperties": True}}}
    fields = Fields({"a"}, open_schema)
    assert fields.knows("a.b")
    assert not fields.knows("b")
    assert Fields({"a"}, {**open_schema, "additionalProperties": True}).may_have("b")


def test_kinds_of_values() -> None:
    """A condition on a list compares its items."""
    assert _POSTS.value_kinds("tags") == {"string"}
    assert _POSTS.kinds("tags") == {"array"}
    assert _POSTS.is_numeric("views")
    assert not _POSTS.is_numeric("title")
    assert _TASKS.value_kinds("due_date") == {"string"}
    assert _TASKS.kinds("nope") == frozenset()


def test_dates() -> None:
    """By the learned format, else by name."""
    assert _POSTS.is_date("createdAt")
    assert _POSTS.has_times("createdAt")
    assert _TASKS.is_date("due_date")
    assert not _TASKS.has_times("due_date")
    assert not _POSTS.is_date("title")
    assert Fields({"updated_at"}).is_date("updated_at")
    assert _POSTS.date_field() == "createdAt"
    assert Fields({"createdAt", "updatedAt"}).date_field() == "createdAt"
    assert Fields({"startsAt", "endsAt"}).date_field() is None


def test_relations() -> None:
    """A field wins over a relation of the same name."""
    assert _POSTS.relation_of("user.name") == ("user", "name")
    assert _POSTS.relation_of("comments_via_postId.body") == ("comments", "body")
    assert _POSTS.relation_of("meta.lang") is None
    assert _POSTS.relation_of("user") is None
