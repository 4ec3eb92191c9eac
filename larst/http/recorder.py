"""From a planned request and its reply to the recording of its session.

Must never note a header that may carry a secret: of a request, those that a program can read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from aiohttp import web

from larst.domain import SessionKey
from larst.errors import BadRequestError
from larst.http.faults import SERVED, STRIKE
from larst.http.request_notes import MAX_PATH_CHARACTERS, shortened
from larst.telemetry import RequestTrace
from larst.telemetry.requests import RecordedBody, RecordedReply, RecordedRequest, Recordings

HEADER = "X-LARST-Record"
"""`on` begins to record the session of the request, with this request; `off` ends it."""

_STATES = {"on": True, "off": False}

_log = logging.getLogger("larst.service")


@dataclass(slots=True)
class Arrival:
    """A request of a recorded session that has not ended; `target` has no session in it."""

    key: SessionKey
    number: int
    target: str
    headers: Mapping[str, str]
    at_s: float = field(default_factory=time.time)
    body: RecordedBody | None = None


ARRIVAL = web.RequestKey("arrival", Arrival)


class Recorder:
    """Records the requests of the sessions that asked for it."""

    def __init__(self, recordings: Recordings) -> None:
        self.recordings = recordings

    def begin(
        self, request: web.Request, key: SessionKey, target: str, headers: Mapping[str, str]
    ) -> None:
        """Begin to record a request if its session is recorded, or asks for it now.

        Raises:
            BadRequestError: the header X-LARST-Record is neither `on` nor `off`.
        """
        if (word := request.headers.get(HEADER)) is not None:
            self.recordings.switch(key, is_on=recording_state(word, HEADER))
        if self.recordings.covers(key):
            number = self.recordings.begin(key)
            request[ARRIVAL] = Arrival(key, number, target, shortened(headers))

    def add_body(self, request: web.Request, raw: bytes, content_type: str) -> None:
        """Note the body of a request that is recorded."""
        if (arrival := request.get(ARRIVAL)) is not None:
            arrival.body = RecordedBody.of(raw, content_type)

    def end(
        self, request: web.Request, trace: RequestTrace, response: web.StreamResponse | None
    ) -> None:
        """Record a request that has ended; without a response, its client has left."""
        if (arrival := request.get(ARRIVAL)) is None:
            return
        try:
            response = request.get(SERVED) or response
            recorded = _recorded(request.method, arrival, trace, response)
            if (strike := request.get(STRIKE)) is not None:
                recorded = replace(recorded, fault=str(strike.fault))
            self.recordings.end(arrival.key, recorded)
        except Exception:  # noqa: BLE001 - a bug here must not replace the reply
            _log.exception("a request could not be recorded")


def recording_state(word: object, name: str) -> bool:
    """Return whether `on` or `off` was sent as `name`.

    Raises:
        BadRequestError: it is neither.
    """
    state = _STATES.get(word.lower()) if isinstance(word, str) else None
    if state is None:
        raise BadRequestError(f"{name} must be on or off")
    return state


def _recorded(
    method: str, arrival: Arrival, trace: RequestTrace, response: web.StreamResponse | None
) -> RecordedRequest:
    path, _, query = arrival.target.partition("?")
    return RecordedRequest(
        number=arrival.number,
        request_id=trace.request_id,
        at_s=arrival.at_s,
        ms=(time.perf_counter() - trace.started_s) * 1000,
        method=method,
        path=unquote(path, errors="replace")[:MAX_PATH_CHARACTERS],
        query=query[:MAX_PATH_CHARACTERS],
        headers=arrival.headers,
        body=arrival.body,
        reply=None if response is None else _reply(response),
    )


def _reply(response: web.StreamResponse) -> RecordedReply:
    raw = getattr(response, "body", None)
    body = None
    if isinstance(raw, bytes):
        body = RecordedBody.of(raw, response.headers.get("Content-Type", ""))
    return RecordedReply(response.status, shortened(response.headers), body)
