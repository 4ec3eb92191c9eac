"""Planned requests: from HTTP to the session that serves them, and back to HTTP.

A thin adapter between aiohttp and the session. Must never interpret a request.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage

from larst import actors
from larst.config import HttpSettings
from larst.domain import NO_BODY, Body, RequestContext, SessionKey
from larst.errors import BadRequestError, BodyTooLargeError
from larst.http.bodies import BodiesInFlight, BodyRules, BodyShare, read_body
from larst.http.client_identity import checked_session_id, client_ip_of, scheme_of
from larst.http.faults import HEADER as FAULT_HEADER
from larst.http.faults import STRIKE, FaultTable
from larst.http.guidance import guidance_in
from larst.http.keys import ACCESS, ANSWER, TRACE, WithHeaders
from larst.http.parsing import VISIBLE_HEADERS, may_lack_body, parse_body, parse_target
from larst.http.presentation import Place, prefers_page, present
from larst.http.recorder import HEADER, Recorder
from larst.http.refusal_throttle import RefusalThrottle
from larst.http.repeated_headers import joined, joined_lines
from larst.http.request_notes import RequestNotes
from larst.http.request_rates import RequestRates
from larst.http.responses import program_response
from larst.http.session_prefix import SplitTarget, named_session, split_target
from larst.http.tokens import own_session_id
from larst.session import SessionClient, SessionReply
from larst.telemetry import RequestTrace
from larst.tokens import Access

_NEVER_BEGUN = (
    actors.MailboxFullError,
    actors.ActorFailedError,
    actors.StoppingError,
    actors.DeadlinePassedError,
    actors.ActorStoppedError,
)

_LARGE_BODY_BYTES = 64 * 1024
"""A body from this size on is parsed in a thread: the event loop goes on meanwhile."""

_log = logging.getLogger("larst.hints")

INGRESS: web.AppKey[Ingress] = web.AppKey("ingress")


async def serve_planned(request: web.Request) -> web.StreamResponse:
    """Serve a request whose path is not reserved."""
    return await request.app[INGRESS].serve(request, request[TRACE], request[ACCESS])


@dataclass(frozen=True, slots=True)
class Instruments:
    """What counts, notes, records and breaks the requests."""

    rates: RequestRates
    notes: RequestNotes
    recorder: Recorder
    faults: FaultTable

    def needs_task(self, key: SessionKey) -> bool:
        """Return whether requests of a session are served by tasks only, never by the lane."""
        return self.recorder.recordings.covers(key) or self.faults.covers(key)

    def forget(self, key: SessionKey) -> None:
        """Forget what concerns a session that is erased."""
        self.recorder.recordings.forget(key)
        self.faults.forget(key)


TASK_HEADERS = frozenset({HEADER, FAULT_HEADER})
"""The headers of requests that are served by tasks only."""


class Ingress:
    """Sends HTTP requests to their sessions and returns the replies."""

    def __init__(
        self,
        settings: HttpSettings,
        sessions: SessionClient,
        key: bytes,
        instruments: Instruments,
    ) -> None:
        self._settings = settings
        self._key = key
        self.sessions = sessions
        self.instruments = instruments
        self._throttle = RefusalThrottle()
        self.bodies = BodiesInFlight(settings.max_body_bytes_in_flight)
        self._body_rules = BodyRules(
            max_bytes=settings.max_body_bytes,
            too_large=lambda: _too_large(settings.max_body_bytes),
            min_rate=settings.min_bytes_per_s,
            timeout_s=settings.request_timeout_s,
        )

    async def serve(
        self, request: web.Request, trace: RequestTrace, access: Access
    ) -> web.Response:
        """Return the reply to a request whose path is not reserved.

        Raises:
            LarstError, ActorError: problems.py has their statuses.
        """
        with self.bodies.share() as share:
            return await self._serve(request, trace, access, share)

    async def _serve(
        self, request: web.Request, trace: RequestTrace, access: Access, share: BodyShare
    ) -> web.Response:
        context = await self.context(request, trace, access, share)
        if (failure := await self._failure(request, trace, context)) is not None:
            return failure
        start_s = time.perf_counter()
        try:
            reply = await self.sessions.request(
                context,
                trace,
                present=lambda answer: present(answer, context, lambda: self._place(request)),
            )
        except BaseException as error:
            if isinstance(error, _NEVER_BEGUN) and "queue" not in trace.stage_ms:
                trace.record_wait(time.perf_counter() - start_s, error)
            trace.end_commit(error)
            if isinstance(error, actors.MailboxFullError | actors.ActorFailedError):
                await self._throttle.wait()
            raise
        trace.end_commit(None)
        request[ANSWER] = reply
        presented = present(reply, context, lambda: self._place(request))
        response = program_response(context, presented, reply)
        log_hint(trace, reply, response)
        return response

    async def _failure(
        self, request: web.Request, trace: RequestTrace, context: RequestContext
    ) -> web.Response | None:
        """Return the reply of a fault that comes instead of the session's; None without one.

        Raises:
            ConnectionResetError: the fault has dropped the connection.
        """
        faults, header = self.instruments.faults, request.headers.get(FAULT_HEADER)
        if header is None and not faults.covers(context.session_key):
            return None
        strike = faults.strike(context, header, self.address(request))
        if strike is None:
            return None
        request[STRIKE] = strike
        if trace.details is not None:
            trace.details.fault = str(strike.fault)
        return await strike.before(request)

    def _place(self, request: web.Request) -> Place:
        url = request.rel_url
        return Place(self.address(request), url.raw_path, url.raw_query_string)

    def session_id(self, request: WithHeaders, access: Access, split: SplitTarget) -> str:
        """Return the name of the session that a request belongs to.

        Raises:
            BadSessionIdError: the header is not a valid session id, or differs from the path.
        """
        named = named_session(split, request.headers.get("X-Session-ID"))
        return self.unnamed_session(access) if named is None else named

    def unnamed_session(self, access: Access) -> str:
        """Return the session of requests that name none."""
        return own_session_id(access, self._key)

    def page_session(self, request: web.Request, name: str | None = None) -> tuple[SessionKey, str]:
        """Return the key of the session that a page is about, and its address in the service.

        `name` applies only if neither the path nor the header X-Session-ID names a session. The
        address has the prefix of a session that the path or `name` names.

        Raises:
            BadSessionIdError: a name is not a valid session id, or they differ.
        """
        access, split = request[ACCESS], split_target(request.rel_url.raw_path)
        if name is not None and split.session_id is None and "X-Session-ID" not in request.headers:
            # Tools that name it in the query send no header with later requests either.
            split = SplitTarget(checked_session_id(name), split.target)
        session_id = self.session_id(request, access, split)
        return access.tenant.key_of(session_id), f"{self.address(request)}{split.prefix}"

    def address(self, request: web.Request) -> str:
        """Return the base URL by which the client reached the service."""
        scheme = self.scheme(request, request.scheme, request.remote or "")
        return f"{scheme}://{request.host}"

    def scheme(self, request: WithHeaders, scheme: str, peer: str) -> str:
        """Return the scheme that the client used; `scheme` is that of the connection."""
        forwarded = joined_lines(request.headers, "X-Forwarded-Proto")
        return scheme_of(scheme, forwarded, peer, self._settings.trusted_proxies)

    def client_ip(self, request: WithHeaders, peer: str) -> str:
        """Return the address of the client; `peer` is that of the connection."""
        proxies = self._settings.trusted_proxies
        if not proxies:
            return peer
        return client_ip_of(peer, joined_lines(request.headers, "X-Forwarded-For"), proxies)

    async def context(
        self, request: web.Request, trace: RequestTrace, access: Access, share: BodyShare
    ) -> RequestContext:
        """Return the context of a request, which it counts as one of its session's.

        Raises:
            LarstError: the request cannot be read, or there are too many.
        """
        split = split_target(request.rel_url.raw_path_qs)
        trace.session_id = self.session_id(request, access, split)
        headers = _headers(request)
        client_ip = self.client_ip(request, request.remote or "")
        rates, notes = self.instruments.rates, self.instruments.notes
        if notes.log.admits(access.tenant.name):
            notes.begin(
                trace,
                access.tenant.name,
                client_ip=client_ip,
                address=self.address(request),
                target=split.target,
                headers=headers,
            )
        key = access.tenant.key_of(trace.session_id)
        self.instruments.recorder.begin(request, key, split.target, headers)
        rates.count(key)
        target = parse_target(split.target)
        may_be_empty = may_lack_body(request.method, target.segments)
        if request.body_exists:
            body = await self._body(request, trace, share, may_be_empty=may_be_empty)
        else:
            body = empty_body(request, may_be_empty=may_be_empty)
        return RequestContext(
            method=request.method,
            path=target.path,
            segments=target.segments,
            query=target.query,
            headers=headers,
            body=body,
            client_ip=client_ip,
            session_id=trace.session_id,
            request_id=trace.request_id,
            tenant=access.tenant,
            prefix=split.prefix,
            guidance=guidance_in(headers, access),
        )

    async def _body(
        self, request: web.Request, trace: RequestTrace, share: BodyShare, *, may_be_empty: bool
    ) -> Body:
        raw = bytes(await read_body(request, self._body_rules, share))
        content_type = request.headers.get("Content-Type", "")
        if trace.details is not None:
            trace.details.set_body(raw, content_type)
        self.instruments.recorder.add_body(request, raw, content_type)
        if len(raw) < _LARGE_BODY_BYTES:
            return parse_body(content_type, raw, may_be_empty=may_be_empty)
        return await asyncio.to_thread(parse_body, content_type, raw)


def _headers(request: web.Request) -> dict[str, str]:
    """Return the headers that a program can read.

    A browser that has a reply in JSON, and wants a page, would get 304 for that.
    """
    headers = visible_headers(request)
    if prefers_page(request.method, headers.get("accept", "")):
        headers.pop("if-none-match", None)
    return headers


def log_hint(trace: RequestTrace, answer: SessionReply, response: web.Response) -> None:
    """Log the hint of a reply, if it has one: the users of many clients see no headers.

    A hint that a model's program wrote is not logged: it may quote a record.
    """
    if "X-LARST-Hint" not in response.headers:
        return
    hint = response.headers.get("X-LARST-Hint") if answer.is_by_rules else answer.hint
    if hint is None:
        return
    if trace.telemetry.for_people:
        trace.hint = hint  # a part of the request's lines
    else:
        _log.info("hint", extra={"fields": {**trace.ids(), "hint": hint}})


def empty_body(request: web.BaseRequest | RawRequestMessage, *, may_be_empty: bool) -> Body:
    """Return the body of a request that has none.

    Raises:
        InvalidJsonError: its Content-Type announces JSON, which the request needs.
    """
    if (content_type := request.headers.get("Content-Type")) is None:
        return NO_BODY
    return parse_body(content_type, b"", may_be_empty=may_be_empty)


def bytes_of(header: str) -> bytes:
    """Return the bytes of a header: aiohttp decodes bytes that are not UTF-8 to surrogates."""
    return header.encode("utf-8", "surrogateescape")


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(
        f"the body exceeds {limit} bytes; send less, or raise LARS_MAX_BODY_BYTES"
    )


def visible_headers(request: WithHeaders) -> dict[str, str]:
    """Return the headers that a program can read, by their lower-case names.

    Raises:
        BadRequestError: a header is not text.
    """
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        if not value.isascii() and "\ufffd" in bytes_of(value).decode(errors="replace"):
            raise BadRequestError(f"the header {name} contains bytes that are not UTF-8")
        if (lower := name.lower()) in VISIBLE_HEADERS or lower.startswith("x-larst-"):
            headers[lower] = joined(headers, lower, value)
    return headers
