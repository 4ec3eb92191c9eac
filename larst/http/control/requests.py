"""The control API for the latest requests, below `/_larst/requests`: list, follow, show.

An admin sees the requests of its own tenant. Must never wait for a slow reader: it is cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import orjson
from aiohttp import web

from larst.domain import Json
from larst.errors import RequestNotFoundError
from larst.http.client_identity import checked_session_id
from larst.http.control.guards import choice_in_query, number_in_query
from larst.http.control.parameters import (
    IN_REQUESTS,
    OF_PATH,
    REQUEST_LIMIT,
    REQUEST_METHOD,
    REQUEST_STATUS,
)
from larst.http.control.repeating import curl_of
from larst.http.event_streams import HEARTBEAT_S, accepts_events, event_stream, write_events
from larst.http.keys import ACCESS
from larst.http.responses import JSON, json_response
from larst.telemetry import RequestLog, RequestRecord
from larst.telemetry.requests import RecordChange, Subscription

PACE_S = 0.1
"""Records are sent together, at most this often."""

Filter: TypeAlias = Callable[[RequestRecord], bool]


class RequestControl:
    """Handles the requests below `/_larst/requests`. `trace_url` is where traces are shown."""

    def __init__(self, log: RequestLog, trace_url: str | None) -> None:
        self._log = log
        self._trace_url = trace_url

    async def list(self, request: web.Request) -> web.StreamResponse:
        """Return the latest requests, the newest first; for `text/event-stream`, follow them.

        Raises:
            BadRequestError: a query value is not allowed.
        """
        admits = _filter(request)
        if accepts_events(request.headers.get("Accept", "")):
            return await self._follow(request, admits)
        limit, tenant = number_in_query(request, REQUEST_LIMIT), request[ACCESS].tenant.name
        records = [record for record in self._log.newest(tenant) if admits(record)]
        seen, sampled = self._log.counts(tenant)
        page: dict[str, Json] = {"total": len(records), "limit": limit, "offset": 0}
        items: list[Json] = [encodable(summary(record)) for record in records[:limit]]
        return json_response({"items": items, "page": page, "seen": seen, "sampled": sampled})

    async def show(self, request: web.Request) -> web.Response:
        """Return everything that is known about a request.

        Raises:
            RequestNotFoundError: the ring has no request with this number or id.
        """
        record = self.details(request, request.match_info["id"])
        return json_response(encodable(record))

    def details(self, request: web.Request, id: str) -> dict[str, Json]:
        """Return everything that is known about a request of the sender's tenant.

        Raises:
            RequestNotFoundError: the ring has no request with this number or id.
        """
        record = self._log.find(request[ACCESS].tenant.name, id)
        if record is None:
            raise RequestNotFoundError(
                f"no request {id[:64]} is kept; the latest 500 are, and under load a sample of"
                " them: GET /_larst/requests lists them"
            )
        return details(record, self._trace_url)

    async def _follow(self, request: web.Request, admits: Filter) -> web.StreamResponse:
        tenant = request[ACCESS].tenant.name
        with self._log.subscribe(tenant) as subscription:
            if subscription is None:
                return web.Response(
                    status=503,
                    headers={"Retry-After": "5"},
                    text='{"error":"too many streams","detail":"close another tab or larst tail"}',
                    content_type=JSON,
                )
            response = event_stream()
            if request.method == "HEAD":
                return response
            await response.prepare(request)
            first = _missed(self._log.newest(tenant), request.headers.get("Last-Event-ID"))
            try:
                await _send(response, [record for record in first if admits(record)], 0)
                await _stream(response, subscription, admits)
            except (TimeoutError, ConnectionError) as error:
                if request.transport is not None:
                    request.transport.abort()  # what waits to be written is dropped, too
                raise ConnectionResetError("the reader of the stream is too slow") from error
            return response


async def _stream(response: web.StreamResponse, subscription: Subscription, admits: Filter) -> None:
    """Send records until the service stops, or the reader has left or is too slow."""
    while not subscription.is_closed:
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await subscription.has_news.wait()
        except TimeoutError:
            await write_events(response, b": still here\n\n")
            continue
        records = [record for record in subscription.take() if admits(record)]
        missed, subscription.missed = subscription.missed, 0
        await _send(response, records, missed)
        await asyncio.sleep(PACE_S)


async def _send(
    response: web.StreamResponse, records: Sequence[RequestRecord], missed: int
) -> None:
    parts = [f'event: missed\ndata: {{"count":{missed}}}\n\n'.encode()] if missed else []
    for record in records:
        data = orjson.dumps(encodable(summary(record)))
        parts.append(b"id: %d\nevent: request\ndata: %b\n\n" % (record.number, data))
    await write_events(response, b"".join(parts) or b": nothing\n\n")


def _missed(newest: Sequence[RequestRecord], last_id: str | None) -> Sequence[RequestRecord]:
    """Return the records behind the last one that a reader has had, the oldest first."""
    if last_id is None or not (last_id.isascii() and last_id.isdigit() and len(last_id) < 20):
        return ()
    return [record for record in reversed(newest) if record.number > int(last_id)]


def _filter(request: web.Request) -> Filter:
    method = choice_in_query(request, REQUEST_METHOD)
    status = choice_in_query(request, REQUEST_STATUS)
    path = request.query.get(OF_PATH.name, "").lower()
    session_id = request.query.get(IN_REQUESTS.name)
    if session_id:
        checked_session_id(session_id)

    def admits(record: RequestRecord) -> bool:
        return (
            (not session_id or record.session_id == session_id)
            and method in (None, record.method)
            and (status is None or f"{(record.status or 0) // 100}xx" == status)
            and path in record.path.lower()
        )

    return admits


def summary(record: RequestRecord) -> dict[str, Json]:
    """Return a request as lists and streams contain it."""
    at = datetime.fromtimestamp(record.at_s, UTC).isoformat(timespec="milliseconds")
    return {
        "number": record.number,
        "id": record.request_id,
        "at": at,
        "session": record.session_id,
        "method": record.method,
        "path": record.path,
        "query": record.query,
        "status": record.status,
        "ms": round(record.ms, 2),
        "plan": record.plan_source,
        "plan_key": record.plan_key,
        "route": record.route,
        "error": record.error,
    }


def details(record: RequestRecord, trace_url: str | None) -> dict[str, Json]:
    """Return everything that is known about a request."""
    noted, headers = record.details, record.reply_headers
    stages: list[Json] = [
        {"name": name, "start_ms": round(start_ms, 3), "ms": round(ms, 3), "error": error}
        for name, start_ms, ms, error in noted.stages
    ]
    calls: list[Json] = [{"resource": call.resource, "method": call.method} for call in noted.calls]
    refused: list[Json] = [
        run.detail for run in noted.stages if run.name == "validate" and run.detail is not None
    ]
    verdict = "accepted" if noted.program is not None else "refused" if refused else None
    return {
        **summary(record),
        "trace_id": record.trace_id,
        "trace_url": f"{trace_url}/{record.trace_id}" if trace_url else None,
        "hint": record.hint or headers.get("X-LARST-Hint"),
        "is_recalled": record.is_recalled,
        "fault": noted.fault,
        "stages": stages,
        "understood": {
            "action": noted.action,
            "resource": noted.resource,
            "reading": headers.get("X-LARST-Reading"),
            "dialect": headers.get("X-LARST-Dialect"),
        },
        "planner": noted.planner,
        "program": noted.program,
        "policy": {"verdict": verdict, "refusals": refused},
        "store_calls": {"total": noted.call_count, "first": calls},
        "changes": {"total": noted.change_count, "first": [*map(_change, noted.changes)]},
        "request": {
            "headers": dict(noted.headers),
            "body": _text(noted.body),
            "body_bytes": noted.body_bytes,
        },
        "reply": {
            "status": record.status,
            "headers": dict(headers),
            "body": _text(record.reply_body),
            "body_bytes": record.reply_bytes,
        },
        "has_values": noted.has_values,
        "curl": curl_of(record),
    }


def _change(change: RecordChange) -> Json:
    return {
        "resource": change.resource,
        "id": change.id,
        "before": _text(change.before),
        "after": _text(change.after),
    }


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("utf-8", "replace")


def encodable(value: Json) -> Json:
    """Return a value as it can be sent: a target or an id may have bytes that are not UTF-8."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {str(encodable(name)): encodable(item) for name, item in value.items()}
    return [*map(encodable, value)] if isinstance(value, list) else value
