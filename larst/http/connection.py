"""The connection class of the service: what aiohttp has no setting for.

It rests on private parts of aiohttp; tests/process/test_aiohttp_contract.py names them.
"""

from __future__ import annotations

import asyncio
import logging
import re
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import StreamReader, web

from larst.http.client_identity import new_id
from larst.http.pace import ConnectionWatch, Phase, Standing
from larst.http.problems import phrase

_REQUEST_LINE = re.compile(rb"[A-Z]{1,20} [^\x00-\x20\x7f]+ HTTP/1\.[01]")

_log = logging.getLogger("larst.service")


class Connection(web.RequestHandler):
    """Replies in JSON even to input that is not HTTP, and admits targets in raw UTF-8.

    `watch` ends it if its client is too slow.
    """

    __slots__ = ("_drain_count", "_is_inside_head", "_last_payload", "_watch")

    def __init__(
        self, *arguments: Any, watch: ConnectionWatch | None = None, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self._watch = watch
        self._drain_count = 0
        self._is_inside_head = False
        self._last_payload: StreamReader | None = None

    @property
    def standing(self) -> Standing:
        """What the connection waits for."""
        unread_bytes = 0 if self.transport is None else self.transport.get_write_buffer_size()
        if unread_bytes:
            return Standing(Phase.REPLY, self._request_count, unread_bytes, self._drain_count)
        waits_for_head = self._is_inside_head or not self._request_count
        return Standing(Phase.HEAD if waits_for_head else Phase.OTHER, self._request_count)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse the connection if its address has too many, and watch it otherwise."""
        super().connection_made(transport)
        if self._watch is None or self.transport is None:
            return
        name: Any = self.peername
        peer = str(name[0] if isinstance(name, list | tuple) else name or "")
        if self._watch.admits(peer):
            self._watch.add(self, peer)
        else:
            detail = "this address has too many connections (LARS_MAX_CONNECTIONS_PER_ADDRESS)"
            self._refuse(HTTPStatus.TOO_MANY_REQUESTS, detail)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        if self._watch is not None:
            self._watch.remove(self)
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Count how often the client has read what waited for it."""
        self._drain_count += 1
        super().resume_writing()

    def end_slow(self, phase: Phase) -> None:
        """End the connection of a client that is too slow: with 408 if a request had begun."""
        if phase is Phase.HEAD and self._is_inside_head and not self._request_in_progress:
            detail = "the head of the request did not arrive in time (LARS_HEAD_TIMEOUT_S)"
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, detail)
        elif self.transport is not None:
            self.transport.abort()

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Send an error without a request, and close the connection."""
        if self.transport is None:
            return
        body = {"error": phrase(status), "detail": detail, "request_id": new_id()}
        content = orjson.dumps(body)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\nRetry-After: 1\r\nServer: larst\r\n"
            "Connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.force_close()

    def data_received(self, data: bytes) -> None:
        """Pass the data on; a target in raw UTF-8 is percent-encoded, which aiohttp requires."""
        is_between = self._last_payload is None or self._last_payload.is_eof()
        if is_between and not self._is_inside_head and not data.isascii():
            data = _with_encoded_target(data)
        count = self._request_count
        super().data_received(data)
        has_message = self._request_count > count
        if has_message:
            self._last_payload = self._messages[-1][1]
            if not count and self._watch is not None:
                self._watch.note_request(self)
        if data or has_message:  # without data, aiohttp parses what it already has
            self._is_inside_head = is_between and not has_message

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Reply to input that is not HTTP like to every other error, and close the connection.

        Raises:
            ConnectionError: part of another reply has been sent.
        """
        if request.writer.output_size > 0:
            raise ConnectionError("part of another reply has been sent")
        is_bug, request_id = status >= HTTPStatus.INTERNAL_SERVER_ERROR, new_id()
        if is_bug:
            _log.error("the connection failed", exc_info=exc)
        else:  # not an error of the service: any program may connect to an open port
            _log.info("not an HTTP request", extra={"fields": {"request_id": request_id}})
        detail = "" if is_bug else (message or "").partition("\n")[0][:200]
        body: dict[str, Any] = {
            "error": phrase(status),
            "detail": detail,
            "request_id": request_id,
        }
        response = web.Response(
            status=status, body=orjson.dumps(body), content_type="application/json"
        )
        response.headers["Server"] = "larst"
        response.headers["X-Request-ID"] = request_id
        response.force_close()
        return response


def _with_encoded_target(data: bytes) -> bytes:
    """Return the begin of a request with a target of ASCII only."""
    line, separator, rest = data.partition(b"\r\n")
    if line.isascii() or _REQUEST_LINE.fullmatch(line) is None:
        return data
    encoded = b"".join(b"%%%02X" % byte if byte > 0x7F else bytes((byte,)) for byte in line)
    return encoded + separator + rest
