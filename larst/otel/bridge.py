"""From metrics as the service keeps them to those of the SDK: in its specification, a bridge.

https://opentelemetry.io/docs/specs/otel/metrics/sdk/#metricproducer (November 2026). The Python SDK
has no place for such a producer yet, so a bridge takes the place of its meter provider.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricReader,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

Labels = tuple[tuple[str, str | int], ...]

_CUMULATIVE = AggregationTemporality.CUMULATIVE


class Described(Protocol):
    """A metric: `kind` is `count`, `level` or `histogram`, `unit` by UCUM."""

    @property
    def name(self) -> str:
        """By which it is known."""

    @property
    def kind(self) -> str:
        """How it behaves."""

    @property
    def unit(self) -> str:
        """What it is measured in."""

    @property
    def description(self) -> str:
        """What it says, in a sentence."""


class Read(Protocol):
    """What a metric says now.

    A point of a histogram has `bounds`, `counts`, `total`, `lowest` and `highest`; others are
    numbers.
    """

    @property
    def metric(self) -> Described:
        """Which metric it is."""

    @property
    def points(self) -> Sequence[tuple[Labels, Any]]:
        """By labels, what it says."""


Readings = Callable[[], Sequence[Read]]
"""FieldAccess all metrics; called from any thread."""


class Bridge:
    """Gives the readings in the SDK's form; sums count from `began_ns` (Unix time)."""

    def __init__(
        self, readings: Readings, resource: Resource, scope: str, version: str, began_ns: int
    ) -> None:
        self._readings = readings
        self._resource = resource
        self._scope = InstrumentationScope(scope, version)
        self._began_ns = began_ns

    def serve(self, reader: MetricReader) -> None:
        """Have `reader` collect from here."""
        # What a meter provider does with its readers; there is no public way.
        reader._set_collect_callback(lambda *_asked, **_more: self.data())

    def data(self) -> MetricsData:
        """Return what all metrics say now; those without a point are left out."""
        now_ns = time.time_ns()
        metrics = [self._metric(read, now_ns) for read in self._readings() if read.points]
        scoped = ScopeMetrics(self._scope, metrics, "")
        return MetricsData([ResourceMetrics(self._resource, [scoped], "")])

    def _metric(self, read: Read, now_ns: int) -> Metric:
        described = read.metric
        data: Histogram | Sum
        if described.kind == "histogram":
            points = [self._distribution(dict(labels), one, now_ns) for labels, one in read.points]
            data = Histogram(points, _CUMULATIVE)
        else:
            numbers = [
                NumberDataPoint(dict(labels), self._began_ns, now_ns, value)
                for labels, value in read.points
            ]
            data = Sum(numbers, _CUMULATIVE, is_monotonic=described.kind == "count")
        return Metric(described.name, described.description, described.unit, data)

    def _distribution(
        self, attributes: Mapping[str, str | int], one: Any, now_ns: int
    ) -> HistogramDataPoint:
        counts = tuple(one.counts)
        return HistogramDataPoint(
            attributes,
            self._began_ns,
            now_ns,
            count=sum(counts),
            sum=one.total,
            bucket_counts=counts,
            explicit_bounds=one.bounds,
            min=one.lowest,
            max=one.highest,
        )
