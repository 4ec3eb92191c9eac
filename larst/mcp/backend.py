"""The service that the tools talk to, over HTTP, in one session. Blocking: tools use threads."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode

MAX_REPLY_BYTES = 200_000
"""An agent reads no more; the reply says how to ask for less."""

TIMEOUT_S = 60.0

_SHOWN_HEADERS = ("location", "link", "x-total-count", "etag", "x-larst-hint", "x-larst-plan")


class BackendError(Exception):
    """The service cannot be reached, or refuses a request of the control API."""


@dataclass(frozen=True, slots=True)
class Backend:
    """A running service: its address, its token if it needs one, and the session of the agent."""

    url: str
    token: str | None
    session: str

    def request(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Send a request in the session; return status, headers and body of the reply.

        Raises:
            BackendError: the service cannot be reached, or the path is not one.
        """
        if not path.startswith("/") or path.startswith("//"):
            raise BackendError(f"the path begins with one slash: /members, not {path[:100]!r}")
        status, message, content = self._send(
            method, path, body, {**headers, "X-Session-ID": self.session}
        )
        reply: dict[str, Any] = {
            "status": status,
            "headers": {name: message[name] for name in _SHOWN_HEADERS if name in message},
        }
        if len(content) > MAX_REPLY_BYTES:
            reply["body"] = None
            reply["note"] = (
                f"the reply has {len(content)} bytes or more, and {MAX_REPLY_BYTES} are passed on:"
                " ask for a page with limit and offset"
            )
        else:
            reply["body"] = _value(content)
        return reply

    def control(
        self, method: str, path: str, body: object = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """Send a request to the control API of the session; return the body of the reply.

        Raises:
            BackendError: the service cannot be reached, or refuses it.
        """
        return self.manage(method, f"/sessions/{quote(self.session, safe='')}{path}", body, query)

    def manage(
        self, method: str, path: str, body: object = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """Send a request to the control API; return the body of the reply.

        Raises:
            BackendError: the service cannot be reached, or refuses it.
        """
        target = f"/_larst{path}{'?' + urlencode(query) if query else ''}"
        status, _, content = self._send(method, target, body, {})
        value = _value(content)
        if status >= 400:
            detail = value.get("detail") if isinstance(value, dict) else None
            raise BackendError(f"{status}: {detail or content[:200].decode(errors='replace')}")
        return value

    def _send(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> tuple[int, Message, bytes]:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the command checks the scheme
            self.url + quote(path, safe="/?&=%@:+,;!$'()*~[]"),
            method=method,
            data=content,
            headers={"Accept": "application/json", "Content-Type": "application/json", **headers},
        )
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310 - as above
                return reply.status, reply.headers, reply.read(MAX_REPLY_BYTES + 1)
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read(MAX_REPLY_BYTES + 1)
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise BackendError(
                f"no reply from {self.url}: {reason}; start the service with `larst serve`"
            ) from error


def _value(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode(errors="replace")
