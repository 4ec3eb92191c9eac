"""The SDK's providers: made as the variables ask, and ended within a time that nothing can exceed.

The parts of the SDK that are needed are imported when they are: together they take half a second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from larst.otel.log_throttle import quieten
from larst.otel.variables import Asked, WrongVariableError, asked_for, is_set, without_secrets

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SpanExporter
    from prometheus_client import CollectorRegistry

    from larst.otel.bridge import Bridge, Readings
    from larst.otel.recorder import SpanRecorder

EXPORT_TIMEOUT_S = 2.0
"""For one export, where OTEL_EXPORTER_OTLP_TIMEOUT does not say: a dead collector would otherwise
hold each batch for 10 s."""

BATCHES = {
    "OTEL_BSP_SCHEDULE_DELAY": ("schedule_delay_millis", 1000),
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": ("max_export_batch_size", 64),
    "OTEL_BSP_MAX_QUEUE_SIZE": ("max_queue_size", 2048),
}
"""How requests, with all their spans, wait to be exported, where the variables do not say.

A second: whoever sends a request and looks at its trace should not have to look twice. Few at once:
while spans are made of them, the interpreter serves nobody.
"""

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
    with _told_as_wrong():
        return Providers(asked, environ, identity)


@contextmanager
def _told_as_wrong() -> Iterator[None]:
    """Have what the SDK raises at a value of its variables told like any other that is wrong."""
    try:
        yield
    except WrongVariableError:
        raise
    except (ValueError, RuntimeError) as error:
        reason = " ".join(without_secrets(str(error)).split())
        raise WrongVariableError(f"an OTEL_ variable cannot be used: {reason[:300]}") from error


class Providers:
    """Tracing and metrics of one process. `recorder` is None where nothing is to be traced."""

    def __init__(
        self, asked: Asked, environ: Mapping[str, str], identity: Mapping[str, str]
    ) -> None:
        self.recorder: SpanRecorder | None = None
        self.shows_content = asked.shows_content
        self._asked = asked
        self._environ = environ
        self._identity = identity
        self._metrics: list[PeriodicExportingMetricReader] = []
        self._readings: Readings | None = None
        self._registry: CollectorRegistry | None = None
        self._lock = threading.Lock()
        self._began_ns = time.time_ns()
        if asked.is_disabled:
            return
        if asked.spans != "none" or asked.metrics:
            quieten()
        if asked.spans != "none":
            self.recorder = self._recording()

    def export_metrics(self, readings: Readings) -> None:
        """Have the metrics that `readings` gives exported as asked, and shown by `page`.

        Raises:
            WrongVariableError: a value cannot be used.
        """
        self._readings = readings
        if self._asked.is_disabled or not self._asked.metrics:
            return
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        bridge = self._bridge(readings)
        with _told_as_wrong():
            exporters = self._metric_exporters()
            self._metrics = [PeriodicExportingMetricReader(one) for one in exporters]
        for reader in self._metrics:
            bridge.serve(reader)

    def page(self, accept: str) -> Page | None:
        """Return the metrics as text, None where there are none; blocks, from any thread."""
        if self._asked.is_disabled or self._readings is None:
            return None
        from prometheus_client.exposition import choose_encoder

        with self._lock:
            registry = self._registry or self._start_registry(self._readings)
            try:
                encode, content_type = choose_encoder(accept)
            except ValueError:  # a q that is no number
                encode, content_type = choose_encoder("")
            return Page(encode(registry), content_type)

    def flush(self) -> None:
        """Send what there is of spans now; blocks."""
        if self.recorder is not None:
            self.recorder.flush()

    def stop(self, limit_s: float) -> None:
        """Send what is left and end, within `limit_s` seconds whatever the collector does.

        In threads that nobody waits for at the end: an exporter that hangs is left behind.
        """
        ends: list[Callable[[], object]] = [reader.shutdown for reader in self._metrics]
        if self.recorder is not None:
            ends.append(self.recorder.shutdown)
        threads = [threading.Thread(target=end, daemon=True) for end in ends]
        for thread in threads:
            thread.start()
        deadline_s = time.monotonic() + limit_s
        for thread in threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        if any(thread.is_alive() for thread in threads):
            _log.warning("what was left of the telemetry could not be sent within %g s", limit_s)

    def _recording(self) -> SpanRecorder:
        from larst.otel.recorder import SpanRecorder, UnfoldingExporter

        resource = self._resource()
        exporter = UnfoldingExporter(
            self._span_exporter(), resource, _SCOPE, self._identity["service.version"]
        )
        usual = {
            variable: value
            for name, (variable, value) in BATCHES.items()
            if not is_set(self._environ, name)
        }
        if queue := self._environ.get("OTEL_BSP_MAX_QUEUE_SIZE", "").strip():
            usual = {
                variable: min(value, int(queue)) if variable == "max_export_batch_size" else value
                for variable, value in usual.items()
            }
        return SpanRecorder(exporter, resource, **usual)

    def _span_exporter(self) -> SpanExporter:
        if self._asked.spans == "console":
            from opentelemetry.sdk.trace.export import ConsoleSpanExporter

            return ConsoleSpanExporter()
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(timeout=self._timeout_s("TRACES"))

    def _metric_exporters(self) -> list[MetricExporter]:
        exporters: list[MetricExporter] = []
        if "console" in self._asked.metrics:
            from opentelemetry.sdk.metrics.export import ConsoleMetricExporter

            exporters.append(ConsoleMetricExporter())
        if "otlp" in self._asked.metrics:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

            exporters.append(OTLPMetricExporter(timeout=self._timeout_s("METRICS")))
        return exporters

    def _start_registry(self, readings: Readings) -> CollectorRegistry:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from prometheus_client import CollectorRegistry

        self._registry = CollectorRegistry()
        reader = PrometheusMetricReader(registry=self._registry, scope_info_enabled=False)
        self._bridge(readings).serve(reader)
        return self._registry

    def _bridge(self, readings: Readings) -> Bridge:
        from larst.otel.bridge import Bridge

        return Bridge(
            readings, self._resource(), _SCOPE, self._identity["service.version"], self._began_ns
        )

    def _timeout_s(self, signal: str) -> float | None:
        """Return the timeout of an export; None: the exporter reads it of its variables."""
        variables = ("OTEL_EXPORTER_OTLP_TIMEOUT", f"OTEL_EXPORTER_OTLP_{signal}_TIMEOUT")
        return None if is_set(self._environ, *variables) else EXPORT_TIMEOUT_S

    def _resource(self) -> Resource:
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource

        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
        return Resource.create(self._identity).merge(OTELResourceDetector().detect())
