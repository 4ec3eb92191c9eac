"""Metrics across the bridge: to the SDK's form, and to the text that Prometheus reads."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.metrics.export import AggregationTemporality, Histogram, Metric, Sum
from opentelemetry.sdk.resources import Resource

from larst.otel import set_up
from larst.otel.bridge import Bridge
from larst.telemetry import Telemetry
from larst.telemetry.metrics import METRICS, RESTARTS, SESSIONS, STAGE_DURATION, Kind

LABELS = (("larst.stage", "exec"),)


@pytest.fixture
def telemetry() -> Telemetry:
    telemetry = Telemetry()
    telemetry.count(RESTARTS)
    telemetry.observe(SESSIONS, lambda: [((("state", "live"),), 3.0)])
    for seconds in (0.0001, 0.0002, 99.0):
        telemetry.record(STAGE_DURATION, seconds, LABELS)
    return telemetry


def by_name(telemetry: Telemetry) -> dict[str, Metric]:
    data = Bridge(telemetry.collect, Resource({}), "larst", "1", 5).data()
    return {metric.name: metric for metric in data.resource_metrics[0].scope_metrics[0].metrics}


def test_only_metrics_with_a_point_are_sent(telemetry: Telemetry) -> None:
    assert set(by_name(telemetry)) == {RESTARTS, SESSIONS, STAGE_DURATION}


def test_a_counter_is_a_monotonic_sum(telemetry: Telemetry) -> None:
    data = by_name(telemetry)[RESTARTS].data

    assert isinstance(data, Sum)
    assert (data.is_monotonic, data.aggregation_temporality) == (
        True,
        AggregationTemporality.CUMULATIVE,
    )
    (point,) = data.data_points
    assert (point.value, point.start_time_unix_nano) == (1, 5)
    assert point.time_unix_nano > 5


def test_a_gauge_is_a_sum_that_may_fall(telemetry: Telemetry) -> None:
    data = by_name(telemetry)[SESSIONS].data

    assert isinstance(data, Sum)
    assert not data.is_monotonic
    assert [(point.attributes, point.value) for point in data.data_points] == [
        ({"state": "live"}, 3.0)
    ]


def test_a_histogram_keeps_its_buckets(telemetry: Telemetry) -> None:
    """A bound belongs to the bucket that it ends; the last bucket has no bound."""
    metric = by_name(telemetry)[STAGE_DURATION]

    assert isinstance(metric.data, Histogram)
    (point,) = metric.data.data_points
    assert point.attributes == dict(LABELS)
    assert (point.count, point.min, point.max) == (3, 0.0001, 99.0)
    assert point.sum == pytest.approx(99.0003)
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert (point.bucket_counts[0], point.bucket_counts[1], point.bucket_counts[-1]) == (1, 1, 1)
    assert metric.unit == "s"


def test_prometheus_gets_the_format_that_it_accepts(telemetry: Telemetry) -> None:
    providers = set_up({}, service="larst", version="1", instance_id="i")
    providers.export_metrics(telemetry.collect)

    plain = providers.page("text/plain")
    modern = providers.page("application/openmetrics-text; version=1.0.0")
    telemetry.count(RESTARTS)
    later = providers.page("*/*")

    assert plain is not None
    assert modern is not None
    assert later is not None
    assert b'larst_stage_duration_seconds_bucket{larst_stage="exec",le="0.0001"} 1.0' in plain.body
    assert b'larst_stage_duration_seconds_bucket{larst_stage="exec",le="+Inf"} 3.0' in plain.body
    assert plain.content_type.startswith("text/plain")
    assert modern.content_type.startswith("application/openmetrics-text")
    assert modern.body.endswith(b"# EOF\n")
    assert b"larst_session_restarts_total 2.0" in later.body


def test_prometheus_sees_the_kinds_that_the_table_lists(telemetry: Telemetry) -> None:
    """docs/telemetry.md says counter, gauge or histogram; so must the page."""
    providers = set_up({}, service="larst", version="1", instance_id="i")
    providers.export_metrics(telemetry.collect)

    page = providers.page("text/plain")

    assert page is not None
    for line in (
        b"# TYPE larst_session_restarts_total counter",
        b"# TYPE larst_sessions gauge",
        b"# TYPE larst_stage_duration_seconds histogram",
    ):
        assert line in page.body.splitlines()


def test_a_disabled_sdk_has_no_page_and_no_recorder() -> None:
    providers = set_up({"OTEL_SDK_DISABLED": "true"}, service="s", version="1", instance_id="i")
    providers.export_metrics(Telemetry().collect)

    assert providers.page("*/*") is None
    assert providers.recorder is None


def test_every_metric_has_a_unit_and_a_sentence() -> None:
    for metric in METRICS:
        assert metric.unit
        assert metric.description.endswith(".")
        assert bool(metric.buckets) is (metric.kind is Kind.HISTOGRAM)
        assert list(metric.buckets) == sorted(set(metric.buckets))
