"""The control API for recordings, below `/_larst/sessions/{id}`: switch, list, await, clear.

A recording exists in memory only, so these work for sessions without data, too. Must never wait
without a bound.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias
from urllib.parse import parse_qs

import orjson
from aiohttp import web

from larst.errors import BadRequestError
from larst.http.control.guards import choice_in_query, json_body, number_in_query
from larst.http.control.named_session import session_key
from larst.http.control.parameters import (
    AT_PATH,
    RECORDED_COUNT,
    RECORDED_LIMIT,
    RECORDED_OFFSET,
    RECORDED_STATUS,
    REQUEST_METHOD,
    WAIT,
)
from larst.http.control.requests import encodable
from larst.http.keys import TRACE
from larst.http.path_patterns import PathPattern
from larst.http.problems import Problem
from larst.http.recorder import recording_state
from larst.http.responses import json_response, problem_response
from larst.telemetry.requests import RecordedBody, RecordedRequest, Recording, Recordings

MAX_WAIT_S = 60.0
MAX_WAITING = 100
"""Requests of the control API that wait at the same time; more get 503."""

_DURATION = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)(ms|s)?")
_STATUS = re.compile(r"[1-5](?:xx|\d\d)")

Filter: TypeAlias = Callable[[RecordedRequest], bool]


@dataclass(frozen=True, slots=True)
class _Query:
    """What a request of the control API asks for."""

    admits: Filter
    limit: int
    offset: int
    count: int
    wait_s: float


class RecordingControl:
    """Handles the requests for `requests` and `recording` of a session.

    `waiting`: how many of them wait for more recorded requests.
    """

    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings
        self.waiting = 0

    async def list(self, request: web.Request) -> web.Response:
        """Return the recorded requests of a session, in the order of their arrival.

        With `wait`, as soon as there are `count` of them, or as many as there are by then.

        Raises:
            BadRequestError: a query value is not allowed.
        """
        key, query = session_key(request), _query(request)
        recording = self._recordings.find(key)
        if query.wait_s and not _is_enough(recording, query):
            if self.waiting >= MAX_WAITING:
                return _too_many(request)
            self.waiting += 1
            try:
                recording = await self._recordings.wait(
                    key, lambda recording: _is_enough(recording, query), query.wait_s
                )
            finally:
                self.waiting -= 1
        matches = [item for item in recording.requests() if query.admits(item)]
        # In a thread: all bodies together may be megabytes.
        body = await asyncio.to_thread(_page, matches, query, recording)
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    async def clear(self, request: web.Request) -> web.Response:
        """Forget the recorded requests; the session stays recorded."""
        self._recordings.clear(session_key(request))
        return web.Response(status=204)

    async def show(self, request: web.Request) -> web.Response:
        """Return whether a session is recorded."""
        return self._state(request)

    async def put(self, request: web.Request) -> web.Response:
        """Begin or end to record a session, which may have no data yet.

        Raises:
            BadRequestError: the body is not {"recording": "on"} or {"recording": "off"}.
        """
        body = await json_body(request)
        word = body.get("recording") if isinstance(body, dict) and len(body) == 1 else None
        is_on = recording_state(word, 'the body is {"recording":"on"} or "off": recording')
        self._recordings.switch(session_key(request), is_on=is_on)
        return self._state(request)

    def _state(self, request: web.Request) -> web.Response:
        key = session_key(request)
        recording = self._recordings.find(key)
        return json_response(
            {
                "recording": "on" if self._recordings.covers(key) else "off",
                "requests": len(recording.requests()),
                "dropped": recording.dropped,
            }
        )


def _query(request: web.Request) -> _Query:
    wait, count = request.query.get(WAIT.name), number_in_query(request, RECORDED_COUNT)
    return _Query(
        admits=_filter(request),
        limit=number_in_query(request, RECORDED_LIMIT),
        offset=number_in_query(request, RECORDED_OFFSET),
        count=count,
        wait_s=0.0 if wait is None else _wait_s(wait),
    )


def _wait_s(text: str) -> float:
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else MAX_WAIT_S + 1
    if seconds > MAX_WAIT_S:
        raise BadRequestError(
            f"wait must be a time such as 500ms or 2s, at most {MAX_WAIT_S:.0f}s: send it again to"
            " wait longer"
        )
    return seconds


def _filter(request: web.Request) -> Filter:
    method = choice_in_query(request, REQUEST_METHOD)
    path = request.query.get(AT_PATH.name)
    pattern = None if path is None else PathPattern.parse(path)
    status = request.query.get(RECORDED_STATUS.name)
    if status is not None and not _STATUS.fullmatch(status):
        raise BadRequestError("status must be a status such as 201, or a class such as 4xx")
    digits = (status or "").removesuffix("xx")

    def admits(request: RecordedRequest) -> bool:
        return (
            method in (None, request.method)
            and (pattern is None or pattern.matches(request.path))
            and str("" if request.reply is None else request.reply.status).startswith(digits)
        )

    return admits


def _is_enough(recording: Recording, query: _Query) -> bool:
    return sum(map(query.admits, recording.requests())) >= query.count


def _too_many(request: web.Request) -> web.Response:
    detail = f"{MAX_WAITING} requests wait for recorded requests already; try again later"
    problem = Problem(503, "too many waits", detail, {"Retry-After": "1"})
    return problem_response(request, problem, request[TRACE].request_id)


def _page(matches: Sequence[RecordedRequest], query: _Query, recording: Recording) -> bytes:
    items = [_as_json(item) for item in matches[query.offset : query.offset + query.limit]]
    page = {"total": len(matches), "limit": query.limit, "offset": query.offset}
    state = "on" if recording.is_on else "off"
    body = {"items": items, "page": page, "recording": state, "dropped": recording.dropped}
    return orjson.dumps(body)


def _as_json(request: RecordedRequest) -> dict[str, object]:
    at = datetime.fromtimestamp(request.at_s, UTC).isoformat(timespec="milliseconds")
    reply = request.reply
    return {
        "number": request.number,
        "id": request.request_id,
        "at": at,
        "ms": round(request.ms, 2),
        "method": request.method,
        "path": encodable(request.path),
        "query": encodable(request.query),
        "parameters": parse_qs(request.query, keep_blank_values=True, errors="replace"),
        "headers": encodable(dict(request.headers)),
        **_body(request.body),
        "fault": request.fault,
        "reply": None
        if reply is None
        else {
            "status": reply.status,
            "headers": encodable(dict(reply.headers)),
            **_body(reply.body),
        },
    }


def _body(body: RecordedBody | None) -> dict[str, object]:
    """Return a body as the JSON value that it is, or else as text; a cut one is always text."""
    if body is None or not body.size_bytes:
        return {"body": None, "body_bytes": 0}
    value: object = None if body.is_cut else _json(body.raw)
    if value is None:
        value = body.raw.decode("utf-8", "replace")
    return {"body": value, "body_bytes": body.size_bytes}


def _json(raw: bytes) -> orjson.Fragment | None:
    """Return JSON as it was sent, so that its numbers stay exact; None for anything else."""
    try:
        orjson.loads(raw)
    except ValueError:
        return None
    return orjson.Fragment(raw)
