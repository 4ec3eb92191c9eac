"""What the OTEL_ variables ask for, as far as it is decided here; the SDK reads the others itself.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ (November 2026).
Must never repeat a header's value: those hold keys.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import urlsplit

SpanExport = Literal["otlp", "console", "none"]
MetricExport = Literal["otlp", "console", "prometheus", "none"]

CONTENT_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRUE = frozenset({"true"})
_CONTENT = frozenset({"true", "1", "span_only", "span_and_event"})


class WrongVariableError(ValueError):
    """A variable has a value that cannot be used; the text names it and what is allowed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be exported and how; `timeout_s` None: as the SDK reads its own variables."""

    spans: SpanExport
    metrics: frozenset[MetricExport]
    is_disabled: bool
    shows_content: bool
    has_logs: bool


def asked_for(environ: Mapping[str, str]) -> Asked:
    """Return what is asked for; an empty variable is an unset one.

    Raises:
        WrongVariableError: a value is none of those allowed, or nothing here can do it.
    """
    given = {name: value.strip() for name, value in environ.items() if value.strip()}
    _check(given)
    spans = _exporters(given, "TRACES", ("otlp", "console", "none"))
    metrics = _exporters(given, "METRICS", ("otlp", "console", "prometheus", "none"))
    if len(spans) > 1:
        raise WrongVariableError(
            f"OTEL_TRACES_EXPORTER={given['OTEL_TRACES_EXPORTER']}: one of otlp, console and none"
            " is allowed"
        )
    return Asked(
        spans=cast("SpanExport", next(iter(spans))),
        metrics=cast("frozenset[MetricExport]", metrics - {"none"}),
        is_disabled=given.get("OTEL_SDK_DISABLED", "").lower() in _TRUE,
        shows_content=given.get(CONTENT_VARIABLE, "").lower() in _CONTENT,
        has_logs=given.get("OTEL_LOGS_EXPORTER", "none").lower() not in ("none", "console"),
    )


def is_set(environ: Mapping[str, str], *names: str) -> bool:
    """Tell whether one of the variables has a value."""
    return any(environ.get(name, "").strip() for name in names)


def _exporters(given: Mapping[str, str], signal: str, allowed: tuple[str, ...]) -> frozenset[str]:
    name = f"OTEL_{signal}_EXPORTER"
    if (value := given.get(name)) is None:
        has_endpoint = is_set(given, _ENDPOINT, f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
        return frozenset({"otlp" if has_endpoint else "none"})
    named = frozenset(one.strip().lower() for one in value.split(",") if one.strip())
    if not named or not named <= set(allowed):
        raise WrongVariableError(f"{name}={value}: {', '.join(allowed)} are allowed")
    return named


def _check(given: Mapping[str, str]) -> None:
    """Refuse what the SDK would take for something else, or stumble over later."""
    for signal in ("", "TRACES_", "METRICS_"):
        prefix = f"OTEL_EXPORTER_OTLP_{signal}"
        if given.get(name := f"{prefix}PROTOCOL", "http/protobuf") != "http/protobuf":
            raise WrongVariableError(
                f"{name}={given[name]}: only http/protobuf is allowed (port 4318 of a collector)"
            )
        if (endpoint := given.get(name := f"{prefix}ENDPOINT")) is not None:
            _check_endpoint(name, endpoint)
        if (timeout := given.get(name := f"{prefix}TIMEOUT")) is not None:
            _check_timeout(name, timeout)


def _check_endpoint(name: str, endpoint: str) -> None:
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongVariableError(
            f"{name}={endpoint[:200]}: an address such as http://localhost:4318 is allowed"
        )


def _check_timeout(name: str, timeout: str) -> None:
    try:
        seconds = float(timeout)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise WrongVariableError(f"{name}={timeout[:200]}: a number of seconds above 0 is allowed")
