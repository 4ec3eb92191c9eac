"""The metrics of one service, as plain numbers; also where its spans go.

Metrics are counted even without a reader: a measurement costs 4 us in an instrument of the SDK
(opentelemetry-sdk 1.45, November 2026) and a tenth of that in a dictionary. Must never export:
a recorder of spans is passed in, and exporters collect the metrics.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from larst.telemetry.attributes import ERROR_TYPE, METHOD, ROUTE, STAGE, STATUS
from larst.telemetry.attributes import SCHEME as SCHEME_NAME
from larst.telemetry.metrics import (
    MAILBOX_WAIT,
    METRICS,
    REQUEST_DURATION,
    STAGE_DURATION,
    Distribution,
    Kind,
    Labels,
    Metric,
    MetricData,
)
from larst.telemetry.spans import Recorder

GaugeReader: TypeAlias = Callable[[], Iterable[tuple[Labels, float]]]
"""Returns the current values of a gauge; called from any thread, and must not raise."""

SCHEME = "http"
"""The scheme that the service speaks; a proxy in front of it may speak another."""

MAX_SERIES = 500
"""Series of one metric; further labels share one series. Clients can invent any number of paths."""

OVERFLOW: Labels = (("otel.metric.overflow", "true"),)
HIT: Labels = (("result", "hit"),)
MISS: Labels = (("result", "miss"),)

_BATCH = 64
_BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}

Outcome: TypeAlias = tuple[str, str | None, int | None, str | None]
"""Method, route, status and, if the server failed, the class of the error."""


class RequestMeasurement(NamedTuple):
    """The durations of an answered request; the stage `queue` is the wait in the mailbox."""

    outcome: Outcome
    elapsed_s: float
    stage_ms: Mapping[str, float]


class Telemetry:
    """Where spans and measurements go. `recorder` is None if no spans are exported.

    Written on the event loop only, collected from any thread. `shows_content` allows prompts and
    answers of models in spans. `totals` has the counters: by metric, then by labels. `add_line`
    writes a finished line of the log; None if the log takes records only. `for_people`: the log is
    read by who sends the requests, and shows their queries and the reasons of errors.
    """

    def __init__(
        self,
        recorder: Recorder | None = None,
        *,
        shows_content: bool = False,
        add_line: Callable[[bytes], None] | None = None,
        for_people: bool = False,
    ) -> None:
        self.for_people = for_people
        self.recorder = recorder
        self.add_line = add_line
        self.shows_content = shows_content
        self.totals: dict[str, dict[Labels, float]] = {
            metric.name: {} for metric in METRICS if metric.kind is Kind.COUNTER
        }
        self._distributions: dict[str, dict[Labels, Distribution]] = {
            metric.name: {} for metric in METRICS if metric.kind is Kind.HISTOGRAM
        }
        self._gauges: dict[str, GaugeReader] = {}
        self._cache: dict[Outcome | str, Distribution] = {}  # by outcome and by stage
        self._pending: deque[RequestMeasurement] = deque()
        self._lock = threading.Lock()  # collect() may take pending measurements at the same time

    def count(self, name: str, amount: float = 1, labels: Labels = ()) -> None:
        """Add to a counter of `METRICS`."""
        totals = self.totals[name]
        if labels not in totals and len(totals) >= MAX_SERIES:
            labels = OVERFLOW
        totals[labels] = totals.get(labels, 0) + amount

    def record(self, name: str, amount: float, labels: Labels = ()) -> None:
        """Add a measurement to a histogram of `METRICS`, in its unit."""
        self._distribution(name, labels).add(amount)

    def record_request(self, measurement: RequestMeasurement) -> None:
        """Add an answered request; measured in batches, which takes half the time."""
        self._pending.append(measurement)
        if len(self._pending) >= _BATCH:
            self._measure_pending()

    def record_stage(self, stage: str, elapsed_s: float) -> None:
        """Add a stage that ended after the reply to its request."""
        self._distribution(*_stage_series(stage)).add(elapsed_s)

    def observe(self, name: str, read_gauge: GaugeReader) -> None:
        """Call `read_gauge` for the values of that gauge of `METRICS` at each collection."""
        self._gauges[name] = read_gauge

    def collect(self) -> list[MetricData]:
        """Return the current values of all metrics."""
        self._measure_pending()
        return [MetricData(metric, self._points(metric)) for metric in METRICS]

    def _measure_pending(self) -> None:
        with self._lock:
            while self._pending:
                self._measure(self._pending.popleft())

    def _measure(self, measurement: RequestMeasurement) -> None:
        outcome, elapsed_s, stage_ms = measurement
        cache = self._cache
        if (distribution := cache.get(outcome)) is None:
            distribution = self._distribution(REQUEST_DURATION, _labels(outcome))
            if len(cache) < 2 * MAX_SERIES:
                cache[outcome] = distribution
        distribution.add(elapsed_s)
        for stage, ms in stage_ms.items():
            if (distribution := cache.get(stage)) is None:
                distribution = cache[stage] = self._distribution(*_stage_series(stage))
            distribution.add(ms / 1000)

    def _distribution(self, name: str, labels: Labels) -> Distribution:
        series = self._distributions[name]
        if labels not in series and len(series) >= MAX_SERIES:
            labels = OVERFLOW
        if (distribution := series.get(labels)) is None:
            distribution = series[labels] = Distribution(_BY_NAME[name].buckets)
        return distribution

    def _points(self, metric: Metric) -> list[tuple[Labels, float | Distribution]]:
        # list() copies in one step of the interpreter: the event loop may add labels meanwhile.
        match metric.kind:
            case Kind.COUNTER:
                return list(self.totals[metric.name].items())
            case Kind.HISTOGRAM:
                return list(self._distributions[metric.name].items())
            case Kind.GAUGE:
                read_gauge = self._gauges.get(metric.name)
                return [] if read_gauge is None else list(read_gauge())


def _stage_series(stage: str) -> tuple[str, Labels]:
    return (MAILBOX_WAIT, ()) if stage == "queue" else (STAGE_DURATION, ((STAGE, stage),))


def _labels(outcome: Outcome) -> Labels:
    pairs = zip((METHOD, ROUTE, STATUS, ERROR_TYPE), outcome, strict=True)
    return ((SCHEME_NAME, SCHEME), *((name, value) for name, value in pairs if value is not None))
