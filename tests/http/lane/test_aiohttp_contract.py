"""The private parts of aiohttp that the lane uses.

If a test here fails after an upgrade of aiohttp, read these parts of that version, adapt
larst/http/lane/connection.py and larst/http/lane/wire.py, and then raise the upper bound of aiohttp
in pyproject.toml:

- `RequestHandler.data_received`: appends to `_messages`, adds to `_request_count`, and wakes the
  task by `_waiter`; the lane hides `_waiter` meanwhile, and takes messages from the front.
- `RequestHandler.start`: what it does for each message before and after the handler. The lane does
  the same: `message_consumed`, `_buffer_paused`, `requests_count`, the keep-alive timer.
- `RequestHandler.finish_response`: is called once for each message that `start` takes.
- `RequestHandler.close` and `shutdown`: wait for `_request_in_progress` by `_handler_waiter`.
- `StreamReader`: the body that has arrived is in `_buffer`.
- `Response._start` and `StreamResponse._prepare_headers`: the headers of a reply, in order.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from aiohttp import StreamReader, web
from aiohttp.http_parser import HttpRequestParser, RawRequestMessage
from aiohttp.http_writer import StreamWriter, _serialize_headers
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo
from multidict import CIMultiDict

from larst.http.connection import Connection
from larst.http.lane.wire import reply_bytes

ATTRIBUTES = (
    "_messages",
    "_request_count",
    "_waiter",
    "_handler_waiter",
    "_request_in_progress",
    "_parser",
    "_paused",
    "_upgraded",
    "_buffer_paused",
    "_msg_queue_resume_size",
    "_close",
    "_force_close",
    "_keepalive_handle",
    "_keepalive_timeout",
    "_next_keepalive_close_time",
    "_loop",
    "_manager",
    "peername",
    "transport",
)
METHODS = (
    "_pause_reading_for_buffer",
    "_process_keepalive",
    "_resume_reading_if_drained",
    "close",
    "connection_lost",
    "connection_made",
    "data_received",
    "force_close",
)


async def protocol() -> web.RequestHandler:
    async def handle(_request: web.BaseRequest) -> web.Response:
        return web.Response()

    return web.Server(handle)()


@pytest.mark.parametrize("name", ATTRIBUTES)
async def test_a_protocol_has_the_attributes(name: str) -> None:
    assert hasattr(await protocol(), name)


@pytest.mark.parametrize("name", METHODS)
def test_a_protocol_has_the_methods(name: str) -> None:
    method = getattr(web.RequestHandler, name)

    assert callable(method)
    assert not inspect.iscoroutinefunction(method)


def test_each_request_of_the_task_ends_in_one_coroutine() -> None:
    parameters = inspect.signature(web.RequestHandler.finish_response).parameters

    assert list(parameters) == ["self", "request", "resp", "start_time"]
    assert inspect.iscoroutinefunction(web.RequestHandler.finish_response)


async def test_parsed_requests_are_queued_and_the_task_is_woken() -> None:
    """The lane depends on the order: queued, counted, then the task is woken."""
    handler = await protocol()
    handler._waiter = waiter = asyncio.get_running_loop().create_future()

    handler.data_received(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")

    messages: Any = handler._messages
    assert [message.path for message, _ in messages] == ["/a", "/b"]
    assert all(payload is EMPTY_PAYLOAD for _, payload in messages)
    assert handler._request_count == 2
    assert waiter.done()


async def test_bytes_that_are_not_http_are_queued_as_an_error() -> None:
    handler = await protocol()

    handler.data_received(b"nonsense\r\n\r\n")

    assert isinstance(handler._messages[0][0], _ErrInfo)


async def test_a_message_has_the_fields() -> None:
    handler = await protocol()
    handler.data_received(b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")
    message: Any
    message, payload = handler._messages[0]

    assert isinstance(message, RawRequestMessage)
    assert (message.method, message.path, message.url.path) == ("POST", "/a?b=c", "/a")
    assert message.raw_headers == ((b"Host", b"x"), (b"Content-Length", b"2"))
    assert message.headers["host"] == "x"
    assert tuple(message.version) == (1, 1)
    flags = (message.should_close, message.upgrade, message.chunked, message.compression)
    assert not any(flags)
    assert type(payload) is StreamReader
    assert payload.is_eof()
    assert payload.exception() is None
    assert payload.total_bytes == 2
    assert list(payload._buffer) == [b"ok"]


def test_the_parser_learns_which_messages_were_taken() -> None:
    assert callable(HttpRequestParser.message_consumed)


def test_headers_are_serialized_by_one_function() -> None:
    headers = CIMultiDict([("A", "1"), ("B", "ü")])

    assert _serialize_headers("HTTP/1.1 200 OK", headers) == (
        "HTTP/1.1 200 OK\r\nA: 1\r\nB: ü\r\n\r\n".encode()
    )
    with pytest.raises(ValueError, match="control character"):
        _serialize_headers("HTTP/1.1 200 OK", CIMultiDict(A="1\r\nB: 2"))


class Recorder(asyncio.Transport):
    """A transport that records all bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def write(self, data: Any) -> None:
        self.data += bytes(data)

    def is_closing(self) -> bool:
        return False


RESPONSES: tuple[dict[str, Any], ...] = (
    {},
    {"body": b""},
    {"body": b"{}"},
    {"body": b"{}", "headers": {"Content-Type": "text/x", "A": "1"}},
    {"body": b"{}", "headers": {"Server": "other", "Date": "then", "Vary": "Accept"}},
    {"headers": {"Location": "/a"}},
)


@pytest.mark.parametrize("options", RESPONSES)
@pytest.mark.parametrize("status", [200, 201, 204, 206, 304, 404, 416, 500, 507, 599])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
async def test_the_bytes_of_a_reply_are_those_of_aiohttp(
    monkeypatch: pytest.MonkeyPatch, method: str, status: int, options: dict[str, Any]
) -> None:
    """Of every form of a reply, with the headers that the middleware adds last."""
    for writer_of_date in ("aiohttp.web_response", "larst.http.lane.wire"):
        monkeypatch.setattr(f"{writer_of_date}.rfc822_formatted_time", lambda: "the same second")
    added = {"X-Request-ID": "1", "Server": "larst", "Vary": "Origin"}

    async def add(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(added)

    app = web.Application()
    app.on_response_prepare.append(add)
    app.freeze()
    transport = Recorder()
    handle: Any = app._handle
    handler = Connection(web.Server(handle), loop=asyncio.get_running_loop())
    handler.transport = transport
    handler.data_received(f"{method} /a HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    message: Any
    message, payload = handler._messages[0]
    task: Any = asyncio.current_task()
    writer = StreamWriter(handler, asyncio.get_running_loop())
    request = app._make_request(message, payload, handler, writer, task)
    match: Any = await app.router.resolve(request)
    match.add_app(app)
    request._match_info = match
    response = web.Response(status=status, **options)
    await response.prepare(request)
    await response.write_eof()

    assert reply_bytes(web.Response(status=status, **options), method, added) == transport.data
