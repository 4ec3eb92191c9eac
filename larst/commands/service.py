"""The running service, as commands speak to it: by its control API. Must never print a token."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from larst.config import Settings

TIMEOUT_S = 10.0
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
            raw = reply.read()
        return json.loads(raw) if raw else None

    @contextmanager
    def opened(
        self, method: str, path: str, body: bytes | IO[bytes] | None, *, timeout_s: float
    ) -> Iterator[IO[bytes]]:
        """Give the reply's body as a file.

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
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as reply:  # noqa: S310 - as above
                yield reply
        except urllib.error.HTTPError as error:
            raise ServiceError(_refusal(error)) from error
        except OSError as error:
            raise ServiceError(
                f"no service at {self.url}: {getattr(error, 'reason', error)};"
                " start one with `larst serve`, or name another with --url"
            ) from error


def service_at(url: str | None, settings: Settings) -> Service:
    """Return the service at `url`, or at the address that the settings name.

    Raises:
        ServiceError: the address is none.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = (url or f"http://{host}:{settings.port}").rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise ServiceError(f"{address} is no address such as http://127.0.0.1:8000")
    return Service(address, settings.auth_token)


def printable(text: str) -> str:
    """Return the text with control characters spelled out: strangers chose these names."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def print_json(value: object) -> None:
    """Print a value as JSON for people and pipes."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        told = json.loads(error.read())
        reason = told.get("detail") or told.get("error")
    except (ValueError, AttributeError):
        reason = error.reason
    hint = "; set LARS_AUTH_TOKEN to the service's token" if error.code == 401 else ""
    return f"{error.code}: {reason}{hint}"
