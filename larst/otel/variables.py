"""What the OTEL_ variables ask for, as far as it is decided here; the SDK reads the others itself.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ (November 2026).
Must never repeat a header's value: those hold keys.
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
    if given.get("OTEL_SDK_DISABLED", "").lower() in _TRUE:
        return Asked("none", frozenset(), is_disabled=True, shows_content=False, has_logs=False)
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
        is_disabled=False,
        shows_content=given.get(CONTENT_VARIABLE, "").lower() in _CONTENT,
        has_logs=given.get("OTEL_LOGS_EXPORTER", "none").lower() not in ("none", "console"),
    )


def is_set(environ: Mapping[str, str], *names: str) -> bool:
    """Tell whether one of the variables has a value."""
    return any(environ.get(name, "").strip() for name in names)


def without_secrets(text: str) -> str:
    """Return a text that may hold addresses without what is secret in those."""
    return re.sub(r"\?[^\s'\")]*", "?…", re.sub(r"//[^/\s]*@", "//…@", text))


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
    _check_exporter(given)
    for name in _POSITIVE:
        _check_number(given, name, 1)
    for name in _LIMITS:
        _check_number(given, name, 0)
    queue, batch = (given.get(f"OTEL_BSP_MAX_{name}_SIZE") for name in ("QUEUE", "EXPORT_BATCH"))
    if queue is not None and batch is not None and int(batch) > int(queue):
        raise WrongVariableError(
            f"OTEL_BSP_MAX_EXPORT_BATCH_SIZE={batch}: at most OTEL_BSP_MAX_QUEUE_SIZE ({queue}) is"
            " allowed"
        )
    preference = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
    if (wanted := given.get(preference, "cumulative")).lower() != "cumulative":
        raise WrongVariableError(f"{preference}={wanted[:200]}: only cumulative is allowed")


def _check_exporter(given: Mapping[str, str]) -> None:
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
        if (headers := given.get(name := f"{prefix}HEADERS")) and not _HEADERS.fullmatch(headers):
            raise WrongVariableError(f"{name}: name=value is allowed, several with commas between")


def _check_endpoint(name: str, endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_address = is_address and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        is_address = False
    if not is_address:
        raise WrongVariableError(
            f"{name}={without_secrets(endpoint)[:200]}: an address such as http://localhost:4318 is"
            " allowed"
        )
    if parts.username is not None or parts.password is not None:
        # The exporter's errors would quote them.
        raise WrongVariableError(
            f"{name}: no user name and no password is allowed in an address; send a header by"
            " OTEL_EXPORTER_OTLP_HEADERS"
        )


def _check_number(given: Mapping[str, str], name: str, lowest: int) -> None:
    if (value := given.get(name)) is None:
        return
    if not re.fullmatch("[0-9]{1,10}", value) or not lowest <= int(value) <= _MAX_NUMBER:
        raise WrongVariableError(
            f"{name}={value[:200]}: a whole number from {lowest} to {_MAX_NUMBER} is allowed"
        )


def _check_timeout(name: str, timeout: str) -> None:
    try:
        seconds = float(timeout)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise WrongVariableError(f"{name}={timeout[:200]}: a number of seconds above 0 is allowed")
