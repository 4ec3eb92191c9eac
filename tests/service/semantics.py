"""Bodies and replies that the tests of HTTP semantics share."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.service.api import Api

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}
MERGE = {"Content-Type": "application/merge-patch+json"}
JSON = {"Content-Type": "application/json"}
PLAIN = {"X-LARST-Dialect": "larst"}


def multipart(*parts: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """Return a form whose parts have these headers and contents, and its Content-Type."""
    body = b"".join(
        b"--B\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in parts
    )
    return body + b"--B--\r\n", {"Content-Type": "multipart/form-data; boundary=B"}


def file_head(name: str, filename: str, media_type: str) -> str:
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
    return f"{disposition}\r\nContent-Type: {media_type}"


async def items(api: Api, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get(path, headers=PLAIN)).body["items"]
    return items


def address(api: Api) -> tuple[str, int]:
    host, _, port = api.url.removeprefix("http://").partition(":")
    return host, int(port)


async def raw_get(api: Api, target: bytes) -> bytes:
    """Send a GET of exactly these bytes; return the whole reply."""
    reader, writer = await asyncio.open_connection(*address(api))
    session = f"X-Session-ID: {api.session_id}\r\nConnection: close\r\n\r\n"
    writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n" + session.encode())
    reply = await reader.read()
    writer.close()
    return reply
