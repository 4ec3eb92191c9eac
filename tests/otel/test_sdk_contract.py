"""The private parts of the OpenTelemetry SDK that larst.otel uses behave as it expects.

A failure here after an update of opentelemetry-sdk names the code to look at; the upper bounds in
pyproject.toml keep an untested version out until then.
"""

from __future__ import annotations

import inspect
import logging

import pytest
from opentelemetry.sdk._shared_internal import DuplicateFilter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricReader, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from larst.otel.bridge import Bridge
from larst.otel.log_throttle import QUEUE_FULL, QUEUE_LOGGER
from larst.otel.recorder import SpanRecorder
from larst.telemetry import Telemetry
from larst.telemetry.metrics import RESTARTS
from larst.telemetry.spans import Span

LOOK_AT = "opentelemetry-sdk has changed: look at larst/otel/"


def test_a_reader_accepts_a_collect_callback() -> None:
    """`Bridge.attach` is the only caller of this method outside the SDK."""
    method = getattr(MetricReader, "_set_collect_callback", None)

    assert method is not None, f"{LOOK_AT}bridge.py, Bridge.attach; is there a MetricProducer now?"
    parameters = list(inspect.signature(method).parameters)
    assert len(parameters) == 2, f"{LOOK_AT}bridge.py, Bridge.attach: {parameters}"


def test_a_meter_provider_uses_the_same_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the provider attaches its readers in another way, the bridge must follow."""
    readers: list[MetricReader] = []
    monkeypatch.setattr(
        MetricReader, "_set_collect_callback", lambda reader, _collect: readers.append(reader)
    )
    reader = InMemoryMetricReader()

    MeterProvider([reader], resource=Resource({}), shutdown_on_exit=False)

    assert readers == [reader], f"{LOOK_AT}bridge.py, Bridge.attach"


def test_a_reader_collects_through_the_bridge() -> None:
    telemetry, reader = Telemetry(), InMemoryMetricReader()
    telemetry.count(RESTARTS)
    Bridge(telemetry.collect, Resource({}), "larst", "1", 5).attach(reader)

    data = reader.get_metrics_data()

    assert isinstance(data, MetricsData), f"{LOOK_AT}bridge.py, Bridge.data"
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert metric.name == RESTARTS


class _CollectingExporter(SpanExporter):
    def __init__(self) -> None:
        self.exported: list[object] = []

    def export(self, spans: object) -> SpanExportResult:
        assert isinstance(spans, list | tuple)
        self.exported += spans
        return SpanExportResult.SUCCESS


def test_the_batch_processor_passes_on_what_it_is_given() -> None:
    """A queued request is not an SDK span: the processor may look at its context only."""
    exporter = _CollectingExporter()
    recorder = SpanRecorder(exporter, Resource({}))
    span = Span("GET", None, 1, {}, "server")

    recorder.export(recorder.start({}, "GET"), [span])
    recorder.flush()
    recorder.shutdown()

    (queued,) = exporter.exported
    assert getattr(queued, "spans", None) == [span], f"{LOOK_AT}recorder.py, _QueuedRequest"


def test_a_full_queue_is_logged_as_the_throttle_expects() -> None:
    """Otherwise each dropped request would count as an unknown warning."""
    records: list[logging.LogRecord] = []
    logger = logging.getLogger(QUEUE_LOGGER)

    def collect(record: logging.LogRecord) -> bool:
        records.append(record)
        return False

    filters, logger.filters = logger.filters, [collect]
    exporter = _CollectingExporter()
    try:
        processor = BatchSpanProcessor(
            exporter, max_queue_size=1, max_export_batch_size=1, schedule_delay_millis=60_000
        )
        recorder = SpanRecorder(exporter, Resource({}))
        recorder._processor = processor
        context = recorder.start({}, "GET")
        while not records:
            recorder.export(context, [])
        recorder.shutdown()
    finally:
        logger.filters = filters

    message = records[0].getMessage()
    assert message.startswith(QUEUE_FULL), f"{LOOK_AT}log_throttle.py, QUEUE_FULL: {message}"


def test_the_sdk_filters_repeated_messages_on_the_same_logger() -> None:
    """The reason why the throttle's filter comes first in the list."""
    filters = logging.getLogger(QUEUE_LOGGER).filters

    assert any(isinstance(item, DuplicateFilter) for item in filters), f"{LOOK_AT}log_throttle.py"
