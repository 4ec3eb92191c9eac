"""HTTP request to context, to the session, and its answer back to HTTP.

The thin adapter between aiohttp and the rooms. Must never decide what a request means.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Protocol

import orjson
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict

import actors
from larst.config import Settings
from larst.context import (
    SECRET_HEADERS,
    client_ip_of,
    continue_trace,
    parse_body,
    parse_target,
    request_id_of,
    scheme_of,
    session_id_of,
)
from larst.errors import BadRequestError, BodyTooLargeError, BodyTooSlowError
from larst.model import METHODS, Body, Reply, RequestContext
from larst.pacing import Pacer
from larst.problems import Problem, phrase, problem_of
from larst.session import Answered, Turn, Visit, Visited
from larst.telemetry import RequestTrace, Telemetry

STAGES = ("queue", "plan", "validate", "exec", "commit")
"""What Server-Timing and the log tell of, in this order."""

_NEVER_BEGUN = (
    actors.MailboxFullError,
    actors.ActorFailedError,
    actors.StoppingError,
    actors.DeadlinePassedError,
    actors.ActorStoppedError,
)

MAX_DRIFT_CHARACTERS = 2000
"""What a header says of drifts; clients refuse headers of more than some thousand bytes."""


class Sessions(Protocol):
    """Where requests go: the supervisor of the session actors."""

    async def ask(self, key: str, message: Turn | Visit, *, timeout_s: float) -> Answered | Visited:
        """Have the session answer; start or wake it first where it sleeps."""


def begin_trace(request: web.Request, telemetry: Telemetry, *, is_recorded: bool) -> RequestTrace:
    """Return what is noted of a request from now on; ids are the client's own where it sent some.

    One that is not `is_recorded` leaves no span, whoever asks for it.
    """
    request_id = request_id_of(request.headers.get("X-Request-ID"), new_id)
    recorder = telemetry.recorder
    if recorder is None or not is_recorded:
        place = continue_trace(request.headers.get("traceparent"), new_id)
        return RequestTrace(telemetry, request_id, place)
    method = known_method(request.method)
    return RequestTrace.recorded(telemetry, recorder, request_id, method, request.headers)


def known_method(method: str) -> str:
    """Return the method as telemetry names it: a client could make up names without end."""
    return method if method in METHODS else "_OTHER"


def new_id() -> str:
    """Return an id that nobody else has, as 32 hex digits; a UUID takes thrice as long."""
    return os.urandom(16).hex()


class Ingress:
    """Takes one HTTP request to its session and brings the reply back."""

    def __init__(self, settings: Settings, sessions: Sessions) -> None:
        self._settings = settings
        self._sessions = sessions
        self._proxies = settings.trusted_proxies
        self._refusals = Pacer()

    async def serve(
        self, request: web.Request, trace: RequestTrace, token: str | None
    ) -> web.Response:
        """Answer a request that is not reserved.

        Raises:
            LarstError, ActorError: as problems.py maps them.
        """
        context = await self._context(request, trace, token)
        asked_s = time.perf_counter()
        try:
            answered = await self._sessions.ask(
                context.session_id, Turn(context, trace), timeout_s=self._settings.request_timeout_s
            )
        except BaseException as error:
            if isinstance(error, _NEVER_BEGUN) and "queue" not in trace.stage_ms:
                trace.waited(time.perf_counter() - asked_s, error)
            trace.end_commit(error)
            if isinstance(error, actors.MailboxFullError | actors.ActorFailedError):
                await self._refusals.turn()
            raise
        trace.end_commit(None)
        assert isinstance(answered, Answered)  # noqa: S101 - a turn is answered by nothing else
        return _response(context, answered)

    def session_id(self, request: web.Request, token: str | None, named: str | None = None) -> str:
        """Return the id of the session that a request belongs to.

        `named` counts where the header X-Session-ID names none.

        Raises:
            BadSessionIdError: the name cannot be a session's id.
        """
        named = request.headers.get("X-Session-ID", named)
        return session_id_of(named, token, self._client_ip(request))

    def address(self, request: web.Request) -> str:
        """Return the service's own address, as the client knows it."""
        forwarded = request.headers.get("X-Forwarded-Proto")
        scheme = scheme_of(request.scheme, forwarded, request.remote or "", self._proxies)
        return f"{scheme}://{request.host}"

    def _client_ip(self, request: web.Request) -> str:
        forwarded_for = request.headers.get("X-Forwarded-For")
        return client_ip_of(request.remote or "", forwarded_for, self._proxies)

    async def _context(
        self, request: web.Request, trace: RequestTrace, token: str | None
    ) -> RequestContext:
        trace.session_id = session_id = self.session_id(request, token)
        target = parse_target(request.rel_url.raw_path_qs)
        return RequestContext(
            method=request.method,
            path=target.path,
            segments=target.segments,
            query=target.query,
            headers=_shown_headers(request),
            body=await self._body(request),
            client_ip=self._client_ip(request),
            session_id=session_id,
            request_id=trace.request_id,
        )

    async def _body(self, request: web.Request) -> Body:
        if not request.body_exists:
            return parse_body(request.method, request.headers.get("Content-Type", ""), b"")
        limit = self._settings.max_body_bytes
        if (request.content_length or 0) > limit:
            raise _too_large(limit)
        try:
            async with asyncio.timeout(self._settings.request_timeout_s):
                raw = await request.read()
        except TimeoutError as error:
            raise BodyTooSlowError(
                f"the body did not arrive within {self._settings.request_timeout_s:g} s"
                " (LARS_REQUEST_TIMEOUT_S); nothing was done"
            ) from error
        except web.HTTPRequestEntityTooLarge as error:
            raise _too_large(limit) from error
        except (web.RequestPayloadError, HttpProcessingError) as error:
            raise BadRequestError(
                "the body cannot be read as its Content-Encoding and Transfer-Encoding say"
            ) from error
        return parse_body(request.method, request.headers.get("Content-Type", ""), raw)


def bytes_of(header: str) -> bytes:
    """Return a header's text as it came: aiohttp keeps bytes that are no UTF-8 as surrogates."""
    return header.encode("utf-8", "surrogateescape")


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(
        f"the body is over {limit} bytes; send less, or raise LARS_MAX_BODY_BYTES"
    )


def _shown_headers(request: web.Request) -> dict[str, str]:
    """Return the headers that a program may see.

    Raises:
        BadRequestError: one of them is no text.
    """
    shown: dict[str, str] = {}
    for name, value in request.headers.items():
        if not value.isascii() and "\ufffd" in bytes_of(value).decode(errors="replace"):
            raise BadRequestError(f"the header {name} holds bytes that are not UTF-8")
        if (lowered := name.lower()) not in SECRET_HEADERS:
            shown[lowered] = value
    return shown


def _response(context: RequestContext, answered: Answered) -> web.Response:
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
        f'{stage};dur={trace.stage_ms[stage]:.2f};desc="{trace.source}"'
        if stage == "plan" and trace.source
        else f"{stage};dur={trace.stage_ms[stage]:.2f}"
        for stage in STAGES
        if stage in trace.stage_ms
    ]
    return ", ".join(told) or None


def problem_response(request: web.Request, problem: Problem, request_id: str) -> web.Response:
    """Return a problem as the client likes to read it: RFC 9457 where it asks for that."""
    wants_rfc9457 = "application/problem+json" in request.headers.get("Accept", "")
    body = problem.rfc9457(request_id) if wants_rfc9457 else problem.body(request_id)
    media_type = "application/problem+json" if wants_rfc9457 else "application/json"
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
