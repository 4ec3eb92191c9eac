"""The replies to requests that change nothing, as bytes, while the data behind them stands.

A reply depends on the request, on what its session read for it (single records, or all of a
resource), and on the plan book; each has a state, which ends with its first change. Must never give
a reply whose states are not all current, nor remember one that says more than the request and the
data.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from larst.domain import SessionKey, Standing
from larst.http.lane.callers import Caller
from larst.telemetry import RequestDetails

MAX_BYTES = 32 * 1024 * 1024
MAX_REPLY_BYTES = 256 * 1024

Key: TypeAlias = tuple[Caller, str, str]
"""The caller, the method and the target of a request."""

_OVERHEAD_BYTES = 1_000
_MIN_PUTS = 256
_TIMING = (
    'queue;dur=0.00, plan;dur=0.00;desc="hit", validate;dur=0.00, exec;dur=0.00, commit;dur=0.00'
)
_STATE = ", state;"
"""The state of a plan follows the stages; the reply is forgotten when it changes."""


@dataclass(frozen=True, slots=True, eq=False)
class RememberedReply:
    """A reply whose head is a template: only its date and its ids differ from time to time.

    `session_id` is the name of its session, `session_key` its key. `count_use` counts a use of the
    plan that made it. `fields` are those of its line of the log that are always the same. `details`
    are those of the request that it was made for, if it was noted.
    """

    states: tuple[Standing, ...]
    session_id: str
    session_key: SessionKey
    head: str
    body: bytes
    method: str
    route: str | None
    status: int
    fields: Mapping[str, object]
    count_use: Callable[[], None]
    plan_key: str | None = None
    details: RequestDetails | None = None

    @property
    def is_current(self) -> bool:
        """Whether nothing has changed that it was made from."""
        for state in self.states:  # noqa: SIM110 - `all` of a generator takes three times as long
            if not state.is_current:
                return False
        return True

    def bytes_with(self, date: str, request_id: str, traceparent: str) -> bytes:
        """Return the whole reply."""
        values = {"date": date, "request_id": request_id, "traceparent": traceparent}
        return (self.head % values).encode("utf-8") + self.body


class ReplyMemory:
    """The replies that were used last, up to `MAX_BYTES` of all sessions together."""

    def __init__(self) -> None:
        self._replies: OrderedDict[Key, RememberedReply] = OrderedDict()
        self._size_bytes = 0
        self._puts = 0  # since the last look for replies that are not right any more

    def __len__(self) -> int:
        """Return how many replies are remembered."""
        return len(self._replies)

    def find(self, key: Key) -> RememberedReply | None:
        """Return the reply to a request if it is still right."""
        reply = self._replies.get(key)
        if reply is None:
            return None
        if not reply.is_current:
            self._drop(key)
            return None
        self._replies.move_to_end(key)
        return reply

    def put(self, key: Key, reply: RememberedReply) -> None:
        """Remember a reply; the least recently used ones make room."""
        if len(reply.body) > MAX_REPLY_BYTES:
            return
        self._drop(key)
        self._replies[key] = reply
        self._size_bytes += _size_of(key, reply)
        self._puts += 1
        if self._puts >= max(_MIN_PUTS, len(self._replies)):
            self._drop_outdated()
        while self._size_bytes > MAX_BYTES:
            self._drop(next(iter(self._replies)))

    def _drop_outdated(self) -> None:
        """Drop the replies that are not right any more: most will not be asked for again."""
        self._puts = 0
        for key, reply in tuple(self._replies.items()):
            if not reply.is_current:
                self._drop(key)

    def _drop(self, key: Key) -> None:
        if (reply := self._replies.pop(key, None)) is not None:
            self._size_bytes -= _size_of(key, reply)


def _size_of(key: Key, reply: RememberedReply) -> int:
    """Return about how much memory a reply takes, with its key: the caller and the target."""
    caller, _, target = key
    return caller.size_bytes + len(target) + len(reply.head) + len(reply.body) + _OVERHEAD_BYTES


def template_of(status: int, reason: str | None, headers: Mapping[str, str]) -> str:
    """Return the head of a reply with places for the values that differ from time to time."""
    lines = [f"HTTP/1.1 {status} {reason}".replace("%", "%%")]
    for name, value in headers.items():
        if name == "Server-Timing":
            state = value[value.index(_STATE) :] if _STATE in value else ""
            lines.append(f"{name}: {_TIMING}{state}")
        else:
            lines.append(f"{name}: {_PLACES.get(name) or value.replace('%', '%%')}")
    return "\r\n".join(lines) + "\r\n\r\n"


_PLACES: Mapping[str, str] = {
    "Date": "%(date)s",
    "X-Request-ID": "%(request_id)s",
    "traceparent": "%(traceparent)s",
}
