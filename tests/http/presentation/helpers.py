"""Replies of the rules, presented without a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import orjson

from larst.dialects import DIALECTS
from larst.domain import NO_BODY, Json, Reply, RequestContext
from larst.http.presentation import Place, present
from larst.planning.reading.asked import Asked
from larst.planning.reading.request import Reading
from larst.planning.shapes import RestPath
from larst.session import SessionReply

TOTAL = 30
ADDRESS = "http://api.test"
POSTS = RestPath(prefix="", resource="posts")
POST = RestPath(prefix="", resource="posts", identifier=1)
ANN: dict[str, Json] = {"id": 1, "name": "Ann"}
PAGE_2 = Asked(limit=10, offset=10, page=2)


def request_of(
    method: str = "GET", query: str = "", headers: Mapping[str, str] | None = None
) -> RequestContext:
    """Return a request for /posts."""
    return RequestContext(
        method=method,
        path="/posts",
        segments=("posts",),
        query={key: tuple(values) for key, values in parse_qs(query).items()},
        headers=headers or {},
        body=NO_BODY,
        client_ip="127.0.0.1",
        session_id="one",
        request_id="r",
    )


def listed(
    dialect: str = "larst",
    asked: Asked = PAGE_2,
    *,
    method: str = "GET",
    length: int = 10,
    offset: int = 10,
    query: str = "page=2&limit=10",
    headers: Mapping[str, str] | None = None,
    embeds: Mapping[str, str] | None = None,
    items: list[dict[str, Json]] | None = None,
    total: int = TOTAL,
) -> Reply:
    """Return the reply to a list of posts: page 2 of 3, unless `asked` says otherwise."""
    items = [{"id": offset + n + 1} for n in range(length)] if items is None else items
    page = {"total": total, "limit": asked.limit, "offset": offset}
    counts = {"X-Total-Count": str(total), "X-LARST-Length": str(len(items))}
    answer = SessionReply(
        reply=Reply(200, orjson.dumps({"items": items, "page": page}), counts),
        reading=Reading(asked, DIALECTS[dialect], source="request"),
        path=POSTS,
        action="list",
        is_by_rules=True,
        offset=offset,
        embeds=embeds or {},
    )
    request = request_of(method, query, headers)
    return present(answer, request, lambda: Place(ADDRESS, "/posts", query))


def answered(
    dialect: str,
    action: str,
    reply: Reply,
    *,
    method: str,
    path: RestPath = POST,
    headers: Mapping[str, str] | None = None,
    **of_reading: Any,
) -> Reply:
    """Return the reply to a request that is not a list; further arguments go to its reading."""
    reading = Reading(dialect=DIALECTS[dialect], **{"source": "request", **of_reading})
    answer = SessionReply(reply=reply, reading=reading, path=path, action=action, is_by_rules=True)
    return present(answer, request_of(method, "", headers), lambda: Place(ADDRESS, "/posts/1", ""))


def as_json(value: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Return the reply of a program."""
    return Reply(status, orjson.dumps(value), headers or {})


def body(reply: Reply) -> Any:
    """Return the parsed body."""
    return None if reply.body is None else orjson.loads(reply.body)


def links(reply: Reply) -> dict[str, dict[str, str]]:
    """Return the query of each URL in the header Link, by its relation."""
    parsed: dict[str, dict[str, str]] = {}
    for part in reply.headers["Link"].split(", "):
        url, _, relation = part.partition("; ")
        assert url.startswith(f"<{ADDRESS}/posts?")
        parsed[relation[5:-1]] = dict(parse_qsl(urlsplit(url[1:-1]).query))
    return parsed
