"""What the programs of the rules refuse to change, and what they say of it."""

from __future__ import annotations

import json

import pytest

from larst.domain import Json
from tests.fakes import request
from tests.planning.sessions import answer_of, session_of

_POSTS: list[dict[str, Json]] = [
    {"id": 1, "status": "draft"},
    {"id": 2, "status": "draft"},
    {"id": "x", "status": "old"},
]


@pytest.mark.parametrize("target", ["/posts?status=draft", "/posts/1,2", "/posts?status=none"])
@pytest.mark.parametrize("body", [{}, {"id": 9}, {"id": None}])
def test_a_bulk_patch_that_names_no_field_is_refused(target: str, body: Json) -> None:
    """`updated: 2` would say that something happened."""
    session = session_of({"posts": _POSTS})
    answer = answer_of(request("PATCH", target, json.dumps(body).encode()), session)
    assert (answer.status, answer.body["error"]) == (400, "no change")


@pytest.mark.parametrize("id", [9, 1, "1", 0])
def test_a_bulk_patch_cannot_change_an_id(id: Json) -> None:
    session = session_of({"posts": _POSTS})
    body = json.dumps({"id": id, "status": "new"}).encode()
    answer = answer_of(request("PATCH", "/posts?status=draft", body), session)
    assert (answer.status, answer.body["error"]) == (400, "bad id")
    assert session.matching("posts", {"status": "new"}) == []


@pytest.mark.parametrize(
    ("target", "id"),
    [("/posts?id=1", 1), ("/posts?id=1", "1"), ("/posts?status=old", "x"), ("/posts?id=1", None)],
)
def test_a_bulk_patch_may_name_the_id_of_its_only_record(target: str, id: Json) -> None:
    session = session_of({"posts": _POSTS})
    body = json.dumps({"id": id, "status": "new"}).encode()
    assert answer_of(request("PATCH", target, body), session).body == {"updated": 1}
    assert len(session.matching("posts", {"status": "new"})) == 1


@pytest.mark.parametrize(
    ("method", "body"), [("PUT", b"5"), ("PATCH", b"5"), ("DELETE", b""), ("PATCH", b'{"a": 1}')]
)
def test_the_path_of_an_id_cannot_be_written(method: str, body: bytes) -> None:
    """The store keeps the id; an answer of 200 with the new one would be wrong."""
    session = session_of({"posts": _POSTS})
    answer = answer_of(request(method, "/posts/1/id", body), session)
    assert (answer.status, answer.body["error"]) == (400, "bad id")
    assert answer_of(request("GET", "/posts/1/id"), session).body == 1
    assert session.matching("posts", {}) == _POSTS


@pytest.mark.parametrize("id", [1, "1"])
def test_a_patch_of_a_record_may_name_its_own_id(id: Json) -> None:
    session = session_of({"posts": _POSTS})
    body = json.dumps({"id": id, "status": "new"}).encode()
    answer = answer_of(request("PATCH", "/posts/1", body), session)
    assert (answer.status, answer.body) == (200, {"id": 1, "status": "new"})
