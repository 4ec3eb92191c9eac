"""The one place where all that is told comes together; made once for a service.

Sums and distributions are kept here, whether anybody reads them or not: an instrument of the SDK
takes 4 us for each measurement (opentelemetry-sdk 1.45, November 2026), a dictionary's entry a
tenth of that. Must never decide who reads: a recorder of spans is passed in, metrics are taken.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from larst.telemetry.attributes import ERROR_TYPE, METHOD, ROUTE, STAGE, STATUS
from larst.telemetry.attributes import SCHEME as SCHEME_NAME
from larst.telemetry.metrics import (
    MAILBOX_WAIT,
    METRICS,
    REQUEST_DURATION,
    STAGE_DURATION,
    Kind,
    Metric,
)
from larst.telemetry.spans import Recorder

Labels = tuple[tuple[str, str | int], ...]
"""A metric's attributes, always in the same order."""

Level = Callable[[], Iterable[tuple[Labels, float]]]
"""FieldAccess a level, by labels; called from any thread, and must not raise."""

SCHEME = "http"
"""What the service speaks; a proxy before it may speak another."""

MAX_SERIES = 500
"""Of one metric; further labels share one. Clients can make up paths without end."""

OVERFLOW: Labels = (("otel.metric.overflow", "true"),)
FOUND: Labels = (("result", "hit"),)
MISSED: Labels = (("result", "miss"),)

_BATCH = 64
_BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}


Outcome = tuple[str, str | None, int | None, str | None]
"""Of a request: method, route, status and, where the server failed, the error's class."""


class Replied(NamedTuple):
    """A request that has its reply, and how long that took, with the stages it went through.

    Of the stages, `queue` is the wait in the mailbox.
    """

    outcome: Outcome
    took_s: float
    stage_ms: Mapping[str, float]


class Distribution:
    """How measurements fell: `counts` has one more than `bounds`, for those above the last."""

    __slots__ = ("bounds", "counts", "highest", "lowest", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.lowest = float("inf")
        self.highest = float("-inf")

    def add(self, amount: float) -> None:
        """Take a measurement in; a bound is part of the bucket that it ends."""
        self.counts[bisect_left(self.bounds, amount)] += 1
        self.total += amount
        if amount < self.lowest:
            self.lowest = amount
        if amount > self.highest:
            self.highest = amount


@dataclass(frozen=True, slots=True)
class Reading:
    """What one metric says now: by labels, a sum, a level or a distribution."""

    metric: Metric
    points: list[tuple[Labels, float | Distribution]]


class Telemetry:
    """Where spans, measurements and counts go. `recorder` is None where no spans are wanted.

    Told on the event loop alone; read from any thread. `shows_content`: what models are told and
    answer may be put into spans.
    """

    def __init__(self, recorder: Recorder | None = None, *, shows_content: bool = False) -> None:
        self.recorder = recorder
        self.shows_content = shows_content
        self._levels: dict[str, Level] = {}
        self._sums = _by_labels(Kind.COUNT)
        self._distributions: dict[str, dict[Labels, Distribution]] = {
            metric.name: {} for metric in METRICS if metric.kind is Kind.HISTOGRAM
        }
        self._kept: dict[Outcome | str, Distribution] = {}  # those of replies and of stages
        self._replies: deque[Replied] = deque()
        self._lock = threading.Lock()  # who reads takes replies in, too

    def count(self, name: str, amount: float = 1, labels: Labels = ()) -> None:
        """Add to a count of `METRICS`."""
        sums = self._sums[name]
        if labels not in sums and len(sums) >= MAX_SERIES:
            labels = OVERFLOW
        sums[labels] = sums.get(labels, 0) + amount

    def record(self, name: str, amount: float, labels: Labels = ()) -> None:
        """Measure something for a histogram of `METRICS`, in its unit."""
        self._distribution(name, labels).add(amount)

    def replied(self, reply: Replied) -> None:
        """Measure a request and its stages: soon, many at a time, which takes half as long."""
        self._replies.append(reply)
        if len(self._replies) >= _BATCH:
            self._take_in()

    def stage_took(self, stage: str, took_s: float) -> None:
        """Measure a stage that ended after its request had its reply."""
        self._distribution(*_series_of_stage(stage)).add(took_s)

    def watch_level(self, name: str, level: Level) -> None:
        """Have `level` read whenever somebody looks at that level of `METRICS`."""
        self._levels[name] = level

    def readings(self) -> list[Reading]:
        """Return what all metrics say now."""
        self._take_in()
        return [Reading(metric, self._points(metric)) for metric in METRICS]

    def _take_in(self) -> None:
        with self._lock:
            while self._replies:
                self._measure(self._replies.popleft())

    def _measure(self, reply: Replied) -> None:
        outcome, took_s, stage_ms = reply
        kept = self._kept
        if (found := kept.get(outcome)) is None:
            found = self._distribution(REQUEST_DURATION, _labels(outcome))
            if len(kept) < 2 * MAX_SERIES:
                kept[outcome] = found
        found.add(took_s)
        for stage, ms in stage_ms.items():
            if (found := kept.get(stage)) is None:
                found = kept[stage] = self._distribution(*_series_of_stage(stage))
            found.add(ms / 1000)

    def _distribution(self, name: str, labels: Labels) -> Distribution:
        series = self._distributions[name]
        if labels not in series and len(series) >= MAX_SERIES:
            labels = OVERFLOW
        if (found := series.get(labels)) is None:
            found = series[labels] = Distribution(_BY_NAME[name].buckets)
        return found

    def _points(self, metric: Metric) -> list[tuple[Labels, float | Distribution]]:
        # Copied in one step of the interpreter: the loop may add labels meanwhile.
        match metric.kind:
            case Kind.COUNT:
                return list(self._sums[metric.name].items())
            case Kind.HISTOGRAM:
                return list(self._distributions[metric.name].items())
            case Kind.LEVEL:
                level = self._levels.get(metric.name)
                return [] if level is None else list(level())


def _by_labels(kind: Kind) -> dict[str, dict[Labels, float]]:
    return {metric.name: {} for metric in METRICS if metric.kind is kind}


def _series_of_stage(stage: str) -> tuple[str, Labels]:
    return (MAILBOX_WAIT, ()) if stage == "queue" else (STAGE_DURATION, ((STAGE, stage),))


def _labels(outcome: Outcome) -> Labels:
    told = zip((METHOD, ROUTE, STATUS, ERROR_TYPE), outcome, strict=True)
    return ((SCHEME_NAME, SCHEME), *((name, value) for name, value in told if value is not None))
