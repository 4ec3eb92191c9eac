"""The SDK's providers: made as the variables ask, and ended within a time that nothing can exceed.

The parts of the SDK that are needed are imported when they are: together they take half a second.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from otel.quiet import quieten
from otel.variables import Asked, asked_for, is_set

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer
    from prometheus_client import CollectorRegistry

EXPORT_TIMEOUT_S = 2.0
"""For one export, where OTEL_EXPORTER_OTLP_TIMEOUT does not say: a dead collector would otherwise
hold each batch for 10 s."""

SPAN_DELAY_MS = 1000
"""How long a span waits for company, where OTEL_BSP_SCHEDULE_DELAY does not say: whoever sends a
request and looks at its trace should not have to look twice."""

MAX_ROUTES = 500
"""Series of request durations; more share one. Clients can make up paths without end."""

_SCOPE = "larst"
_log = logging.getLogger("otel")


class Page(NamedTuple):
    """The metrics as text for Prometheus."""

    body: bytes
    content_type: str


def set_up(
    environ: Mapping[str, str], *, service: str, version: str, instance_id: str
) -> Providers:
    """Return what the variables in `environ` ask for; exporters read the process's own.

    Raises:
        WrongVariableError: a value cannot be used.
    """
    asked = asked_for(environ)
    if asked.has_logs:
        _log.warning("OTEL_LOGS_EXPORTER: logs are JSON lines on stderr, with the trace's id")
    identity = {
        "service.name": service,
        "service.version": version,
        "service.instance.id": instance_id,
    }
    return Providers(asked, environ, identity)


class Providers:
    """Tracing and metrics of one process. `tracer` is None where nothing is to be traced."""

    def __init__(
        self, asked: Asked, environ: Mapping[str, str], identity: Mapping[str, str]
    ) -> None:
        self.tracer: Tracer | None = None
        self.shows_content = asked.shows_content
        self._is_disabled = asked.is_disabled
        self._environ = environ
        self._identity = identity
        self._traces: TracerProvider | None = None
        self._meters: MeterProvider | None = None
        self._registry: CollectorRegistry | None = None
        self._lock = threading.Lock()
        if asked.is_disabled:
            return
        if asked.spans != "none" or asked.metrics:
            quieten()
        if asked.spans != "none":
            self._traces = self._tracing(asked)
            self.tracer = self._traces.get_tracer(_SCOPE, identity["service.version"])
        if asked.metrics:
            self._meters = self._metering(self._readers(asked))
            if "prometheus" in asked.metrics:
                self._start_registry(self._meters)

    @property
    def meter(self) -> Meter | None:
        """Where metrics go; None where nobody reads them yet."""
        return None if self._meters is None else self._meters.get_meter(_SCOPE)

    def page(self, accept: str, begin: Callable[[Meter], None]) -> Page | None:
        """Return the metrics as text, None where all is disabled; blocks, from any thread.

        The first look calls `begin` with the meter, before which nobody may have read metrics.
        """
        if self._is_disabled:
            return None
        from prometheus_client.exposition import choose_encoder

        with self._lock:
            if self._meters is None:
                self._meters = self._metering([])
            if (registry := self._registry) is None:
                registry = self._start_registry(self._meters)
                begin(self._meters.get_meter(_SCOPE))
            encode, content_type = choose_encoder(accept)
            return Page(encode(registry), content_type)

    def stop(self, limit_s: float) -> None:
        """Send what is left and end, within `limit_s` seconds whatever the collector does.

        In threads that nobody waits for at the end: an exporter that hangs is left behind.
        """
        threads = [
            threading.Thread(target=provider.shutdown, daemon=True, name="larst telemetry's end")
            for provider in (self._traces, self._meters)
            if provider is not None
        ]
        for thread in threads:
            thread.start()
        ends = threading.Event()
        timer = threading.Timer(limit_s, ends.set)
        timer.daemon = True
        timer.start()
        for thread in threads:
            while thread.is_alive() and not ends.is_set():
                thread.join(0.02)
        timer.cancel()
        if any(thread.is_alive() for thread in threads):
            _log.warning("telemetry that was left could not be sent within %g s", limit_s)

    def _tracing(self, asked: Asked) -> TracerProvider:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider = TracerProvider(resource=self._resource(), shutdown_on_exit=False)
        has_delay = is_set(self._environ, "OTEL_BSP_SCHEDULE_DELAY")
        provider.add_span_processor(
            BatchSpanProcessor(
                self._span_exporter(asked),
                schedule_delay_millis=None if has_delay else SPAN_DELAY_MS,
            )
        )
        return provider

    def _span_exporter(self, asked: Asked) -> SpanExporter:
        if asked.spans == "console":
            from opentelemetry.sdk.trace.export import ConsoleSpanExporter

            return ConsoleSpanExporter()
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(timeout=self._timeout_s("TRACES"))

    def _metering(self, readers: list[MetricReader]) -> MeterProvider:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.view import View

        bounded = View(
            instrument_name="http.server.request.duration",
            aggregation_cardinality_limit=MAX_ROUTES,
        )
        return MeterProvider(readers, self._resource(), shutdown_on_exit=False, views=[bounded])

    def _readers(self, asked: Asked) -> list[MetricReader]:
        from opentelemetry.sdk.metrics.export import (
            ConsoleMetricExporter,
            PeriodicExportingMetricReader,
        )

        readers: list[MetricReader] = []
        if "console" in asked.metrics:
            readers.append(PeriodicExportingMetricReader(ConsoleMetricExporter()))
        if "otlp" in asked.metrics:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

            exporter = OTLPMetricExporter(timeout=self._timeout_s("METRICS"))
            readers.append(PeriodicExportingMetricReader(exporter))
        return readers

    def _start_registry(self, meters: MeterProvider) -> CollectorRegistry:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from prometheus_client import CollectorRegistry

        registry = self._registry = CollectorRegistry()
        meters.add_metric_reader(
            PrometheusMetricReader(registry=registry, scope_info_enabled=False)
        )
        return registry

    def _timeout_s(self, signal: str) -> float | None:
        """Return the timeout of an export; None: the exporter reads it of its variables."""
        variables = ("OTEL_EXPORTER_OTLP_TIMEOUT", f"OTEL_EXPORTER_OTLP_{signal}_TIMEOUT")
        return None if is_set(self._environ, *variables) else EXPORT_TIMEOUT_S

    def _resource(self) -> Resource:
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource

        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
        return Resource.create(self._identity).merge(OTELResourceDetector().detect())
