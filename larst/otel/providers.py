"""The exporters of one process, set up by the OTEL_ variables and shut down in bounded time.

Imports of the SDK are inside functions: together they take half a second, and most processes
export nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from larst.otel.log_throttle import throttle_sdk_logs
from larst.otel.variables import (
    ExportSettings,
    WrongVariableError,
    is_set,
    read_variables,
    redact,
)

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SpanExporter
    from prometheus_client import CollectorRegistry

    from larst.otel.bridge import Bridge, Collect
    from larst.otel.recorder import SpanRecorder

EXPORT_TIMEOUT_S = 2.0
"""For one export, unless OTEL_EXPORTER_OTLP_TIMEOUT is set. The SDK's default lets an unreachable
collector hold each batch for 10 s."""

BATCH_DEFAULTS = {
    "OTEL_BSP_SCHEDULE_DELAY": ("schedule_delay_millis", 1000),
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": ("max_export_batch_size", 64),
    "OTEL_BSP_MAX_QUEUE_SIZE": ("max_queue_size", 2048),
}
"""The options of the batch processor, unless the variable is set; sizes count requests.

The delay is one second, so that a trace is visible soon after its request. Batches are small,
because the interpreter serves no request while it creates their spans.
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
    """Return the providers that `environ` asks for; exporters read `os.environ` themselves.

    Raises:
        WrongVariableError: a value is not usable.
    """
    settings = read_variables(environ)
    if settings.has_logs:
        _log.warning("OTEL_LOGS_EXPORTER is ignored: logs are JSON lines on stderr, with trace ids")
    identity = {
        "service.name": service,
        "service.version": version,
        "service.instance.id": instance_id,
    }
    with _convert_sdk_errors():
        return Providers(settings, environ, identity)


@contextmanager
def _convert_sdk_errors() -> Iterator[None]:
    """Convert the SDK's errors about its variables to WrongVariableError."""
    try:
        yield
    except WrongVariableError:
        raise
    except (ValueError, RuntimeError) as error:
        reason = " ".join(redact(str(error)).split())
        raise WrongVariableError(f"an OTEL_ variable cannot be used: {reason[:300]}") from error


class Providers:
    """Trace and metric export of one process. `recorder` is None if nothing is traced."""

    def __init__(
        self, settings: ExportSettings, environ: Mapping[str, str], identity: Mapping[str, str]
    ) -> None:
        self.recorder: SpanRecorder | None = None
        self.shows_content = settings.shows_content
        self._settings = settings
        self._environ = environ
        self._identity = identity
        self._readers: list[PeriodicExportingMetricReader] = []
        self._collect: Collect | None = None
        self._registry: CollectorRegistry | None = None
        self._lock = threading.Lock()
        self._started_ns = time.time_ns()
        if settings.is_disabled:
            return
        if settings.spans != "none" or settings.metrics:
            throttle_sdk_logs()
        if settings.spans != "none":
            self.recorder = self._span_recorder()

    def export_metrics(self, collect: Collect) -> None:
        """Export the metrics that `collect` returns, and show them on the page.

        Raises:
            WrongVariableError: a value is not usable.
        """
        self._collect = collect
        if self._settings.is_disabled or not self._settings.metrics:
            return
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        bridge = self._bridge(collect)
        with _convert_sdk_errors():
            self._readers = [
                PeriodicExportingMetricReader(exporter) for exporter in self._metric_exporters()
            ]
        for reader in self._readers:
            bridge.attach(reader)

    def page(self, accept: str) -> Page | None:
        """Return the metrics as text, None if they are disabled; blocks, for any thread."""
        if self._settings.is_disabled or self._collect is None:
            return None
        from prometheus_client.exposition import choose_encoder

        with self._lock:
            registry = self._registry or self._start_registry(self._collect)
            try:
                encode, content_type = choose_encoder(accept)
            except ValueError:  # a q value that is not a number
                encode, content_type = choose_encoder("")
            return Page(encode(registry), content_type)

    def flush(self) -> None:
        """Send all queued spans now; blocks."""
        if self.recorder is not None:
            self.recorder.flush()

    def stop(self, limit_s: float) -> None:
        """Send everything in the queue and end, in `limit_s` seconds whatever the collector does.

        Runs in daemon threads, so that an exporter that hangs is left behind.
        """
        shutdowns: list[Callable[[], object]] = [reader.shutdown for reader in self._readers]
        if self.recorder is not None:
            shutdowns.append(self.recorder.shutdown)
        threads = [threading.Thread(target=shutdown, daemon=True) for shutdown in shutdowns]
        for thread in threads:
            thread.start()
        deadline_s = time.monotonic() + limit_s
        for thread in threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        if any(thread.is_alive() for thread in threads):
            _log.warning("the remaining telemetry could not be sent within %g s", limit_s)

    def _span_recorder(self) -> SpanRecorder:
        from larst.otel.recorder import ConvertingExporter, SpanRecorder

        resource = self._resource()
        exporter = ConvertingExporter(
            self._span_exporter(), resource, _SCOPE, self._identity["service.version"]
        )
        options = {
            option: default
            for variable, (option, default) in BATCH_DEFAULTS.items()
            if not is_set(self._environ, variable)
        }
        queue_size = self._environ.get("OTEL_BSP_MAX_QUEUE_SIZE", "").strip()
        if queue_size and "max_export_batch_size" in options:
            # The SDK refuses a batch that is larger than the queue.
            options["max_export_batch_size"] = min(
                options["max_export_batch_size"], int(queue_size)
            )
        return SpanRecorder(exporter, resource, **options)

    def _span_exporter(self) -> SpanExporter:
        if self._settings.spans == "console":
            from opentelemetry.sdk.trace.export import ConsoleSpanExporter

            return ConsoleSpanExporter()
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(timeout=self._timeout_s("TRACES"))

    def _metric_exporters(self) -> list[MetricExporter]:
        exporters: list[MetricExporter] = []
        if "console" in self._settings.metrics:
            from opentelemetry.sdk.metrics.export import ConsoleMetricExporter

            exporters.append(ConsoleMetricExporter())
        if "otlp" in self._settings.metrics:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

            exporters.append(OTLPMetricExporter(timeout=self._timeout_s("METRICS")))
        return exporters

    def _start_registry(self, collect: Collect) -> CollectorRegistry:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from prometheus_client import CollectorRegistry

        self._registry = CollectorRegistry()
        reader = PrometheusMetricReader(registry=self._registry, scope_info_enabled=False)
        self._bridge(collect).attach(reader)
        return self._registry

    def _bridge(self, collect: Collect) -> Bridge:
        from larst.otel.bridge import Bridge

        version = self._identity["service.version"]
        return Bridge(collect, self._resource(), _SCOPE, version, self._started_ns)

    def _timeout_s(self, signal: str) -> float | None:
        """Return the timeout of an export, or None if the exporter reads its own variable."""
        variables = ("OTEL_EXPORTER_OTLP_TIMEOUT", f"OTEL_EXPORTER_OTLP_{signal}_TIMEOUT")
        return None if is_set(self._environ, *variables) else EXPORT_TIMEOUT_S

    def _resource(self) -> Resource:
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource

        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
        return Resource.create(self._identity).merge(OTELResourceDetector().detect())
