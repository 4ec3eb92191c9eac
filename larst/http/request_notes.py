"""From a request and its reply to a record of the ring of requests.

Must never note a header that may carry a secret: of a request, those that a program can read.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from larst.config import ConsoleSettings
from larst.http.hosts import is_local_call
from larst.telemetry import RequestDetails, RequestLog, RequestRecord, RequestTrace
from larst.telemetry.requests.details import MAX_TEXT_BYTES

MAX_PATH_CHARACTERS = 2_000
MAX_HEADERS = 60
MAX_HEADER_CHARACTERS = 500

_QUERY_KEY = re.compile(r"[\w.%\[\]-]{1,64}", re.ASCII)

_log = logging.getLogger("larst.service")


class RequestNotes:
    """Notes the requests that the log samples."""

    def __init__(self, log: RequestLog, settings: ConsoleSettings) -> None:
        self.log = log
        self._values = settings.values

    def begin(
        self,
        trace: RequestTrace,
        tenant: str | None,
        *,
        client_ip: str,
        address: str,
        target: str,
        headers: Mapping[str, str],
    ) -> RequestDetails:
        """Begin to note a request that the log admits; `address` is the service's, as asked."""
        has_values = self._keeps_values(client_ip, address)
        details = RequestDetails(tenant, trace.started_s, has_values=has_values)
        details.target, details.address = target[:MAX_PATH_CHARACTERS], address
        details.headers = shortened(headers)
        trace.details = details
        return details

    def end(
        self,
        trace: RequestTrace,
        method: str,
        path: str,
        query: str,
        response: web.StreamResponse | None,
        *,
        is_recalled: bool = False,
    ) -> None:
        """Keep a request that was noted; without a response, its client has left."""
        if (details := trace.details) is None:
            return
        try:
            record = _record(trace, details, method, path, query, response)
            self.log.end(replace(record, is_recalled=is_recalled))
        except Exception:  # noqa: BLE001 - a bug here must not replace the reply
            _log.exception("a request could not be noted")

    def _keeps_values(self, client_ip: str, address: str) -> bool:
        if self._values != "loopback":
            return self._values == "always"
        return is_local_call(client_ip, address)


def _record(
    trace: RequestTrace,
    details: RequestDetails,
    method: str,
    path: str,
    query: str,
    response: web.StreamResponse | None,
) -> RequestRecord:
    elapsed_s = time.perf_counter() - trace.started_s
    body = getattr(response, "body", None)
    raw = body if isinstance(body, bytes) else b""
    return RequestRecord(
        number=0,
        request_id=trace.request_id,
        trace_id=trace.trace_context.trace_id,
        session_id=trace.session_id or "",
        at_s=time.time() - elapsed_s,
        ms=elapsed_s * 1000,
        method=method,
        path=path[:MAX_PATH_CHARACTERS],
        query=(query if details.has_values else without_values(query))[:MAX_PATH_CHARACTERS],
        route=trace.route,
        status=None if response is None else response.status,
        plan_source=trace.plan_source,
        plan_key=trace.plan_key,
        error=trace.error_name and (trace.error_detail or "")[:MAX_PATH_CHARACTERS],
        hint=trace.hint,
        details=details,
        reply_headers={} if response is None else shortened(response.headers),
        reply_body=raw[:MAX_TEXT_BYTES] if details.has_values else None,
        reply_bytes=len(raw),
    )


def shortened(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the first headers, with the begin of their values."""
    first = list(headers.items())[:MAX_HEADERS]
    return {str(name): value[:MAX_HEADER_CHARACTERS] for name, value in first}


def without_values(query: str) -> str:
    """Return a query without its values; text that is not `name=value` may be a value."""
    return "&".join(map(_without_value, query.split("&"))) if query else ""


def _without_value(parameter: str) -> str:
    key, equals, _ = parameter.partition("=")
    return f"{key}=…" if equals and _QUERY_KEY.fullmatch(key) else "…"
