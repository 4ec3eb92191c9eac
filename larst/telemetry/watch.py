"""The one place where all that is told comes together; made once for a service.

Must never decide who reads: a tracer and a meter are passed in, or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation
from opentelemetry.trace import Tracer

from larst.telemetry.metrics import METRICS, Kind, Metric
from larst.telemetry.tally import Labels, Tally

Level = Callable[[], Iterable[Observation]]
"""Reads a level; called from any thread, and must not raise."""


class Telemetry:
    """Where spans, durations and counts go. `tracer` is None where nobody is told of spans.

    `shows_content`: what models are told and answer may be put into spans.
    """

    def __init__(self, tracer: Tracer | None = None, *, shows_content: bool = False) -> None:
        self.tracer = tracer
        self.shows_content = shows_content
        self._tally = Tally()
        self._levels: dict[str, Level] = {}
        self._histograms: dict[str, Histogram] = {}

    @property
    def is_measuring(self) -> bool:
        """Whether somebody reads durations; counts are kept at any rate."""
        return bool(self._histograms)

    def count(self, name: str, amount: float = 1, labels: Labels = ()) -> None:
        """Add to a count of `METRICS`."""
        self._tally.add(name, amount, labels)

    def record(self, name: str, amount: float, attributes: Mapping[str, str | int]) -> None:
        """Measure something for a histogram of `METRICS`, if anybody reads it."""
        if (histogram := self._histograms.get(name)) is not None:
            histogram.record(amount, attributes)

    def watch_level(self, name: str, level: Level) -> None:
        """Have `level` read whenever somebody looks at that level of `METRICS`."""
        self._levels[name] = level

    def read_by(self, meter: Meter) -> None:
        """Tell `meter` of all metrics, and begin to measure durations; counts go back further."""
        if self._histograms:
            return
        for metric in METRICS:
            if metric.kind is Kind.COUNT:
                meter.create_observable_counter(
                    metric.name, [self._counted(metric)], metric.unit, metric.description
                )
            elif metric.kind is Kind.LEVEL:
                meter.create_observable_up_down_counter(
                    metric.name, [self._level(metric)], metric.unit, metric.description
                )
        self._histograms = {
            metric.name: meter.create_histogram(
                metric.name,
                metric.unit,
                metric.description,
                explicit_bucket_boundaries_advisory=metric.buckets,
            )
            for metric in METRICS
            if metric.kind is Kind.HISTOGRAM
        }

    def _counted(self, metric: Metric) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _options: self._tally.observations(metric.name)

    def _level(self, metric: Metric) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def read(_options: CallbackOptions) -> Iterable[Observation]:
            level = self._levels.get(metric.name)
            return () if level is None else level()

        return read
