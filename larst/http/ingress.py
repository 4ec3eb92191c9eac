"""HTTP request to context, to the session, and its answer back to HTTP.

The thin adapter between aiohttp and the rooms. Must never decide what a request means.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from larst import actors
from larst.config import Settings
from larst.domain import Body, RequestContext
from larst.errors import BadRequestError, BodyTooLargeError, BodyTooSlowError
from larst.http.client_identity import (
    client_ip_of,
    scheme_of,
    session_id_of,
)
from larst.http.parsing import SECRET_HEADERS, parse_body, parse_target
from larst.http.refusal_throttle import RefusalThrottle
from larst.http.responses import program_response
from larst.session.actor import SessionReply, SessionRequest, StoreTask, StoreTaskResult
from larst.telemetry import RequestTrace

_NEVER_BEGUN = (
    actors.MailboxFullError,
    actors.ActorFailedError,
    actors.StoppingError,
    actors.DeadlinePassedError,
    actors.ActorStoppedError,
)


class Sessions(Protocol):
    """Where requests go: the supervisor of the session actors."""

    async def ask(
        self, key: str, message: SessionRequest | StoreTask, *, timeout_s: float
    ) -> SessionReply | StoreTaskResult:
        """Have the session answer; start or wake it first where it sleeps."""


class Ingress:
    """Takes one HTTP request to its session and brings the reply back."""

    def __init__(self, settings: Settings, sessions: Sessions) -> None:
        self._settings = settings
        self._sessions = sessions
        self._proxies = settings.trusted_proxies
        self._refusals = RefusalThrottle()

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
                context.session_id,
                SessionRequest(context, trace),
                timeout_s=self._settings.request_timeout_s,
            )
        except BaseException as error:
            if isinstance(error, _NEVER_BEGUN) and "queue" not in trace.stage_ms:
                trace.record_wait(time.perf_counter() - asked_s, error)
            trace.end_commit(error)
            if isinstance(error, actors.MailboxFullError | actors.ActorFailedError):
                await self._refusals.turn()
            raise
        trace.end_commit(None)
        assert isinstance(answered, SessionReply)  # noqa: S101 - a turn is answered by nothing else
        return program_response(context, answered)

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
