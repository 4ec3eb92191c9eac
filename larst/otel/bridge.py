"""Converts the service's metrics to those of the SDK. Must never change a metric.

The OpenTelemetry specification calls this a bridge, or MetricProducer
(https://opentelemetry.io/docs/specs/otel/metrics/sdk/#metricproducer, November 2026). The Python
SDK accepts no such producer yet, so the bridge takes the place of its meter provider.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

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

from larst.telemetry.metrics import Distribution, Kind, MetricData

Collect: TypeAlias = Callable[[], Sequence[MetricData]]
"""Returns the current values of all metrics; called from any thread."""

_CUMULATIVE = AggregationTemporality.CUMULATIVE


class Bridge:
    """Gives the collected metrics in the SDK's form; sums start at `started_ns` (Unix time)."""

    def __init__(
        self, collect: Collect, resource: Resource, scope: str, version: str, started_ns: int
    ) -> None:
        self._collect = collect
        self._resource = resource
        self._scope = InstrumentationScope(scope, version)
        self._started_ns = started_ns

    def attach(self, reader: MetricReader) -> None:
        """Make `reader` collect its metrics here."""
        # A meter provider does the same with its readers; the SDK has no public way. Guarded by
        # tests/otel/test_sdk_contract.py and by the upper bound in pyproject.toml.
        reader._set_collect_callback(lambda *_args, **_options: self.data())

    def data(self) -> MetricsData:
        """Return the current values of all metrics that have a point."""
        now_ns = time.time_ns()
        metrics = [self._metric(metric, now_ns) for metric in self._collect() if metric.points]
        scoped = ScopeMetrics(self._scope, metrics, "")
        return MetricsData([ResourceMetrics(self._resource, [scoped], "")])

    def _metric(self, collected: MetricData, now_ns: int) -> Metric:
        metric = collected.metric
        distributions: list[HistogramDataPoint] = []
        numbers: list[NumberDataPoint] = []
        for labels, value in collected.points:
            if isinstance(value, Distribution):
                distributions.append(self._distribution(dict(labels), value, now_ns))
            else:
                numbers.append(NumberDataPoint(dict(labels), self._started_ns, now_ns, value))
        data = (
            Histogram(distributions, _CUMULATIVE)
            if metric.kind is Kind.HISTOGRAM
            else Sum(numbers, _CUMULATIVE, is_monotonic=metric.kind is Kind.COUNTER)
        )
        return Metric(metric.name, metric.description, metric.unit, data)

    def _distribution(
        self, attributes: Mapping[str, str | int], distribution: Distribution, now_ns: int
    ) -> HistogramDataPoint:
        counts = tuple(distribution.counts)
        return HistogramDataPoint(
            attributes,
            self._started_ns,
            now_ns,
            count=sum(counts),
            sum=distribution.total,
            bucket_counts=counts,
            explicit_bounds=distribution.bounds,
            min=distribution.lowest,
            max=distribution.highest,
        )
