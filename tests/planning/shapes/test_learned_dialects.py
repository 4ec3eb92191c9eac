"""A learned dialect forms replies; it decides neither how a query is read nor what changes."""

from __future__ import annotations

import pytest

from larst.dialects import DIALECTS
from larst.domain import Record, RequestContext
from larst.planning.reading.request import ReadingSettings
from tests.fakes import request
from tests.planning.sessions import answer_of, session_of, shaped_of

_RECORDS: dict[str, list[Record]] = {
    "posts": [{"title": f"Post {n}", "views": n, "user_id": 1} for n in range(1, 60)],
    "users": [{"name": "Ann"}],
    "db": [{"note": "a resource of its own"}],
}
_REQUESTS = [
    request("GET", "/posts?page=1"),
    request("GET", "/posts?page=2"),
    request("GET", "/posts?title=Post"),
    request("GET", "/posts?filter[title]=ost 3"),
    request("GET", "/posts?views=1,2"),
    request("GET", "/users/1/posts?q=post"),
    request("GET", "/db"),
    request("DELETE", "/posts?title=Post 3"),
    request("DELETE", "/posts?filter[title]=ost"),
    request("DELETE", "/posts?titel=x"),
    request("DELETE", "/users/1"),
    request("POST", "/posts/1", b'{"title": "x"}'),
    request("POST", "/posts", b'{"views+": 1, "data": {"title": "x"}}'),
    request("PATCH", "/posts/1", b'{"views+": 1}'),
    request("PATCH", "/posts/1", b'{"data": {"title": "x"}}'),
]


def _effect(context: RequestContext, settings: ReadingSettings) -> object:
    """Return what a request asks for, and the records after it."""
    session = session_of(_RECORDS)
    try:
        shaped = shaped_of(context, session, settings)
        answer_of(context, session, settings)
    except Exception as error:  # noqa: BLE001 - a refusal is a part of the effect
        return repr(error)
    after = {name: session.matching(name, {}) for name in session.names()}
    return shaped.path, shaped.request, shaped.reading.asked, after


@pytest.mark.parametrize("context", _REQUESTS, ids=lambda sent: f"{sent.method} {sent.path}")
@pytest.mark.parametrize("learned", sorted(DIALECTS))
def test_a_learned_dialect_changes_no_effect(learned: str, context: RequestContext) -> None:
    """Another client of the session taught it; this one never heard of it."""
    settings = ReadingSettings(learned=learned)
    assert _effect(context, settings) == _effect(context, ReadingSettings())


def test_the_dialect_that_was_set_reads_queries() -> None:
    """An operator, or the request itself, decides; only then does Spring's page 1 come second."""
    session = session_of(_RECORDS)
    context = request("GET", "/posts?page=1")
    spring = shaped_of(context, session, ReadingSettings(dialect="spring")).reading.asked
    assert (spring.offset, spring.limit) == (20, 20)
