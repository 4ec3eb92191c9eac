"""A client of the control API of a running service. Must never print a token."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from larst.config import Settings

TIMEOUT_S = 30.0
"""Listing many busy sessions takes some seconds."""

TRANSFER_TIMEOUT_S = 600.0
"""For each read of an export or import."""


class ServiceError(Exception):
    """The service cannot be reached or refuses the request; the text says what to do."""


class Upload:
    """A body that reports the number of bytes of each piece as it is sent."""

    def __init__(self, content: bytes, sent: Callable[[int], None]) -> None:
        self.size_bytes = len(content)
        self._rest = memoryview(content)
        self._sent = sent

    def read(self, size: int) -> memoryview:
        """Return the next piece; an empty one at the end."""
        piece, self._rest = self._rest[:size], self._rest[size:]
        self._sent(len(piece))
        return piece


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: its address, and the token that it may require."""

    url: str
    token: str | None

    def request_json(
        self, method: str, path: str, body: object = None, *, timeout_s: float = TIMEOUT_S
    ) -> Any:
        """Send a request and return the JSON of the reply; None if the reply is empty.

        Raises:
            ServiceError: the service cannot be reached, or refuses the request.
        """
        content = None if body is None else json.dumps(body).encode()
        with self.open(method, path, content, timeout_s=timeout_s) as reply:
            return reply.json()

    def list_all(self, path: str, *, page_size: int, query: str = "") -> list[dict[str, Any]]:
        """Return the items of every page of a list.

        Raises:
            ServiceError: the service cannot be reached, or refuses the request.
        """
        items: list[dict[str, Any]] = []
        while True:
            page = self.request_json("GET", f"{path}?limit={page_size}&offset={len(items)}{query}")
            items += page["items"]
            if not page["items"] or len(items) >= page["page"]["total"]:
                return items

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        body: bytes | Upload | None,
        *,
        timeout_s: float,
        accept: str = "application/json",
    ) -> Iterator[ServiceReply]:
        """Send a request and yield the reply, to be read within the block.

        Raises:
            ServiceError: the service cannot be reached, or refuses the request.
        """
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked by `service_at`
            self.url + path,
            method=method,
            data=body,  # type: ignore[arg-type]  # anything with `read` is sent in pieces
            headers={"Content-Type": "application/json", "Accept": accept},
        )
        if isinstance(body, Upload):
            request.add_header("Content-Length", str(body.size_bytes))
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        with self._send(request, timeout_s) as reply:
            # Outside the `try` of `_send`: an error of the caller's block is not the service's.
            yield ServiceReply(reply, self.url)

    def _send(self, request: urllib.request.Request, timeout_s: float) -> HTTPResponse:
        try:
            reply: HTTPResponse = urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310 - as above
        except urllib.error.HTTPError as error:
            raise ServiceError(_refusal(error)) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise ServiceError(_unreachable(self.url, reason)) from error
        return reply


class ServiceReply:
    """A reply of the service, whose body is still arriving."""

    def __init__(self, reply: HTTPResponse, url: str) -> None:
        self._reply = reply
        self._url = url

    def read(self, size: int | None = None) -> bytes:
        """Return the next bytes of the body, or all if no size is given; b"" at its end.

        Raises:
            ServiceError: the connection broke off.
        """
        try:
            return self._reply.read(size)
        except (OSError, HTTPException) as error:
            raise ServiceError(
                f"the connection to {self._url} broke off: the reply is incomplete"
            ) from error

    def read_line(self) -> bytes:
        """Return the next line of the body; b"" at its end.

        Raises:
            ServiceError: the connection broke off.
        """
        try:
            return self._reply.readline()
        except (OSError, HTTPException) as error:
            raise ServiceError(f"the connection to {self._url} broke off") from error

    def json(self) -> Any:
        """Return the whole body as JSON; None if it is empty.

        Raises:
            ServiceError: the connection broke off, or the body is not JSON.
        """
        content = self.read()
        try:
            return json.loads(content) if content else None
        except ValueError as error:
            raise ServiceError(f"the server at {self._url} is not LARST") from error


def service_at(url: str | None, settings: Settings) -> Service:
    """Return the service at `url`, or at the address in the settings.

    Raises:
        ServiceError: `url` is not an HTTP address.
    """
    host = f"[{settings.http.host}]" if ":" in settings.http.host else settings.http.host
    address = (url or f"http://{host}:{settings.http.port}").rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise ServiceError(f"{address} is not an address such as http://127.0.0.1:8000")
    return Service(address, settings.http.auth_token)


def _unreachable(url: str, reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"{url} did not answer in time; it may be busy: try again"
    if isinstance(reason, ConnectionResetError | BrokenPipeError | HTTPException):
        return f"{url} closed the connection without a reply"
    return (
        f"no service at {url}: {reason}; start one with `larst serve`, or name another with --url"
    )


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.loads(error.read())
        reason = problem.get("detail") or problem.get("error")
    except (ValueError, AttributeError):
        reason = error.reason
    hint = "; set LARS_AUTH_TOKEN to the token of the service" if error.code == 401 else ""
    return f"{error.code}: {reason}{hint}"
