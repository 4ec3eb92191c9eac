"""HTTP responses: replies of programs, problems, and the service's own JSON."""

from __future__ import annotations

import orjson
from aiohttp import web
from multidict import CIMultiDict

from larst.accept import preferred
from larst.domain import Reply, RequestContext
from larst.http.keys import TRACE
from larst.http.problems import Problem, phrase, problem_of
from larst.session.actor import SessionReply
from larst.telemetry import RequestTrace

JSON, PROBLEM_JSON = "application/json", "application/problem+json"

STAGES = ("queue", "plan", "validate", "exec", "commit")
"""What Server-Timing and the log tell of, in this order."""


MAX_DRIFT_CHARACTERS = 2000
"""What a header says of drifts; clients refuse headers of more than some thousand bytes."""


def program_response(context: RequestContext, answered: SessionReply) -> web.Response:
    reply = answered.reply
    headers: CIMultiDict[str] = CIMultiDict(reply.headers)
    if answered.hint is not None:
        headers.setdefault("X-LARST-Hint", answered.hint)
    if answered.drifts:
        told = "; ".join(answered.drifts)
        headers["X-LARST-Schema-Drift"] = told[:MAX_DRIFT_CHARACTERS]
    if answered.etag is not None:
        headers.setdefault("ETag", answered.etag)
    if answered.etag is not None and _is_known(context.headers.get("if-none-match"), answered.etag):
        return web.Response(status=304, headers=headers)
    return _with_body(reply, headers)


def _with_body(reply: Reply, headers: CIMultiDict[str]) -> web.Response:
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    headers["Content-Type"] = _content_type(reply.media_type)
    headers["X-Content-Type-Options"] = "nosniff"
    if "html" in reply.media_type or "xml" in reply.media_type:
        # A program's page runs no script in this origin, where it could act as the visitor.
        headers["Content-Security-Policy"] = "sandbox"
    return web.Response(status=reply.status, headers=headers, body=reply.body)


def _content_type(media_type: str) -> str:
    is_plain_text = media_type.startswith("text/") and "charset" not in media_type
    if media_type == "application/json" or is_plain_text:
        return f"{media_type}; charset=utf-8"
    return media_type


def _is_known(if_none_match: str | None, etag: str) -> bool:
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def server_timing(trace: RequestTrace) -> str | None:
    """Return how long the stages took, in ms; None for a request that entered none."""
    told = [
        f'{stage};dur={trace.stage_ms[stage]:.2f};desc="{trace.plan_source}"'
        if stage == "plan" and trace.plan_source
        else f"{stage};dur={trace.stage_ms[stage]:.2f}"
        for stage in STAGES
        if stage in trace.stage_ms
    ]
    return ", ".join(told) or None


def problem_response(request: web.Request, problem: Problem, request_id: str) -> web.Response:
    """Return a problem as the client likes to read it: RFC 9457 where it asks for that."""
    accept = request.headers.get("Accept", "")
    media_type = preferred(accept, (PROBLEM_JSON, JSON), default=JSON) or JSON
    is_rfc9457 = media_type == PROBLEM_JSON
    body = problem.rfc9457(request_id) if is_rfc9457 else problem.body(request_id)
    return web.Response(
        status=problem.status,
        headers={**problem.headers, "Content-Type": media_type},
        body=orjson.dumps(body),
    )


def error_response(request: web.Request, error: Exception, request_id: str) -> web.Response:
    """Return the reply that tells of an error, also of those that aiohttp itself raises."""
    if isinstance(error, web.HTTPException):
        problem = Problem(error.status, phrase(error.status), error.reason)
    else:
        problem = problem_of(error, request_id)
    return problem_response(request, problem, request_id)


def json_response(value: object, *, status: int = 200) -> web.Response:
    """Return a reply of the server's own, as JSON."""
    return web.Response(
        status=status, body=orjson.dumps(value), content_type="application/json", charset="utf-8"
    )


def not_allowed(request: web.Request, allowed: tuple[str, ...]) -> web.Response:
    """Return 405 with the methods that are."""
    detail = f"{request.method[:20]} is not taken here; allowed are {', '.join(allowed)}"
    problem = Problem(405, "method not allowed", detail, {"Allow": ", ".join(allowed)})
    return problem_response(request, problem, request[TRACE].request_id)
