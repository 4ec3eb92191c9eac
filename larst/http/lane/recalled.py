"""A remembered reply on its way out again: its ids, its line of the log, and its measurements.

Does what the middleware and the access log do for any other reply, in a few microseconds. Must
never leave out what those count.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time

from larst.domain import TraceParent
from larst.http.access_log import is_logged, query_of, write_line
from larst.http.lane.callers import Caller
from larst.http.lane.memory import RememberedReply
from larst.http.request_notes import RequestNotes
from larst.http.responses import STAGES
from larst.http.session_prefix import split_target
from larst.telemetry import RequestTrace, Telemetry
from larst.telemetry.metric_store import HIT, RequestMeasurement
from larst.telemetry.metrics import BOOK_LOOKUPS

_NO_TIME: Mapping[str, float] = dict.fromkeys(STAGES, 0.0)


@dataclass(frozen=True, slots=True)
class Recall:
    """A remembered reply to one more request, which began at `started_s` by `perf_counter`."""

    reply: RememberedReply
    caller: Caller
    target: str
    started_s: float


def recalled_bytes(recall: Recall, telemetry: Telemetry, notes: RequestNotes) -> bytes:
    """Return a remembered reply for one more request, and record that request."""
    reply, caller = recall.reply, recall.caller
    digits = os.urandom(40).hex()
    trace_id, span_id = digits[:32], digits[32:48]
    request_id = caller.request_id or digits[48:]
    data = reply.bytes_with(rfc822_formatted_time(), request_id, f"00-{trace_id}-{span_id}-01")
    reply.count_use()
    telemetry.count(BOOK_LOOKUPS, labels=HIT)
    elapsed_s = time.perf_counter() - recall.started_s
    telemetry.record_request(
        RequestMeasurement((reply.method, reply.route, reply.status, None), elapsed_s, _NO_TIME)
    )
    if is_logged():
        ms = round(elapsed_s * 1000, 2)
        fields = {
            "request_id": request_id,
            "trace_id": trace_id,
            "session_id": reply.session_id,
            **reply.fields,
            "ms": ms,
            "stages_ms": _NO_TIME,
            "plan": "hit",
        }
        write_line(telemetry, f"{reply.method} {reply.status} {ms}", fields)
    if notes.log.admits(caller.access.tenant.name):
        trace = RequestTrace(telemetry, request_id, TraceParent(trace_id, span_id, "01"))
        _note(recall, notes, trace)
    return data


def _note(recall: Recall, notes: RequestNotes, trace: RequestTrace) -> None:
    """Note a sampled request, with the program of the one that its reply was made for."""
    reply, caller = recall.reply, recall.caller
    trace.started_s, trace.session_id = recall.started_s, reply.session_id
    trace.route, trace.plan_source, trace.plan_key = reply.route, "hit", reply.plan_key
    details = notes.begin(
        trace,
        caller.access.tenant.name,
        client_ip=caller.client_ip,
        address=caller.address,
        target=split_target(recall.target).target,
        headers=caller.headers,
    )
    if reply.details is not None:
        details.copy_program(reply.details)
    lines = reply.head.replace("%%", "%").split("\r\n")[1:]
    headers = dict(line.split(": ", 1) for line in lines if ": " in line and "%(" not in line)
    response = web.Response(status=reply.status, headers=headers, body=reply.body)
    path = str(reply.fields["path"])
    query = query_of(recall.target)
    notes.end(trace, reply.method, path, query, response, is_recalled=True)
