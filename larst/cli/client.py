"""The running service, as commands speak to it: by its control API. Must never print a token."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any

from larst.config import Settings

TIMEOUT_S = 30.0
"""A list of many busy sessions takes some seconds."""

MOVING_TIMEOUT_S = 600.0
"""For exports and imports, each read."""


class ServiceError(Exception):
    """The service cannot be reached, or refuses; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running service at an address, with the token that it may demand."""

    url: str
    token: str | None

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the JSON that the service answers, None where it answers nothing.

        Raises:
            ServiceError: it cannot be reached, or refuses.
        """
        sent = None if body is None else json.dumps(body).encode()
        with self.opened(method, path, sent, timeout_s=TIMEOUT_S) as reply:
            return reply.json()

    @contextmanager
    def opened(
        self, method: str, path: str, body: bytes | None, *, timeout_s: float
    ) -> Iterator[Answer]:
        """Give the reply, to be read while this lasts.

        Raises:
            ServiceError: the service cannot be reached, or refuses.
        """
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked by `service_at`
            self.url + path,
            method=method,
            data=body,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        with self._sent(request, timeout_s) as reply:
            # Not within the `try` above: what the caller does with the answer is no answer's fault.
            yield Answer(reply, self.url)

    def _sent(self, request: urllib.request.Request, timeout_s: float) -> HTTPResponse:
        try:
            reply: HTTPResponse = urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310 - as above
        except urllib.error.HTTPError as error:
            raise ServiceError(_refusal(error)) from error
        except (OSError, HTTPException) as error:
            raise ServiceError(_no_answer(self.url, getattr(error, "reason", error))) from error
        return reply


class Answer:
    """A reply of the service, whose body is still coming."""

    def __init__(self, reply: HTTPResponse, url: str) -> None:
        self._reply = reply
        self._url = url

    def read(self, size: int | None = None) -> bytes:
        """Return the next bytes of the body, all where no size is given; b"" at its end.

        Raises:
            ServiceError: it broke off.
        """
        try:
            return self._reply.read(size)
        except (OSError, HTTPException) as error:
            raise ServiceError(f"the answer of {self._url} broke off: it is not whole") from error

    def json(self) -> Any:
        """Return the whole body as JSON, None where it is empty.

        Raises:
            ServiceError: it broke off, or is no JSON.
        """
        raw = self.read()
        try:
            return json.loads(raw) if raw else None
        except ValueError as error:
            raise ServiceError(f"what answers at {self._url} is not LARST") from error


def service_at(url: str | None, settings: Settings) -> Service:
    """Return the service at `url`, or at the address that the settings name.

    Raises:
        ServiceError: the address is none.
    """
    host = f"[{settings.http.host}]" if ":" in settings.http.host else settings.http.host
    address = (url or f"http://{host}:{settings.http.port}").rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise ServiceError(f"{address} is no address such as http://127.0.0.1:8000")
    return Service(address, settings.http.auth_token)


def printable(text: str) -> str:
    """Return the text with control characters spelled out: strangers chose these names."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def print_json(value: object) -> None:
    """Print a value as JSON for people and pipes."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _no_answer(url: str, reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"{url} did not answer in time: it may be busy; try again"
    if isinstance(reason, ConnectionResetError | BrokenPipeError | HTTPException):
        return f"{url} broke the connection off before it answered"
    return (
        f"no service at {url}: {reason}; start one with `larst serve`, or name another with --url"
    )


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        told = json.loads(error.read())
        reason = told.get("detail") or told.get("error")
    except (ValueError, AttributeError):
        reason = error.reason
    hint = "; set LARS_AUTH_TOKEN to the service's token" if error.code == 401 else ""
    return f"{error.code}: {reason}{hint}"
