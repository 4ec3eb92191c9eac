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
    told = Telemetry()
    told.count(RESTARTS)
    told.watch_level(SESSIONS, lambda: [((("state", "live"),), 3.0)])
    for seconds in (0.0001, 0.0002, 99.0):
        told.record(STAGE_DURATION, seconds, LABELS)
    return told


def by_name(telemetry: Telemetry) -> dict[str, Metric]:
    data = Bridge(telemetry.readings, Resource({}), "larst", "1", 5).data()
    return {one.name: one for one in data.resource_metrics[0].scope_metrics[0].metrics}


def test_only_what_says_something_is_sent(telemetry: Telemetry) -> None:
    assert set(by_name(telemetry)) == {RESTARTS, SESSIONS, STAGE_DURATION}


def test_a_count_is_a_sum_that_only_grows(telemetry: Telemetry) -> None:
    data = by_name(telemetry)[RESTARTS].data

    assert isinstance(data, Sum)
    assert (data.is_monotonic, data.aggregation_temporality) == (
        True,
        AggregationTemporality.CUMULATIVE,
    )
    (point,) = data.data_points
    assert (point.value, point.start_time_unix_nano) == (1, 5)
    assert point.time_unix_nano > 5


def test_a_level_goes_up_and_down(telemetry: Telemetry) -> None:
    data = by_name(telemetry)[SESSIONS].data

    assert isinstance(data, Sum)
    assert not data.is_monotonic
    assert [(point.attributes, point.value) for point in data.data_points] == [
        ({"state": "live"}, 3.0)
    ]


def test_a_distribution_keeps_its_buckets(telemetry: Telemetry) -> None:
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


def test_prometheus_reads_it_in_the_form_that_it_asks_for(telemetry: Telemetry) -> None:
    providers = set_up({}, service="larst", version="1", instance_id="i")
    providers.export_metrics(telemetry.readings)

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


def test_where_all_is_disabled_there_is_no_page() -> None:
    providers = set_up({"OTEL_SDK_DISABLED": "true"}, service="s", version="1", instance_id="i")
    providers.export_metrics(Telemetry().readings)

    assert providers.page("*/*") is None
    assert providers.recorder is None


def test_every_metric_has_a_unit_and_a_sentence() -> None:
    for metric in METRICS:
        assert metric.unit
        assert metric.description.endswith(".")
        assert bool(metric.buckets) is (metric.kind is Kind.HISTOGRAM)
        assert list(metric.buckets) == sorted(set(metric.buckets))
