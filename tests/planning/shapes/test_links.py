"""How the records of a path belong together: by the fields that the session has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from larst.domain import Record
from larst.errors import NoRuleError
from larst.planning.shapes.links import Many
from larst.planning.shapes.rest_path import RestPath
from larst.policy import PolicyLimits, check
from larst.store.session_data import SessionData
from tests.fakes import request
from tests.planning.sessions import plan_of, session_of, shaped_of

USERS: list[Record] = [{"id": 1, "name": "A"}]
ROLES: list[Record] = [{"id": 1, "label": "a"}]
PATHS = (
    "/profile",
    "/profile/name",
    "/settings",
    "/posts/latest?limit=2",
    "/posts/latest",
    "/posts/1/title",
    "/posts/1/items",
    "/posts/1/items/2",
    "/posts/1/extra",
    "/posts/1/tags/1",
    "/posts/1/tags",
    "/users/1/posts/1/tags/1",
    "/comments/1/post",
    "/users/1/roles/1",
    "/users/1/roles",
    "/db",
)


def facts(
    method: str, path: str, body: bytes = b"", records: Mapping[str, Sequence[Record]] | None = None
) -> Any:
    """Return the facts of a request in a session with these records."""
    return shaped_of(request(method, path, body), session_of(records)).facts


@pytest.mark.parametrize("link", ["postId", "post_id", "post", "postID", "PostId", "POST_ID"])
def test_a_link_is_any_field_that_names_the_parent(link: str) -> None:
    seen_facts = facts("GET", "/posts/1/comments", records={"comments": [{"id": 1, link: 1}]})

    assert seen_facts["links"] == {"comments": [link]}


def test_an_embedded_object_of_that_name_does_not_link() -> None:
    seen_facts = facts(
        "GET", "/posts/1/comments", records={"comments": [{"id": 1, "post": {"id": 1}}]}
    )

    assert seen_facts["links"] == {"comments": ["post_id"]}


def test_the_body_decides_where_no_record_does() -> None:
    assert facts("POST", "/posts/1/notes", b'{"postId":1}')["links"] == {"notes": ["postId"]}
    assert facts("POST", "/posts/1/notes", b'{"post":1}')["links"] == {"notes": ["post"]}
    assert facts("POST", "/posts/1/notes", b'{"post":"text"}')["links"] == {"notes": ["post_id"]}


def test_another_spelling_in_the_body_is_an_alias() -> None:
    records = {"comments": [{"id": 1, "postId": 1}]}
    seen_facts = facts("POST", "/posts/1/comments", b'{"post_id":1}', records)

    assert seen_facts["links"] == {"comments": ["postId"]}
    assert seen_facts["aliases"] == {"comments": ["post_id"]}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"users": [{"id": 1, "roleIds": [1]}]}, Many("parent", "roleIds")),
        ({"users": [{"id": 1, "role_ids": []}]}, Many("parent", "role_ids")),
        ({"users": [{"id": 1, "roles": ["1"]}]}, Many("parent", "roles")),
        ({"roles": [{"id": 1, "users": [1]}]}, Many("child", "users")),
        (
            {"memberships": [{"id": 1, "userId": 1, "roleId": 1, "since": 1}]},
            Many("join", "roleId", "memberships", "userId"),
        ),
        ({"users": [{"id": 1, "roleId": 1}]}, Many("one", "roleId")),
    ],
)
def test_a_link_may_be_held_elsewhere(records: dict[str, list[Record]], expected: Many) -> None:
    seen_facts = facts("GET", "/users/1/roles", records={"users": USERS, "roles": ROLES, **records})

    assert Many(*seen_facts["many"]["roles"]) == expected


@pytest.mark.parametrize(
    "records",
    [
        {},
        {"roles": [{"id": 1, "userId": 1}]},
        {"orders": [{"id": 1, "userId": 1, "roleId": 1, "a": 1, "b": 1, "c": 1}]},
        {"users": [{"id": 1, "roleNames": ["a"]}]},
        {"users": [{"id": 1, "roles": [{"id": 1}]}]},
    ],
)
def test_other_fields_do_not_link(records: dict[str, list[Record]]) -> None:
    seen_facts = facts("GET", "/users/1/roles", records={"users": USERS, "roles": ROLES, **records})

    assert "many" not in seen_facts


@pytest.mark.parametrize(
    ("method", "path", "body", "flag"),
    [
        ("GET", "/profile", b"", "is_singleton"),
        ("PUT", "/settings", b'{"a":1}', "is_singleton"),
        ("GET", "/posts/latest", b"", "is_latest"),
        ("GET", "/posts/count", b"", "is_count"),
        ("GET", "/db", b"", "is_database"),
        ("GET", "/comments/1/post", b"", "is_to_one"),
        ("GET", "/posts/1,2", b"", "is_list_of_ids"),
    ],
)
def test_special_paths_are_marked(method: str, path: str, body: bytes, flag: str) -> None:
    meaning = shaped_of(request(method, path, body), linked_session()).path

    assert isinstance(meaning, RestPath)
    assert getattr(meaning, flag)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"a":1}', b"[]", b"5"])
@pytest.mark.parametrize("path", PATHS)
def test_every_program_passes_the_policy(method: str, body: bytes, path: str) -> None:
    """A plan that the policy refuses is an error of the service."""
    shaped = shaped_of(request(method, path, body), linked_session())

    try:
        plan = plan_of(shaped)
    except NoRuleError:
        return
    check(plan.code.block, PolicyLimits())


def linked_session() -> SessionData:
    """Return a session with a singleton, fields with paths, and links of every kind."""
    return session_of(
        {
            "profile": [{"id": "@singleton", "name": "x"}],
            "posts": [{"id": 1, "title": "P", "userId": 1, "items": [{"id": 2}], "tagIds": [1]}],
            "comments": [{"id": 1, "postId": 1}],
            "users": USERS,
            "roles": ROLES,
            "tags": [{"id": 1}],
            "user_roles": [{"id": 1, "userId": 1, "roleId": 1}],
        }
    )
