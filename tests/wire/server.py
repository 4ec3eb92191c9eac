"""A test provider on loopback: it speaks three wire protocols, correctly or with chosen errors.

The real SDKs call it over HTTP, so tests cover the bytes on the wire.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

from tests.wire.answers import CACHED_TOKENS as CACHED_TOKENS
from tests.wire.answers import INPUT_TOKENS as INPUT_TOKENS
from tests.wire.answers import OUTPUT_TOKENS as OUTPUT_TOKENS
from tests.wire.answers import PATHS
from tests.wire.answers import Wire as Wire
from tests.wire.answers import success as success


@dataclass(frozen=True)
class Call:
    """One request that the server received."""

    wire: Wire
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    system: str
    user: str
    """The turn of the request, and those after it: refused programs and the reasons."""
    turns: tuple[str, ...] = ()


Answer = Callable[[str, str], str]
"""Returns the text of a successful answer for a system prompt and a user prompt."""

Misbehaviour = Callable[["WireServer", web.Request, Wire, str], Awaitable[web.StreamResponse]]


def status(code: int, headers: Mapping[str, str] | None = None) -> Misbehaviour:
    """Answer with an error status and the provider's JSON."""

    async def answer(
        _server: WireServer, _request: web.Request, _wire: Wire, _text: str
    ) -> web.StreamResponse:
        # Real providers quote parts of the key here; they must not appear in our errors.
        error = {"type": "error", "error": {"type": "x", "message": "Incorrect key: sk-s3cret"}}
        return web.json_response(error, status=code, headers=headers)

    return answer


def body(text: str, content_type: str = "application/json") -> Misbehaviour:
    """Answer with 200 and a body that is not the JSON of the API."""

    async def answer(
        _server: WireServer, _request: web.Request, _wire: Wire, _text: str
    ) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return answer


def changed(**by_wire: Callable[[dict[str, Any]], None]) -> Misbehaviour:
    """Answer with a success that is modified."""

    async def answer(
        _server: WireServer, _request: web.Request, wire: Wire, text: str
    ) -> web.StreamResponse:
        message = success(wire, text)
        by_wire[wire](message)
        return web.json_response(message)

    return answer


async def drop(
    _server: WireServer, request: web.Request, _wire: Wire, _text: str
) -> web.StreamResponse:
    """Close the connection before any byte."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def half_a_body(
    _server: WireServer, request: web.Request, wire: Wire, text: str
) -> web.StreamResponse:
    """Announce a complete body, send half of it, and close the connection."""
    whole = orjson.dumps(success(wire, text))
    response = web.StreamResponse(headers={"Content-Length": str(len(whole))})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


async def trickle(
    server: WireServer, request: web.Request, _wire: Wire, _text: str
) -> web.StreamResponse:
    """Send a space every few milliseconds, forever: no single read times out."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while not server.closing.is_set():
        try:
            await response.write(b" ")
        except ConnectionError:
            break
        try:
            await asyncio.wait_for(server.closing.wait(), 0.02)
        except TimeoutError:
            continue
    return response


async def silence(
    server: WireServer, _request: web.Request, _wire: Wire, _text: str
) -> web.StreamResponse:
    """Accept the request and never answer."""
    await server.closing.wait()
    return web.Response()


def _refuse_response(message: dict[str, Any]) -> None:
    message["output"][0]["content"] = [{"type": "refusal", "refusal": "I will not"}]


def _refuse_chat(message: dict[str, Any]) -> None:
    message["choices"][0]["message"] |= {"content": None, "refusal": "I will not"}


def _cut_response(message: dict[str, Any]) -> None:
    message |= {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}


REFUSAL = changed(
    responses=_refuse_response,
    chat=_refuse_chat,
    messages=lambda message: message.update(stop_reason="refusal", content=[]),
)
TRUNCATION = changed(
    responses=_cut_response,
    chat=lambda message: message["choices"][0].update(finish_reason="length"),
    messages=lambda message: message.update(stop_reason="max_tokens"),
)
EMPTY = changed(
    responses=lambda message: message.update(output=None),
    chat=lambda message: message.update(choices=[]),
    messages=lambda message: message.update(content=[]),
)
WITHOUT_USAGE = changed(
    responses=lambda message: message.pop("usage"),
    chat=lambda message: message.pop("usage"),
    messages=lambda message: message.update(usage={"input_tokens": 0, "output_tokens": 0}),
)
HTML = body("<html><body>Log in to the network</body></html>", "text/html")
BROKEN_JSON = body('{"id": "x", "output": [')
OTHER_JSON = body('{"hello": "world"}')
LIST = body("[1, 2]")
BUSY_FOR_A_MOMENT = status(429, {"retry-after-ms": "100"})
BUSY_FOR_LONG = status(429, {"Retry-After": "7"})
BUSY = status(429)
ERROR = status(500)
OVERLOADED = status(529)
BAD_KEY = status(401)
NO_MODEL = status(404)
BAD_REQUEST = status(400)


@dataclass
class WireServer:
    """Answers each call with `answer`, unless `coming` contains a misbehaviour for it.

    While `is_down`, it drops every connection.
    """

    answer: Answer
    answer_call: Callable[[Call], str] | None = None
    """Takes the place of `answer` where the whole conversation matters."""
    coming: deque[Misbehaviour] = field(default_factory=deque)
    calls: list[Call] = field(default_factory=list)
    is_down: bool = False
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _new_call: asyncio.Condition = field(default_factory=asyncio.Condition)
    url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024**2)
        app.router.add_post("/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def called(self, times: int) -> None:
        """Return after at least `times` calls."""
        async with self._new_call:
            await self._new_call.wait_for(lambda: len(self.calls) >= times)

    def base_url(self, wire: Wire) -> str:
        """Return the base URL for a client; Anthropic's SDK adds the version to it."""
        return self.url if wire == "messages" else f"{self.url}/v1"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        wire = PATHS.get(request.path)
        if wire is None:
            return web.Response(status=404)
        call = _parse(wire, request, orjson.loads(await request.read()))
        async with self._new_call:
            self.calls.append(call)
            self._new_call.notify_all()
        if self.is_down:
            return await drop(self, request, wire, "")
        misbehave = self.coming.popleft() if self.coming else None
        answer_call = self.answer_call
        text = answer_call(call) if answer_call else self.answer(call.system, call.user)
        if misbehave is not None:
            return await misbehave(self, request, wire, text)
        return web.json_response(success(wire, text))


def _parse(wire: Wire, request: web.Request, payload: Mapping[str, Any]) -> Call:
    match wire:
        case "responses":
            system, turns = payload["instructions"], payload["input"]
        case "chat":
            system, turns = payload["messages"][0]["content"], payload["messages"][1:]
        case "messages":
            system, turns = payload["system"][0]["text"], payload["messages"]
    assert [turn["role"] for turn in turns[::2]] == ["user"] * len(turns[::2])
    assert [turn["role"] for turn in turns[1::2]] == ["assistant"] * len(turns[1::2])
    texts = [turn["content"] for turn in turns]
    begin = max((i for i, text in enumerate(texts) if "REQUEST CONTEXT:\n" in text), default=0)
    user = "\n\n".join(texts[begin:])
    return Call(wire, dict(request.headers), payload, system, user, tuple(texts))
