"""HTTP responses: replies of programs, problems, and the service's own JSON.

Must never decide the status of an error: problems.py does.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from aiohttp import web
from multidict import CIMultiDict

from larst.accept import preferred
from larst.dialects.jsonapi import MEDIA_TYPE as JSON_API
from larst.dialects.jsonapi import errors_document
from larst.domain import Reply, RequestContext
from larst.http.keys import TRACE, WithHeaders
from larst.http.problems import Problem, phrase, problem_of
from larst.http.session_prefix import with_prefix
from larst.session import SessionReply
from larst.telemetry import RequestTrace

JSON, PROBLEM_JSON = "application/json", "application/problem+json"

STAGES = ("queue", "plan", "validate", "exec", "commit")
"""The stages in Server-Timing and in the log, in this order."""

MAX_DRIFT_CHARACTERS = 2000
"""The maximum length of the header about drifts; clients limit the size of headers."""

CONTAINED: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}
"""On every reply that is made from what clients or programs wrote, whatever its type: a script in
it could otherwise act as the visitor, in the origin of the service."""

JSON_TYPE = "application/json; charset=utf-8"
"""The Content-Type of JSON that a program replied."""


_VARIES_OF_READS = "Accept, X-Session-ID"
"""Browsers get a page where other clients get JSON."""


def program_response(context: RequestContext, reply: Reply, answer: SessionReply) -> web.Response:
    """Return a program's reply with the session's additions; 304 if the client has this version."""
    etag = answer.etag
    own = with_prefix(reply.headers, context.prefix) if context.prefix else reply.headers
    headers: CIMultiDict[str] = CIMultiDict(own)
    headers.update(CONTAINED)
    varies = _VARIES_OF_READS if context.method in ("GET", "HEAD") else "X-Session-ID"
    headers["Vary"] = f"{vary}, {varies}" if (vary := headers.get("Vary")) else varies
    headers["Cache-Control"] = _private(headers.get("Cache-Control", ""))
    if answer.hint is not None:
        headers.setdefault("X-LARST-Hint", answer.hint)
    if answer.is_replay:
        headers["Idempotency-Replayed"] = "true"
    headers.update(_notices(answer))
    if etag is not None:
        headers.setdefault("ETag", etag)
        condition = context.headers.get("if-none-match")
        if condition is not None and _matches(condition, etag):
            return web.Response(status=304, headers=headers)
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    media_type = reply.media_type
    is_json = media_type == "application/json"
    is_file = "Content-Disposition" in headers
    if is_file:
        headers["Content-Type"] = media_type
    else:
        headers["Content-Type"] = JSON_TYPE if is_json else _with_charset(media_type)
    return web.Response(status=reply.status, headers=headers, body=reply.body)


def _notices(answer: SessionReply) -> dict[str, str]:
    """Return the headers that say how records and reply differ from their schemas."""
    notices = {"X-LARST-Schema-Drift": answer.drifts, "X-LARST-Contract": answer.deviations}
    return {
        name: "; ".join(texts)[:MAX_DRIFT_CHARACTERS] for name, texts in notices.items() if texts
    }


def _private(cache_control: str) -> str:
    """Return the directives of a program without those that let a shared cache keep the reply.

    These also allow it to keep replies to requests with a token (RFC 9111 section 3.5).
    """
    if not cache_control:
        return "private"
    directives = [directive.strip() for directive in cache_control.split(",")]
    names = [directive.partition("=")[0].strip().lower() for directive in directives]
    own = [d for d, name in zip(directives, names, strict=True) if d and name not in _SHARING]
    return ", ".join(["private", *own])


_SHARING = frozenset({"public", "s-maxage", "private"})


def _with_charset(media_type: str) -> str:
    is_plain_text = media_type.startswith("text/") and "charset" not in media_type
    return f"{media_type}; charset=utf-8" if is_plain_text else media_type


def _matches(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


PLAN_DIGITS = 8
"""The digits of a plan's key in a header: enough to find it among 10,000 plans."""


def server_timing(trace: RequestTrace) -> str | None:
    """Return the value of Server-Timing, in ms; None if the request entered no stage."""
    text, stage_ms = "", trace.stage_ms
    for stage in STAGES:
        if stage in stage_ms:
            text += f", {stage};dur={stage_ms[stage]:.2f}"
            if stage == "plan" and trace.plan_source:
                text += f';desc="{trace.plan_source}"'
    if trace.plan_state is not None:
        text += f', state;desc="{trace.plan_state}"'
    return text[2:] or None


def trace_headers(trace: RequestTrace) -> dict[str, str]:
    """Return the headers of every reply that say which request it answers, and how long it took."""
    context = trace.trace_context
    headers = {
        "X-Request-ID": trace.request_id,
        "Server": "larst",
        "traceparent": f"00-{context.trace_id}-{context.span_id}-{context.flags}",
    }
    if (timing := server_timing(trace)) is not None:
        headers["Server-Timing"] = timing
    if trace.plan_key is not None:
        headers["X-LARST-Plan"] = trace.plan_key[:PLAN_DIGITS]
    if trace.session_id is not None:
        headers["X-Session-ID"] = trace.session_id
    return headers


def problem_response(request: WithHeaders, problem: Problem, request_id: str) -> web.Response:
    """Return a problem in the format that the client prefers: JSON, RFC 9457 or JSON:API."""
    accept = request.headers.get("Accept", "")
    media_type = preferred(accept, (PROBLEM_JSON, JSON, JSON_API), default=JSON) or JSON
    if media_type == JSON_API:
        body = errors_document(problem.status, problem.title, problem.detail, request_id)
    elif media_type == PROBLEM_JSON:
        body = problem.rfc9457(request_id)
    else:
        body = problem.body(request_id)
    return web.Response(
        status=problem.status,
        headers={**problem.headers, **CONTAINED, "Content-Type": media_type, "Vary": "Accept"},
        body=orjson.dumps(body),
    )


def error_response(request: WithHeaders, error: Exception, request_id: str) -> web.Response:
    """Return the reply that reports an error, including the errors that aiohttp raises."""
    if isinstance(error, web.HTTPException):
        problem = Problem(error.status, phrase(error.status), error.reason)
    else:
        problem = problem_of(error, request_id)
    return problem_response(request, problem, request_id)


def json_response(value: object, *, status: int = 200) -> web.Response:
    """Return a value as a JSON reply."""
    return web.Response(
        status=status, body=orjson.dumps(value), content_type="application/json", charset="utf-8"
    )


def not_allowed(request: web.Request, allowed: tuple[str, ...]) -> web.Response:
    """Return a reply with status 405 that lists the allowed methods."""
    detail = f"{request.method[:20]} is not allowed here; use {', '.join(allowed)}"
    problem = Problem(405, "method not allowed", detail, {"Allow": ", ".join(allowed)})
    return problem_response(request, problem, request[TRACE].request_id)
