"""One log line and one span per request: method, path, status, stages, outcome.

Must never write a secret, a body or a query value.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Mapping

from aiohttp import web

from larst.domain import METHODS
from larst.http.client_identity import (
    continue_trace,
    request_id_of,
)
from larst.http.responses import (
    STAGES,
)
from larst.telemetry import RequestTrace, Telemetry
from larst.telemetry import attributes as names
from larst.telemetry.metric_store import SCHEME

_HOST = re.compile(
    r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:(?P<port>[0-9]{1,5}))?", re.ASCII
)


_QUERY_KEY = re.compile(r"[\w.%\[\]-]{1,64}", re.ASCII)


_MAX_TOLD_CHARACTERS = 200


_log = logging.getLogger("larst.requests")


def span_attributes(request: web.Request) -> Mapping[str, str | int]:
    """Return what the HTTP conventions ask of a server's span; query values are left out."""
    told: dict[str, str | int] = {
        names.PATH: request.path[:_MAX_TOLD_CHARACTERS],
        names.SCHEME: SCHEME,
        names.PROTOCOL_VERSION: f"{request.version.major}.{request.version.minor}",
        names.CLIENT_ADDRESS: request.remote or "",
        names.USER_AGENT: request.headers.get("User-Agent", "")[:_MAX_TOLD_CHARACTERS],
    }
    if (host := _HOST.fullmatch(request.host)) is not None:
        told[names.SERVER_ADDRESS] = host["name"]
        if host["port"] is not None:
            told[names.SERVER_PORT] = int(host["port"])
    if query := request.rel_url.raw_query_string:
        told[names.QUERY] = "&".join(map(_redacted, query.split("&")))[:_MAX_TOLD_CHARACTERS]
    if known_method(request.method) != request.method:
        told[names.METHOD_ORIGINAL] = request.method[:20]
    return told


def _redacted(parameter: str) -> str:
    """Return a parameter without its value; what stands alone, or is no name, may be one."""
    key, equals, _ = parameter.partition("=")
    return f"{key}=REDACTED" if equals and _QUERY_KEY.fullmatch(key) else "REDACTED"


def log_request(request: web.Request, trace: RequestTrace, status: int | None) -> None:
    ms = round((time.perf_counter() - trace.started_s) * 1000, 2)
    fields = {
        **trace.ids(),
        "method": request.method,
        "path": request.path[:_MAX_TOLD_CHARACTERS],
        "route": trace.route,
        "status": status,
        "outcome": _outcome(trace, status),
        "ms": ms,
        "stages_ms": {
            stage: round(trace.stage_ms[stage], 2) for stage in STAGES if stage in trace.stage_ms
        },
        "plan": trace.plan_source,
    }
    _log.info("%s %s %s", request.method, status, ms, extra={"fields": fields})


def _outcome(trace: RequestTrace, status: int | None) -> str:
    """Return what came of a request in a word: the error's class where there is one."""
    if status is None:
        return "client left"
    return "replied" if trace.error_name is None else trace.error_name


def begin_trace(request: web.Request, telemetry: Telemetry, *, is_recorded: bool) -> RequestTrace:
    """Return what is noted of a request from now on; ids are the client's own where it sent some.

    One that is not `is_recorded` leaves no span, whoever asks for it.
    """
    request_id = request_id_of(request.headers.get("X-Request-ID"), new_id)
    recorder = telemetry.recorder
    if recorder is None or not is_recorded:
        trace_context = continue_trace(request.headers.get("traceparent"), new_id)
        return RequestTrace(telemetry, request_id, trace_context)
    method = known_method(request.method)
    return RequestTrace.start(telemetry, recorder, request_id, method, request.headers)


def known_method(method: str) -> str:
    """Return the method as telemetry names it: a client could make up names without end."""
    return method if method in METHODS else "_OTHER"


def new_id() -> str:
    """Return an id that nobody else has, as 32 hex digits; a UUID takes thrice as long."""
    return os.urandom(16).hex()
