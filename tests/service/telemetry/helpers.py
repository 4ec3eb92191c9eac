"""Sends requests, and finds their spans and log lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson

from tests.service.api import Answer, Api, Service
from tests.wire.collector import ReceivedSpan

StartService = Callable[..., Service]
TRACE_ID, CALLER_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FAULTY = {"LLM_MOCK_HANDLER": "tests.wire.faulty.plan", "LARS_RULES": "fallback"}


async def send_head(api: Api, head: str) -> str:
    """Send a head that no client library sends; return the reply."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    reply = await reader.read()
    writer.close()
    return reply.decode()


def trace_id_of(answer: Answer) -> str:
    return answer.headers["traceparent"].split("-")[1]


def named(spans: list[ReceivedSpan], name: str) -> list[ReceivedSpan]:
    return [span for span in spans if span.name == name]


def only(spans: list[ReceivedSpan], name: str) -> ReceivedSpan:
    (span,) = named(spans, name)
    return span


def server(spans: list[ReceivedSpan]) -> ReceivedSpan:
    (span,) = [span for span in spans if span.kind == "server"]
    return span


def stage_names(spans: list[ReceivedSpan]) -> list[str]:
    """Return the names of the stages in the order in which they started."""
    return [span.name for span in spans if span.name.startswith("larst.")]


def log_of(service: Service) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in service.log_path.read_bytes().splitlines()]
