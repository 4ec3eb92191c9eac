"""A session of the service, as a test uses it: requests, data, and the requests it received.

All methods wait for the reply. They may be called in asynchronous tests and from any thread: the
service is another process. Only `requests.wait_for` waits for something that the test may have to
do itself; call it with `asyncio.to_thread` if so.
"""

from __future__ import annotations

import json as json_module
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from larst.testing.clock import SessionTime
from larst.testing.faults import SessionFaults
from larst.testing.received import ReceivedRequests
from larst.testing.transport import Reply, Transport

_NO_BODY: Any = object()
_JSON = {"Content-Type": "application/json"}


class KitError(Exception):
    """The service refused what the kit asked it to do; the text has its reason."""


class LarstSession:
    """A session: `url` is its address for the code under test, `requests` are those it received.

    `faults` are those that strike them, and `clock` is the time that it has.

    `name` is what `X-Session-ID` or a path such as `/@NAME/orders` names.
    """

    def __init__(self, transport: Transport, name: str) -> None:
        self.name = name
        self.url = f"{transport.url}/@{quote(name)}"
        self._transport = transport
        self.requests = ReceivedRequests(self.control)
        self.faults = SessionFaults(self.control)
        self.clock = SessionTime(self.control)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = _NO_BODY,
        body: bytes | str | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request to the session and return the reply, whatever its status.

        Raises:
            OSError, http.client.HTTPException: the connection failed, or ended too early.
        """
        content = body.encode() if isinstance(body, str) else body
        all_headers = dict(headers or {})
        if json is not _NO_BODY:
            content, all_headers = json_module.dumps(json).encode(), {**_JSON, **all_headers}
        target = f"/@{quote(self.name)}{_with_query(path, query)}"
        return self._transport.send(method, target, content, all_headers)

    def get(self, path: str, **options: Any) -> Reply:
        """Send GET, with the options of `request`."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Reply:
        """Send POST, with the options of `request`."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> Reply:
        """Send PUT, with the options of `request`."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Reply:
        """Send PATCH, with the options of `request`."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Reply:
        """Send DELETE, with the options of `request`."""
        return self.request("DELETE", path, **options)

    def seed(self, data: Mapping[str, Any] | str | Path) -> dict[str, int]:
        """Replace the data of the session; return the number of records by resource.

        `data` is a database (`{"books": [{"id": 1}]}`), or the path of a file: a `db.json`, or
        an export of a session.

        Raises:
            KitError: it cannot be imported.
            OSError: the file cannot be read.
        """
        if isinstance(data, str | Path):
            content = Path(data).read_bytes()
        else:
            content = json_module.dumps(data).encode()
        reply = self.control("POST", "import?replace=true", content)
        imported: dict[str, int] = reply.json()["imported"]
        return imported

    def declare(self, resource: str, **settings: Any) -> None:
        """Declare what every record of a resource keeps to.

        Such as `declare("members", timestamps=True, unique=["email"])`; it may have `id`,
        `required`, `defaults`, `ttl` and `expiry`, too.

        Raises:
            KitError: the settings are not understood, or a stored record breaks them.
        """
        content = json_module.dumps(settings).encode()
        self.control("PUT", f"resources/{quote(resource, safe='')}", content)

    def save(self, snapshot: str) -> None:
        """Save the data of the session as a snapshot.

        Raises:
            KitError: the session has no data, or the name is not valid.
        """
        self.control("PUT", f"snapshots/{quote(snapshot, safe='')}")

    def load(self, snapshot: str) -> None:
        """Replace the data of the session by a snapshot.

        Raises:
            KitError: the session has no such snapshot.
        """
        self.control("POST", f"snapshots/{quote(snapshot, safe='')}/load")

    def reset(self) -> None:
        """Begin again: no data, ids from 1, no received requests, no faults."""
        self.control("POST", "reset")
        self.faults.clear()
        self.requests.clear()

    def open(self) -> None:
        """Begin to record the requests."""
        self.control("PUT", "recording", b'{"recording":"on"}')

    def erase(self) -> None:
        """Erase the session with all that belongs to it."""
        self.control("DELETE", "", admits_missing=True)

    def summary(self) -> str:
        """Return the address and the received requests as text, for the report of a test."""
        try:
            lines = [str(request) for request in self.requests]
        except (OSError, KitError) as error:
            lines = [f"the service does not answer: {error}"]
        return "\n".join([self.url, *lines])

    def control(
        self, method: str, path: str, content: bytes | None = None, *, admits_missing: bool = False
    ) -> Reply:
        """Send a request to the control API of the session; `path` is below its own.

        Raises:
            KitError: the service refused it.
        """
        target = f"/_larst/sessions/{quote(self.name)}{'/' if path else ''}{path}"
        reply = self._transport.send(method, target, content, _JSON if content else {})
        if not reply.is_ok and not (admits_missing and reply.status == 404):
            raise KitError(f"{method} {target}: {reply.status} {_reason(reply)}")
        return reply


def _with_query(path: str, query: Mapping[str, Any] | None) -> str:
    slashed = path if path.startswith("/") else f"/{path}"
    target = quote(slashed, safe="/%?#[]@!$&'()*+,;=:~-._")
    if not query:
        return target
    return f"{target}{'&' if '?' in target else '?'}{urlencode(query, doseq=True)}"


def _reason(reply: Reply) -> str:
    try:
        problem = reply.json()
        return str(problem.get("detail") or problem.get("error"))
    except (ValueError, AttributeError):
        return reply.text[:500]
