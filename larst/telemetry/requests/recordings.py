"""The requests of sessions that asked to be recorded, whole and in order, for tests to verify.

Unlike the ring of the latest requests, a recording leaves nothing out but for its bounds, and says
how much that was. Must never be written to a disk or to a log: it contains bodies.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from larst.domain import SessionKey


MAX_REQUESTS = 1000
MAX_BYTES = 8 * 1024 * 1024
"""The requests of one session, and about their bytes; the oldest make room."""

MAX_BODY_BYTES = 256 * 1024
"""The bytes of a body that are kept."""

MAX_SESSIONS = 1000
MAX_TOTAL_BYTES = 64 * 1024 * 1024
"""All recordings together; that of the session whose latest request is the oldest makes room."""

_OVERHEAD_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class RecordedBody:
    """A body as it was sent: its first `MAX_BODY_BYTES`, and its size."""

    raw: bytes
    size_bytes: int
    content_type: str

    @classmethod
    def of(cls, raw: bytes, content_type: str) -> RecordedBody:
        """Return the part of a body that a recording keeps."""
        return cls(bytes(raw[:MAX_BODY_BYTES]), len(raw), content_type)

    @property
    def is_cut(self) -> bool:
        """Whether a part of it is not kept."""
        return len(self.raw) < self.size_bytes


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """The reply to a recorded request."""

    status: int
    headers: Mapping[str, str]
    body: RecordedBody | None


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request of a recorded session that has ended.

    `number` counts the requests of the session, by their arrival. `at_s` is Unix time. `path` is
    decoded and has no session in it, `query` is as sent. `reply` None: the client has left, or its
    connection was dropped. `fault`: what struck it on demand.
    """

    number: int
    request_id: str
    at_s: float
    ms: float
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: RecordedBody | None
    reply: RecordedReply | None
    fault: str | None = None

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        bodies = (self.body, None if self.reply is None else self.reply.body)
        headers = (self.headers, {} if self.reply is None else self.reply.headers)
        return (
            _OVERHEAD_BYTES
            + len(self.path)
            + len(self.query)
            + sum(len(body.raw) for body in bodies if body is not None)
            + sum(len(name) + len(value) for part in headers for name, value in part.items())
        )


class Recording:
    """The requests of one session; `dropped` counts those that had to make room.

    `has_news` is set by each request that is added.
    """

    def __init__(self, *, is_on: bool) -> None:
        self.is_on = is_on
        self.dropped = 0
        self.size_bytes = 0
        self.has_news = asyncio.Event()
        self._count = 0
        self._requests: deque[RecordedRequest] = deque()

    def next_number(self) -> int:
        """Return the number of a request that has arrived."""
        self._count += 1
        return self._count

    def add(self, request: RecordedRequest) -> None:
        """Add a request that has ended; the oldest ones make room."""
        self._requests.append(request)
        self.size_bytes += request.size_bytes
        while len(self._requests) > MAX_REQUESTS or self.size_bytes > MAX_BYTES:
            self.size_bytes -= self._requests.popleft().size_bytes
            self.dropped += 1
        self.has_news.set()

    def requests(self) -> list[RecordedRequest]:
        """Return the requests in the order of their arrival."""
        return sorted(self._requests, key=lambda request: request.number)

    def clear(self) -> None:
        """Forget the requests."""
        self._requests.clear()
        self.size_bytes = self.dropped = self._count = 0

    def make_room(self) -> None:
        """Drop all requests, and count them."""
        self.dropped += len(self._requests)
        self._requests.clear()
        self.size_bytes = 0


class Recordings:
    """The recordings of all sessions; `records_all`: also of those that did not ask.

    >>> recordings = Recordings(records_all=False)
    >>> recordings.switch("shop", is_on=True)
    >>> recordings.covers("shop"), recordings.covers("blog")
    (True, False)
    """

    def __init__(self, *, records_all: bool) -> None:
        self._records_all = records_all
        self._recordings: OrderedDict[SessionKey, Recording] = OrderedDict()

    def covers(self, key: SessionKey) -> bool:
        """Return whether the requests of a session are recorded."""
        recording = self._recordings.get(key)
        return self._records_all if recording is None else recording.is_on

    def switch(self, key: SessionKey, *, is_on: bool) -> None:
        """Begin or end to record a session; its recorded requests stay."""
        if is_on != self.covers(key):
            self._opened(key).is_on = is_on

    def begin(self, key: SessionKey) -> int:
        """Return the number of a request that has arrived."""
        return self._opened(key).next_number()

    def end(self, key: SessionKey, request: RecordedRequest) -> None:
        """Record a request that has ended, unless its session has been forgotten meanwhile."""
        if (recording := self._recordings.get(key)) is not None:
            self._recordings.move_to_end(key)
            recording.add(request)
            self._make_room()

    def find(self, key: SessionKey) -> Recording:
        """Return the recording of a session; an empty one if it has none."""
        return self._recordings.get(key) or Recording(is_on=self._records_all)

    def clear(self, key: SessionKey) -> None:
        """Forget the requests of a session, which stays recorded or not."""
        self.find(key).clear()

    def forget(self, key: SessionKey) -> None:
        """Forget the recording of a session."""
        self._recordings.pop(key, None)

    async def wait(
        self, key: SessionKey, is_enough: Callable[[Recording], bool], timeout_s: float
    ) -> Recording:
        """Return the recording of a session once it is enough, or as it is after `timeout_s`."""
        recording = self._opened(key)
        try:
            async with asyncio.timeout(timeout_s):
                while not is_enough(recording):
                    recording.has_news.clear()
                    await recording.has_news.wait()
        except TimeoutError:
            pass
        return recording

    def _opened(self, key: SessionKey) -> Recording:
        if (recording := self._recordings.get(key)) is None:
            recording = self._recordings[key] = Recording(is_on=self._records_all)
            if len(self._recordings) > MAX_SESSIONS:
                self._recordings.popitem(last=False)
        return recording

    def _make_room(self) -> None:
        """Drop the requests of the sessions whose latest requests are the oldest."""
        total = sum(recording.size_bytes for recording in self._recordings.values())
        for recording in self._recordings.values():
            if total <= MAX_TOTAL_BYTES:
                return
            total -= recording.size_bytes
            recording.make_room()
