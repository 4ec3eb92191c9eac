"""A plain HTTP client for checks and imports, outside the measurements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

_TIMEOUT_S = 300


class UnexpectedStatusError(Exception):
    """A server refused a request that every server here accepts."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with its body as JSON; None without a body."""

    status: int
    body: Any


@dataclass(slots=True)
class Client:
    """Keep-alive requests to one server, with the same headers each."""

    port: int
    headers: Mapping[str, str] = field(default_factory=dict)
    _connection: HTTPConnection | None = None

    def send(
        self,
        method: str,
        path: str,
        body: object | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request and return its reply, whatever its status."""
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_S)
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        types = {"Content-Type": "application/json"} if content else {}
        self._connection.request(
            method, path, content, {**types, **self.headers, **(headers or {})}
        )
        response = self._connection.getresponse()
        text = response.read()
        return Reply(response.status, json.loads(text) if text.strip() else None)

    def expect(self, method: str, path: str, body: object | None = None, **headers: str) -> Any:
        """Send a request that must succeed and return its body.

        Raises:
            UnexpectedStatusError: the status is not one of success.
        """
        reply = self.send(method, path, body, headers)
        if not 200 <= reply.status < 300:
            raise UnexpectedStatusError(f"{method} {path}: {reply.status} {str(reply.body)[:300]}")
        return reply.body

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
