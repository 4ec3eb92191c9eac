"""The client behind a set of headers: computed once while a connection repeats them.

Must never decide anything itself: the functions of the middleware and of the ingress do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aiohttp.http_parser import RawRequestMessage

from larst.http.client_identity import request_id_of
from larst.http.event_streams import accepts_events
from larst.http.guidance import EXAMPLE, INTENT
from larst.http.ingress import TASK_HEADERS, Ingress, visible_headers
from larst.http.logins import MARK
from larst.http.middleware import Admission
from larst.http.presentation import prefers_page
from larst.http.session_prefix import NO_PREFIX
from larst.http.tokens import access_of
from larst.tokens import Access, TokenTable

_LENGTH = b"content-length"

_COPIES = 4
"""Headers are kept as bytes and as text, each with the memory of an object."""


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """The outcome of a set of headers on a connection; `headers` are those a program can read.

    `session_id` is the session of a request whose path names none. `access` is what the table
    `tokens` said of their token; another table may say otherwise. `address` is the base URL by
    which the client reached the service. `may_change` is False for a page of a foreign origin.
    `wants_page`: it prefers HTML where it reads; `wants_events`: a stream. `request_id` is the
    client's own, if it sent a valid one, and `has_trace` says whether it sent the context of a
    trace. `size_bytes` is about how much memory the headers take.
    """

    session_id: str
    access: Access
    tokens: TokenTable | None
    client_ip: str
    address: str
    headers: Mapping[str, str]
    cors: Mapping[str, str]
    may_change: bool
    wants_page: bool
    wants_events: bool
    request_id: str | None
    has_trace: bool
    size_bytes: int


def with_length_of(
    message: RawRequestMessage, caller: Caller, raw_headers: object
) -> Caller | None:
    """Return the caller behind these headers, from that behind earlier ones of its connection.

    The bodies of a client have different lengths, and nothing else depends on these. None: other
    headers differ, too.
    """
    if not isinstance(raw_headers, tuple) or len(raw_headers) != len(message.raw_headers):
        return None
    for old, new in zip(raw_headers, message.raw_headers, strict=True):
        if old != new and (old[0] != new[0] or new[0].lower() != _LENGTH):
            return None
    length = message.headers["Content-Length"]
    return replace(caller, headers={**caller.headers, "content-length": length})


def caller_of(
    message: RawRequestMessage,
    peer: str,
    admission: Admission,
    ingress: Ingress,
    tokens: TokenTable | None,
) -> Caller | None:
    """Return the client that sent a request; None if the headers ask for more than a reply.

    Raises:
        LarstError: the ordinary way refuses the request.
    """
    headers = message.headers
    if "Expect" in headers or "Host" not in headers or MARK in headers:
        return None
    if any(name in headers for name in (*TASK_HEADERS, INTENT, EXAMPLE)):
        return None  # the first ones need a task, and for the others a plan may have to be made
    admission.check(headers, message.version)
    access = access_of(message, tokens)
    return Caller(
        session_id=ingress.session_id(message, access, NO_PREFIX),
        access=access,
        tokens=tokens,
        client_ip=ingress.client_ip(message, peer),
        address=f"{ingress.scheme(message, 'http', peer)}://{headers['Host']}",
        headers=visible_headers(message),
        cors=admission.origins.headers(message),
        may_change=admission.origins.may_change(message),
        wants_page=prefers_page("GET", headers.get("Accept", "")),
        wants_events=accepts_events(headers.get("Accept", "")),
        request_id=request_id_of(headers.get("X-Request-ID"), str) or None,
        has_trace="traceparent" in headers,
        size_bytes=_COPIES * sum(len(name) + len(value) for name, value in message.raw_headers),
    )
