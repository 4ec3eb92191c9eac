"""JSON:API documents that contradict the path are refused, as the specification has it."""

from __future__ import annotations

import json

import pytest

from larst.domain import Json
from larst.errors import DocumentConflictError
from tests.fakes import request
from tests.planning.sessions import answer_of, session_of

_MEDIA_TYPE = "application/vnd.api+json"
_RECORDS: dict[str, list[dict[str, Json]]] = {
    "blog-posts": [{"id": 1, "title": "a"}, {"id": 2, "title": "b"}, {"id": "x", "title": "c"}],
    "comments": [{"id": 1, "blog_post_id": 1}],
}


def _send(method: str, target: str, **data: Json) -> int:
    body = json.dumps({"data": {"attributes": {"title": "new"}, **data}}).encode()
    headers = {"content-type": _MEDIA_TYPE}
    sent = request(method, target, body, _MEDIA_TYPE, headers=headers)
    return answer_of(sent, session_of(_RECORDS)).status


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize(
    ("target", "data"),
    [
        ("/blog-posts/1", {"type": "blog-posts", "id": "2"}),
        ("/blog-posts/1", {"type": "blog-posts", "id": "x"}),
        ("/blog-posts/1", {"type": "comments", "id": "1"}),
        ("/blog-posts/1", {"type": "authors"}),
        ("/blog-posts/1/comments/1", {"type": "blog-posts", "id": "1"}),
    ],
)
def test_a_document_of_another_record_is_a_conflict(
    method: str, target: str, data: dict[str, Json]
) -> None:
    """The client meant one record and addressed another; either could be the mistake."""
    with pytest.raises(DocumentConflictError):
        _send(method, target, **data)


@pytest.mark.parametrize(
    ("target", "type"), [("/blog-posts", "comments"), ("/blog-posts/1/comments", "blog-posts")]
)
def test_a_new_resource_of_another_type_is_a_conflict(target: str, type: str) -> None:
    with pytest.raises(DocumentConflictError):
        _send("POST", target, type=type)


@pytest.mark.parametrize(
    ("method", "target", "data"),
    [
        ("PATCH", "/blog-posts/1", {"type": "blog-posts", "id": "1"}),
        ("PATCH", "/blog-posts/1", {"type": "BlogPost", "id": 1}),
        ("PATCH", "/blog-posts/1", {"type": "node--blog_posts", "id": "1"}),
        ("PATCH", "/blog-posts/x", {"type": "blog-posts", "id": "x"}),
        ("PATCH", "/blog-posts/1", {"type": "blog-posts"}),
        ("POST", "/blog-posts", {"type": "blog-posts"}),
        ("POST", "/blog-posts", {"type": "blog-posts", "id": "9"}),
        ("POST", "/blog-posts/1/comments", {"type": "comments"}),
    ],
)
def test_a_document_of_the_same_record_is_taken(
    method: str, target: str, data: dict[str, Json]
) -> None:
    """Types differ from paths in number, case, separators and namespaces."""
    assert _send(method, target, **data) in (200, 201)


def test_a_missing_record_is_missing_whatever_the_document_says() -> None:
    assert _send("PATCH", "/blog-posts/7", type="blog-posts", id="8") == 404
