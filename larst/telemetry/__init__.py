"""What the rooms tell of their work: spans, durations and counts.

Who reads it, and whether anybody does, is decided elsewhere (the room otel); with no reader all of
it costs a few microseconds a request. Must never be told a secret, a body or a stored value.
"""

from __future__ import annotations

from larst.telemetry.current import (
    Stage,
    activate,
    count,
    current_request,
    record,
    span,
    span_here,
    stage,
)
from larst.telemetry.metric_store import Telemetry
from larst.telemetry.metrics import METRICS, Kind, Metric
from larst.telemetry.request_trace import RequestTrace
from larst.telemetry.store_calls import StoreCalls

__all__ = [
    "METRICS",
    "Kind",
    "Metric",
    "RequestTrace",
    "Stage",
    "StoreCalls",
    "Telemetry",
    "activate",
    "count",
    "current_request",
    "record",
    "span",
    "span_here",
    "stage",
]
