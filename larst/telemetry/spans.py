"""Spans as they are kept until somebody is told of them: plain notes, made into more elsewhere.

The SDK's own spans take 200 us of the thread that serves, six of them a request; as notes, made
into spans in the thread that exports them, 55 (opentelemetry-sdk 1.45, where an aiohttp handler
takes 22; benchmarks/telemetry_cost.py, November 2026).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from larst.domain import TraceParent

Value: TypeAlias = str | int | float | bool | tuple[str, ...]
Attributes: TypeAlias = Mapping[str, Value]
SpanKind: TypeAlias = Literal["internal", "server", "client"]


class Event(NamedTuple):
    """Something that happened within a span; `at_ns` is Unix time."""

    name: str
    at_ns: int
    attributes: Attributes


class Span:
    """A step of a request. Times are Unix time in ns; `end_ns` is 0 while it lasts.

    `error` is what failed, in a word, where something did. `link` is another trace's span that
    has to do with it. `span_id` is 0 until it is needed.
    """

    __slots__ = (
        "attributes",
        "begin_ns",
        "end_ns",
        "error",
        "events",
        "kind",
        "link",
        "name",
        "parent",
        "span_id",
    )

    def __init__(
        self,
        name: str,
        parent: Span | None,
        begin_ns: int,
        attributes: dict[str, Value],
        kind: SpanKind = "internal",
        link: TraceParent | None = None,
    ) -> None:
        self.name = name
        self.parent = parent
        self.begin_ns = begin_ns
        self.end_ns = 0
        self.attributes = attributes
        self.kind: SpanKind = kind
        self.link = link
        self.events: list[Event] | None = None
        self.error: str | None = None
        self.span_id = 0

    @property
    def is_kept(self) -> bool:
        """Whether somebody will be told of it."""
        return True

    def set(self, name: str, value: Value) -> None:
        """Set an attribute."""
        self.attributes[name] = value

    def happened(self, name: str, attributes: Attributes) -> None:
        """Note an event, now."""
        event = Event(name, time.time_ns(), attributes)
        if self.events is None:
            self.events = [event]
        else:
            self.events.append(event)


class _NotKept(Span):
    """Takes the place of a span where nobody is told of any."""

    __slots__ = ()

    @property
    def is_kept(self) -> bool:
        return False

    def set(self, name: str, value: Value) -> None:
        """Do nothing."""

    def happened(self, name: str, attributes: Attributes) -> None:
        """Do nothing."""


NOT_KEPT: Span = _NotKept("", None, 0, {})


class Begun(Protocol):
    """A request's place in a trace: the caller's, or one of its own."""

    @property
    def trace_id(self) -> int:
        """128 bits."""

    @property
    def span_id(self) -> int:
        """64 bits, of the server's own span."""

    @property
    def is_sampled(self) -> bool:
        """Whether its spans are wanted."""


class Recorder(Protocol):
    """Who decides which requests are recorded, and is told of their spans."""

    def begin(self, headers: Mapping[str, str], name: str) -> Begun:
        """Continue the caller's trace, or begin one."""

    def tell(self, begun: Any, spans: Sequence[Span]) -> None:
        """Take spans that have ended, of the request that `begin` gave `begun` for.

        The one without a parent is the server's own. Returns at once.
        """
