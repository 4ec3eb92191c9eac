"""The requests that a session received: to look at, to await, and to assert on."""

from __future__ import annotations

import difflib
import json as json_module
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from larst.testing.transport import Reply

LONGEST_WAIT_S = 60.0

_ANY: Any = object()
_MAX_DIFFS = 3
_MAX_LISTED = 20
_ALL_LINES = 1_000_000


class Control(Protocol):
    """Sends a request to the control API of a session."""

    def __call__(self, method: str, path: str) -> Reply:
        """Return the reply."""


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request that a session received, with its reply; `status` None: its client has left.

    `query` has all values of each name. `body` is the JSON value that was sent, or a text.
    """

    number: int
    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: Any
    status: int | None
    reply: Any

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> ReceivedRequest:
        """Return a request from its description by the service."""
        reply = item["reply"] or {}
        return cls(
            number=item["number"],
            method=item["method"],
            path=item["path"],
            query=item["parameters"],
            headers=item["headers"],
            body=item["body"],
            status=reply.get("status"),
            reply=reply.get("body"),
        )

    def __str__(self) -> str:
        """Return the request as a line of a report."""
        query = f"?{urlencode(self.query, doseq=True)}" if self.query else ""
        return f"#{self.number} {self.method} {self.path}{query} -> {self.status or 'no reply'}"


class ReceivedRequests(Sequence[ReceivedRequest]):
    """The requests that a session received, in order; each use asks the service again."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.matching())

    def __getitem__(self, index: Any) -> Any:
        """Return a request, or several, by position."""
        return self.matching()[index]

    def __iter__(self) -> Iterator[ReceivedRequest]:
        """Yield the requests."""
        return iter(self.matching())

    def __repr__(self) -> str:
        """Return the requests as lines."""
        return "\n".join(map(str, self)) or "no requests"

    def matching(
        self,
        method: str | None = None,
        path: str | None = None,
        *,
        status: int | str | None = None,
    ) -> list[ReceivedRequest]:
        """Return the requests that match.

        In `path`, `*` stands for any text in a segment, `/**` at the end for any segments;
        `status` may be a class such as `4xx`.
        """
        return self._list({"method": method, "path": path, "status": status})

    def wait_for(
        self,
        count: int = 1,
        method: str | None = None,
        path: str | None = None,
        *,
        status: int | str | None = None,
        timeout_s: float = 5.0,
    ) -> list[ReceivedRequest]:
        """Return the matching requests as soon as there are `count`.

        Raises:
            AssertionError: there were fewer after `timeout_s`, which is 60 at most.
        """
        wait = f"{min(timeout_s, LONGEST_WAIT_S):.3f}s"
        filters = {"method": method, "path": path, "status": status}
        matches = self._list({**filters, "wait": wait, "count": count})
        if len(matches) < count:
            name = " ".join(str(part) for part in (method, path, status) if part) or "any request"
            raise AssertionError(
                f"{name} was received {_times(len(matches))} within {timeout_s:g} s, expected"
                f" {_times(count)}\n{self._all_as_text()}"
            )
        return matches

    def assert_received(
        self,
        method: str,
        path: str,
        *,
        json: Any = _ANY,
        body: Any = _ANY,
        query: Mapping[str, Any] | None = None,
        status: int | str | None = None,
        times: int | None = None,
    ) -> list[ReceivedRequest]:
        """Return the requests that match; at least one, or exactly `times`.

        `json` (or `body`, if it was a text) must be equal to the whole body; `unittest.mock.ANY`
        stands for any value in it. Of `query`, the values of each named parameter must be equal.

        Raises:
            AssertionError: the number is another; the text shows how similar requests differ.
        """
        similar = self.matching(method, path, status=status)
        expected = body if json is _ANY else json
        matches = [
            request
            for request in similar
            if (expected is _ANY or _is_equal(expected, request.body))
            and _has_query(request, query)
        ]
        if len(matches) == times or (times is None and matches):
            return matches
        wanted = "at least once" if times is None else _times(times)
        lines = [
            f"{method} {path} was received {_times(len(matches))}{_such(expected, query)},"
            f" expected {wanted}"
        ]
        different = [request for request in similar if request not in matches]
        for request in different[-_MAX_DIFFS:]:
            lines += [f"{request} differs (- expected, + received):"]
            lines += _differences(request, expected, query)
        raise AssertionError("\n".join([*lines, self._all_as_text()]))

    def assert_not_received(self, method: str | None = None, path: str | None = None) -> None:
        """Check that no request matches.

        Raises:
            AssertionError: some do; the text lists them.
        """
        if matches := self.matching(method, path):
            lines = [str(request) for request in matches[:_MAX_LISTED]]
            raise AssertionError("\n".join([f"{_times(len(matches))} too many:", *lines]))

    def clear(self) -> None:
        """Forget the requests; later ones count from 1."""
        self._control("DELETE", "requests")

    def _list(self, filters: Mapping[str, Any]) -> list[ReceivedRequest]:
        query = {name: value for name, value in filters.items() if value is not None}
        reply = self._control("GET", f"requests?{urlencode({**query, 'limit': 1000})}")
        return [ReceivedRequest.of(item) for item in reply.json()["items"]]

    def _all_as_text(self) -> str:
        requests = self.matching()
        lines = [str(request) for request in requests[-_MAX_LISTED:]]
        return "\n".join([f"all {len(requests)} requests of the session:", *lines])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _such(expected: Any, query: Mapping[str, Any] | None) -> str:
    parts = [*(["query"] if query else []), *([] if expected is _ANY else ["body"])]
    return f" with this {' and '.join(parts)}" if parts else ""


