"""Reads and checks the OTEL_ variables that LARST acts on; the SDK reads the others itself.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ (November 2026).
Must never quote the value of a header: headers hold keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import urlsplit

SpanExport = Literal["otlp", "console", "none"]
MetricExport = Literal["otlp", "console", "prometheus", "none"]

CONTENT_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_POSITIVE = (
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_EXPORT_TIMEOUT",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_METRIC_EXPORT_TIMEOUT",
)
_LIMITS = tuple(
    f"OTEL_{name}_LIMIT"
    for name in (
        "ATTRIBUTE_VALUE_LENGTH",
        "ATTRIBUTE_COUNT",
        "SPAN_ATTRIBUTE_VALUE_LENGTH",
        "SPAN_ATTRIBUTE_COUNT",
        "SPAN_EVENT_COUNT",
        "SPAN_LINK_COUNT",
        "EVENT_ATTRIBUTE_COUNT",
        "LINK_ATTRIBUTE_COUNT",
    )
)
_HEADERS = re.compile(r"\s*[\w!#$%&'*+.^`|~-]+\s*=[^,]*(,\s*([\w!#$%&'*+.^`|~-]+\s*=[^,]*)?)*")
_MAX_NUMBER = 2**31 - 1
_TRUE = frozenset({"true"})
_CONTENT = frozenset({"true", "1", "span_only", "span_and_event"})


class WrongVariableError(ValueError):
    """A variable has an unusable value; the message names the variable and the allowed values."""


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What to export and where. `has_logs`: OTEL_LOGS_EXPORTER names an exporter."""

    spans: SpanExport
    metrics: frozenset[MetricExport]
    is_disabled: bool
    shows_content: bool
    has_logs: bool


def read_variables(environ: Mapping[str, str]) -> ExportSettings:
    """Return the settings; an empty variable counts as unset.

    Raises:
        WrongVariableError: a value is not allowed or not supported.
    """
    values = {name: value.strip() for name, value in environ.items() if value.strip()}
    if values.get("OTEL_SDK_DISABLED", "").lower() in _TRUE:
        return ExportSettings(
            "none", frozenset(), is_disabled=True, shows_content=False, has_logs=False
        )
    _check(values)
    spans = _exporters(values, "TRACES", ("otlp", "console", "none"))
    metrics = _exporters(values, "METRICS", ("otlp", "console", "prometheus", "none"))
    if len(spans) > 1:
        raise WrongVariableError(
            f"OTEL_TRACES_EXPORTER={values['OTEL_TRACES_EXPORTER']}: one of otlp, console and none"
            " is allowed"
        )
    return ExportSettings(
        spans=cast("SpanExport", next(iter(spans))),
        metrics=cast("frozenset[MetricExport]", metrics - {"none"}),
        is_disabled=False,
        shows_content=values.get(CONTENT_VARIABLE, "").lower() in _CONTENT,
        has_logs=values.get("OTEL_LOGS_EXPORTER", "none").lower() not in ("none", "console"),
    )


def is_set(environ: Mapping[str, str], *names: str) -> bool:
    """Return whether one of the variables has a value."""
    return any(environ.get(name, "").strip() for name in names)


def redact(text: str) -> str:
    """Return a text without the credentials and query strings of the addresses in it."""
    return re.sub(r"\?[^\s'\")]*", "?…", re.sub(r"//[^/\s]*@", "//…@", text))


def _exporters(values: Mapping[str, str], signal: str, allowed: tuple[str, ...]) -> frozenset[str]:
    variable = f"OTEL_{signal}_EXPORTER"
    if (value := values.get(variable)) is None:
        has_endpoint = is_set(values, _ENDPOINT, f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
        return frozenset({"otlp" if has_endpoint else "none"})
    names = frozenset(name.strip().lower() for name in value.split(",") if name.strip())
    if not names or not names <= set(allowed):
        raise WrongVariableError(f"{variable}={value}: {', '.join(allowed)} are allowed")
    return names


def _check(values: Mapping[str, str]) -> None:
    """Refuse values that the SDK would misread, or fail on later."""
    _check_exporter(values)
    for name in _POSITIVE:
        _check_number(values, name, 1)
    for name in _LIMITS:
        _check_number(values, name, 0)
    queue, batch = (values.get(f"OTEL_BSP_MAX_{name}_SIZE") for name in ("QUEUE", "EXPORT_BATCH"))
    if queue is not None and batch is not None and int(batch) > int(queue):
        raise WrongVariableError(
            f"OTEL_BSP_MAX_EXPORT_BATCH_SIZE={batch}: at most OTEL_BSP_MAX_QUEUE_SIZE ({queue}) is"
            " allowed"
        )
    variable = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
    if (temporality := values.get(variable, "cumulative")).lower() != "cumulative":
        raise WrongVariableError(f"{variable}={temporality[:200]}: only cumulative is allowed")


def _check_exporter(values: Mapping[str, str]) -> None:
    for signal in ("", "TRACES_", "METRICS_"):
        prefix = f"OTEL_EXPORTER_OTLP_{signal}"
        if values.get(name := f"{prefix}PROTOCOL", "http/protobuf") != "http/protobuf":
            raise WrongVariableError(
                f"{name}={values[name]}: only http/protobuf is allowed (port 4318 of a collector)"
            )
        if (endpoint := values.get(name := f"{prefix}ENDPOINT")) is not None:
            _check_endpoint(name, endpoint)
        if (timeout := values.get(name := f"{prefix}TIMEOUT")) is not None:
            _check_timeout(name, timeout)
        if (headers := values.get(name := f"{prefix}HEADERS")) and not _HEADERS.fullmatch(headers):
            raise WrongVariableError(f"{name}: name=value is allowed, several separated by commas")


def _check_endpoint(name: str, endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_address = is_address and parts.port != 0
    except ValueError:  # an invalid port or IPv6 address
        is_address = False
    if not is_address:
        raise WrongVariableError(
            f"{name}={redact(endpoint)[:200]}: an address such as http://localhost:4318 is allowed"
        )
    if parts.username is not None or parts.password is not None:
        # The exporter's errors would quote them.
        raise WrongVariableError(
            f"{name}: an address with a user name or password is not allowed; send a header with"
            " OTEL_EXPORTER_OTLP_HEADERS"
        )


def _check_number(values: Mapping[str, str], name: str, lowest: int) -> None:
    if (value := values.get(name)) is None:
        return
    if not re.fullmatch("[0-9]{1,10}", value) or not lowest <= int(value) <= _MAX_NUMBER:
        raise WrongVariableError(
            f"{name}={value[:200]}: an integer from {lowest} to {_MAX_NUMBER} is allowed"
        )


def _check_timeout(name: str, timeout: str) -> None:
    try:
        seconds = float(timeout)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise WrongVariableError(f"{name}={timeout[:200]}: a number of seconds above 0 is allowed")
