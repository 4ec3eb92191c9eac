"""Replies in JSON as pages, for browsers that prefer HTML.

A thin adapter between aiohttp and the page. Must never change a reply that a program wrote in
another media type, nor one to a client that takes JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import orjson
from aiohttp import web
from multidict import CIMultiDict

from larst import actors
from larst.domain import Json
from larst.errors import LarstError
from larst.http.access import ROUTE_TABLE, Access
from larst.http.ingress import INGRESS
from larst.http.keys import ACCESS, ANSWER, TRACE
from larst.http.pages.replies.links import page_queries, wants_json
from larst.http.pages.replies.page import reply_page
from larst.http.pages.replies.view import Neighbours, View, neighbours_of
from larst.http.presentation import prefers_page
from larst.http.session_prefix import split_target
from larst.planning.shapes import RestPath

CONSOLE = "/_larst/"
"""The path of the console, if the service has one."""

MAX_BODY_BYTES = 2 << 20
"""A longer reply is not parsed; its page only says how long it is."""

_THREAD_FROM_BYTES = 32 * 1024
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_OF_JSON = ("Content-Type", "Content-Length", "ETag", "Last-Modified", "Content-Range")
_WITH_WAYS_ON = frozenset({400, 404, 405, 406, 409, 410, 422, 501})
"""The errors whose page lists the session's resources: the client asked for something else."""

_NOTES = ("X-LARST-Hint", "X-LARST-Schema-Drift")


async def as_page(
    request: web.Request, response: web.StreamResponse, access: Access
) -> web.StreamResponse:
    """Return the page of a reply if the client prefers one, or else the reply.

    Planned requests have pages, and every error has one.
    """
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    is_planned = access is Access.PLANNED
    if not (is_planned or response.status >= 400) or not _is_json(response):
        return response
    if not prefers_page(request.method, request.headers.get("Accept", "")):
        return response
    if wants_json(request.query.items()):
        return response
    view = await _view(request, response, response.body, is_planned=is_planned)
    if len(response.body) < _THREAD_FROM_BYTES:
        html = reply_page(view)
    else:
        html = await asyncio.to_thread(reply_page, view)
    headers: CIMultiDict[str] = CIMultiDict(response.headers)
    for name in _OF_JSON:
        headers.popall(name, None)
    headers["Content-Security-Policy"] = _POLICY
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cache-Control"] = "private, no-cache"
    headers["Content-Type"] = "text/html; charset=utf-8"
    return web.Response(
        status=response.status, headers=headers, body=html.encode("utf-8", "replace")
    )


def _is_json(response: web.Response) -> bool:
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    is_file = "Content-Disposition" in response.headers
    return not is_file and (media_type == "application/json" or media_type.endswith("+json"))


async def _view(
    request: web.Request, response: web.Response, raw: bytes, *, is_planned: bool
) -> View:
    answer, trace, headers = request.get(ANSWER), request[TRACE], response.headers
    prefix, target = _split(request)
    rest_path: RestPath | None = None
    sort: tuple[str, ...] = ()
    offset = 0
    if answer is not None and answer.is_by_rules and isinstance(answer.path, RestPath):
        rest_path, offset = answer.path, answer.offset
        if answer.reading is not None:
            sort = answer.reading.asked.sort
    total = headers.get("X-Total-Count", "")
    body = await _parsed(raw)
    may_look = is_planned and (response.status < 400 or response.status in _WITH_WAYS_ON)
    return View(
        status=response.status,
        body=len(raw) if body is None else body[0],
        prefix=prefix,
        path=target,
        raw_query=request.rel_url.raw_query_string,
        session_id=trace.session_id,
        request_id=trace.request_id,
        has_console=request.app[ROUTE_TABLE].serves(CONSOLE),
        rest_path=rest_path,
        is_record=rest_path is not None and _names_record(rest_path),
        total=int(total) if total.isascii() and total.isdecimal() else None,
        offset=offset,
        sort=sort,
        pages=page_queries(headers.get("Link", "")),
        notes=[headers[name] for name in _NOTES if name in headers],
        neighbours=await _neighbours(request, rest_path) if may_look else Neighbours(),
        is_too_long=body is None,
    )


async def _parsed(raw: bytes) -> tuple[Json] | None:
    """Return the value of a body; None if it is too long for a page."""
    if len(raw) > MAX_BODY_BYTES:
        return None
    if len(raw) < _THREAD_FROM_BYTES:
        return (orjson.loads(raw or b"null"),)
    return (await asyncio.to_thread(orjson.loads, raw),)


async def _neighbours(request: web.Request, rest_path: RestPath | None) -> Neighbours:
    """Return what the session knows; nothing if it cannot say, because the reply has been made."""
    access, session_id = request.get(ACCESS), request[TRACE].session_id
    if access is None or session_id is None:
        return Neighbours()
    work = partial(neighbours_of, resource=None if rest_path is None else rest_path.resource)
    key = access.tenant.key_of(session_id)
    with contextlib.suppress(LarstError, actors.ActorError):
        return await request.app[INGRESS].sessions.run_on_store(key, work, keeps_awake=False)
    return Neighbours()


def _split(request: web.Request) -> tuple[str, str]:
    """Return the prefix that names the session, and the decoded path behind it."""
    try:
        prefix = split_target(request.rel_url.raw_path).prefix
    except LarstError:  # the error that the page reports
        return "", request.path
    return prefix, request.path.removeprefix(prefix) or "/"


def _names_record(path: RestPath) -> bool:
    is_other = path.is_latest or path.is_list_of_ids or path.field is not None
    return path.identifier is not None and not is_other
