"""Traces and logs of requests: ids, span attributes, and one log line per request.

Must never write a secret or a body; nor a query value, but to a terminal.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

import orjson
from aiohttp import web

from larst.domain import METHODS
from larst.http.client_identity import (
    continue_trace,
    new_id,
    new_ids,
    request_id_of,
)
from larst.http.keys import WithHeaders
from larst.http.responses import STAGES
from larst.telemetry import RequestTrace, Telemetry
from larst.telemetry import attributes as names
from larst.telemetry.metric_store import SCHEME

CATCH_ALL = "/{path}"
"""The canonical route, in aiohttp, of every request that is planned."""

_HOST = re.compile(
    r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:(?P<port>[0-9]{1,5}))?", re.ASCII
)
_QUERY_KEY = re.compile(r"[\w.%\[\]-]{1,64}", re.ASCII)
_MAX_CHARACTERS = 200
_NO_ATTRIBUTES: Mapping[str, str | int] = {}

_log = logging.getLogger("larst.requests")


def start_trace(request: web.Request, telemetry: Telemetry, *, is_recorded: bool) -> RequestTrace:
    """Return the trace of a new request, with the ids that its headers carry, if any.

    Without `is_recorded` no span is recorded, even if the caller's trace is sampled.
    """
    recorder = telemetry.recorder
    if recorder is None or not is_recorded:
        return unrecorded_trace(request, telemetry)
    request_id = request_id_of(request.headers.get("X-Request-ID"), new_id)
    method = known_method(request.method)
    return RequestTrace.start(telemetry, recorder, request_id, method, request.headers)


def unrecorded_trace(request: WithHeaders, telemetry: Telemetry) -> RequestTrace:
    """Return the trace of a new request, of which no span is recorded."""
    headers = request.headers
    parent, client_id = headers.get("traceparent"), headers.get("X-Request-ID")
    if parent is None and client_id is None:  # the usual case, at a third of the cost
        return RequestTrace(telemetry, *new_ids())
    trace_context = continue_trace(parent, new_id)
    return RequestTrace(telemetry, request_id_of(client_id, new_id), trace_context)


def finish_trace(request: web.Request, trace: RequestTrace, status: int | None) -> None:
    """Record the end of a request in its span, in the metrics and in the log.

    `status`: None if the client has left. An exception here is a bug. It is logged, so that the
    finished reply can leave.
    """
    try:
        if trace.route is None and (resource := request.match_info.route.resource) is not None:
            canonical = resource.canonical
            trace.route = None if canonical == CATCH_ALL else canonical
        attributes = _span_attributes(request) if trace.is_recording else _NO_ATTRIBUTES
        query = request.rel_url.raw_query_string
        _record(trace, request.method, request.path, status, attributes, query)
    except Exception:  # noqa: BLE001 - a bug here must not replace the reply
        _log_bug(trace)


def finish_planned(
    trace: RequestTrace, method: str, path: str, status: int | None, target: str
) -> None:
    """Record the end of a planned request that is not sampled; `path` is decoded, `target` not."""
    try:
        _record(trace, method, path, status, _NO_ATTRIBUTES, query_of(target))
    except Exception:  # noqa: BLE001 - as above
        _log_bug(trace)


def _record(
    trace: RequestTrace,
    method: str,
    path: str,
    status: int | None,
    attributes: Mapping[str, str | int],
    query: str,
) -> None:
    trace.end(method if method in METHODS else known_method(method), status, attributes)
    if is_logged():
        _log_request(trace, method, path, status, query)


def _log_bug(trace: RequestTrace) -> None:
    _log.exception("could not record telemetry for the request", extra={"fields": trace.ids()})


def known_method(method: str) -> str:
    """Return the method as telemetry records it: clients can invent any number of methods."""
    return method if method in METHODS else "_OTHER"


def _span_attributes(request: web.Request) -> Mapping[str, str | int]:
    """Return the attributes that the HTTP conventions define for a server span."""
    attributes: dict[str, str | int] = {
        names.PATH: request.path[:_MAX_CHARACTERS],
        names.SCHEME: SCHEME,
        names.PROTOCOL_VERSION: f"{request.version.major}.{request.version.minor}",
        names.CLIENT_ADDRESS: request.remote or "",
        names.USER_AGENT: request.headers.get("User-Agent", "")[:_MAX_CHARACTERS],
    }
    if (host := _HOST.fullmatch(request.host)) is not None:
        attributes[names.SERVER_ADDRESS] = host["name"]
        if host["port"] is not None:
            attributes[names.SERVER_PORT] = int(host["port"])
    if query := request.rel_url.raw_query_string:
        attributes[names.QUERY] = "&".join(map(_redact, query.split("&")))[:_MAX_CHARACTERS]
    if known_method(request.method) != request.method:
        attributes[names.METHOD_ORIGINAL] = request.method[:20]
    return attributes


def _redact(parameter: str) -> str:
    """Return a query parameter without its value; text that is not `name=value` may be a value."""
    key, equals, _ = parameter.partition("=")
    return f"{key}=REDACTED" if equals and _QUERY_KEY.fullmatch(key) else "REDACTED"


def _log_request(
    trace: RequestTrace, method: str, path: str, status: int | None, query: str
) -> None:
    ms = round((time.perf_counter() - trace.started_s) * 1000, 2)
    stage_ms = trace.stage_ms
    fields: dict[str, object] = {
        "request_id": trace.request_id,
        "trace_id": trace.trace_context.trace_id,
        "session_id": trace.session_id,
        "method": method,
        "path": path[:_MAX_CHARACTERS],
        "route": trace.route,
        "status": status,
        "outcome": "client left" if status is None else trace.error_name or "replied",
        "ms": ms,
        # Stages without a wait are exactly 0; rounding takes longer than the rest of the line.
        "stages_ms": {
            stage: stage_ms[stage] and round(stage_ms[stage], 2)
            for stage in STAGES
            if stage in stage_ms
        },
        "plan": trace.plan_source,
    }
    if trace.telemetry.for_people:
        fields |= {"query": query, "detail": trace.error_detail, "hint": trace.hint}
    write_line(trace.telemetry, f"{method} {status} {ms}", fields)


def is_logged() -> bool:
    """Return whether the log has a line for each request."""
    return _log.isEnabledFor(logging.INFO)


def query_of(target: str) -> str:
    """Return the query of a request target, as sent."""
    return target.partition("?")[2]


def logged_path(path: str) -> str:
    """Return a path as the log has it."""
    return path[:_MAX_CHARACTERS]


def write_line(telemetry: Telemetry, message: str, fields: Mapping[str, object]) -> None:
    """Write the line of a request."""
    if telemetry.add_line is None or (line := _line_of(message, fields)) is None:
        _log.info("%s", message, extra={"fields": fields})
    else:
        telemetry.add_line(line)


def _line_of(message: str, fields: Mapping[str, object]) -> bytes | None:
    """Return the line that a record of this logger becomes; None if a path is not text."""
    now_s = time.time()
    ts = f"{_second_of(int(now_s))}.{int(now_s % 1 * 1000):03d}+00:00"
    head = {"ts": ts, "level": "info", "logger": _log.name, "msg": message}
    try:
        return orjson.dumps({**head, **fields})
    except orjson.JSONEncodeError:
        return None


@lru_cache(maxsize=1)
def _second_of(timestamp: int) -> str:
    """Return a time in UTC; many requests end in the same second."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%S")