def _has_query(request: ReceivedRequest, query: Mapping[str, Any] | None) -> bool:
    return all(
        list(request.query.get(name, ())) == _values(value) for name, value in (query or {}).items()
    )


def _values(value: Any) -> list[Any]:
    values = value if isinstance(value, list | tuple) else [value]
    return [_text(item) for item in values]


def _text(value: Any) -> Any:
    """Return a value as clients write it in a query; `mock.ANY` stays."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _is_equal(expected: Any, received: Any) -> bool:
    """Return whether two JSON values are equal; other than in Python, `true` is not 1."""
    if isinstance(expected, Mapping) and isinstance(received, Mapping):
        return expected.keys() == received.keys() and all(
            _is_equal(item, received[name]) for name, item in expected.items()
        )
    if isinstance(expected, list) and isinstance(received, list):
        return len(expected) == len(received) and all(map(_is_equal, expected, received))
    if isinstance(expected, bool | int | float) and isinstance(received, bool):
        return expected is received
    return bool(expected == received) and not (
        isinstance(expected, bool) and not isinstance(received, bool)
    )


def _differences(
    request: ReceivedRequest, expected: Any, query: Mapping[str, Any] | None
) -> list[str]:
    lines: list[str] = []
    if query and not _has_query(request, query):
        named = {name: list(request.query.get(name, ())) for name in query}
        wanted = {name: _values(value) for name, value in query.items()}
        lines += _diff(_aligned(wanted, named), named)
    if expected is not _ANY and not _is_equal(expected, request.body):
        lines += _diff(_aligned(expected, request.body), request.body)
    return [f"    {line}" for line in lines]


def _diff(expected: Any, received: Any) -> list[str]:
    lines = [*difflib.unified_diff(_pretty(expected), _pretty(received), n=_ALL_LINES)]
    return [f"{line[0]} {line[1:]}".rstrip() for line in lines[3:]]  # behind its own head


def _pretty(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.splitlines() or [""]
    text = json_module.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=repr)
    return text.splitlines()


def _aligned(expected: Any, received: Any) -> Any:
    """Return the expected value with the received one wherever it is equal, as `mock.ANY` is."""
    if _is_equal(expected, received):
        return received
    if isinstance(expected, Mapping) and isinstance(received, Mapping):
        return {
            name: _aligned(item, received[name]) if name in received else item
            for name, item in expected.items()
        }
    if isinstance(expected, list) and isinstance(received, list):
        pairs = zip(expected, received, strict=False)
        return [*(_aligned(*pair) for pair in pairs), *expected[len(received) :]]
    return expected
