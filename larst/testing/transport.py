"""HTTP from a test to the service: one connection for each thread that sends.

Must never send a request twice: the first may have had its effect.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPMessage, HTTPSConnection
from typing import Any, Protocol
from urllib.parse import urlsplit

TIMEOUT_S = 90.0
"""The service answers within LARS_REQUEST_TIMEOUT_S, which is 60 s unless it is set."""

IDLE_S = 5.0
"""A connection that was idle for longer is not used again: the service may be closing it."""

_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the service, read to its end. `headers` ignore the case of names."""

    status: int
    headers: HTTPMessage = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body as JSON; None if it is empty.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.body) if self.body else None

    def __repr__(self) -> str:
        """Return the status and the begin of the body, as assertions print it."""
        return f"<Reply {self.status} {self.text[:_SHOWN_CHARACTERS]}>"


class Control(Protocol):
    """Sends a request to the control API of a session."""

    def __call__(
        self, method: str, path: str, content: bytes | None = None, *, admits_missing: bool = False
    ) -> Reply:
        """Return the reply; `admits_missing`: also 404."""


class Transport:
    """Sends requests to the service at `url`; a context manager that closes the connections."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        parts = urlsplit(url)
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._path = parts.netloc, parts.path.rstrip("/")
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._of_thread = threading.local()
        self._connections: list[HTTPConnection] = []

    def __enter__(self) -> Transport:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the connections of all threads."""
        for connection in self._connections:
            connection.close()

    def send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        """Send a request and return the reply.

        Raises:
            OSError, http.client.HTTPException: the connection failed, or ended too early.
        """
        connection = self._connection()
        try:
            connection.request(method, self._path + target, body, {**self._headers, **headers})
            response = connection.getresponse()
            reply = Reply(response.status, response.headers, response.read())
        except BaseException:
            connection.close()  # a half-read reply would be taken for the next one
            raise
        self._of_thread.used_at_s = time.monotonic()
        return reply

    def _connection(self) -> HTTPConnection:
        connection: HTTPConnection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._connect(self._host, timeout=TIMEOUT_S)
            self._of_thread.connection = connection
            self._of_thread.used_at_s = time.monotonic()
            self._connections.append(connection)
        elif time.monotonic() - self._of_thread.used_at_s > IDLE_S:
            connection.close()  # the next request opens it again
        return connection
