"""Traces and metrics of the service: spans, durations and counts.

Which requests are sampled and where the data goes is decided by `larst.otel`; without an exporter,
all of it costs a few microseconds per request. Must never record a secret; nor a body or a stored
value, but in the ring of requests, which stays in memory.
"""

from __future__ import annotations

from larst.telemetry.current import (
    CURRENT_REQUEST,
    Stage,
    activate,
    count,
    current_request,
    current_span,
    record,
    span,
)
from larst.telemetry.metric_store import Telemetry
from larst.telemetry.metrics import METRICS, Kind, Labels, Metric
from larst.telemetry.request_trace import RequestTrace
from larst.telemetry.requests import RequestDetails, RequestLog, RequestRecord
from larst.telemetry.store_calls import StoreCalls

__all__ = [
    "CURRENT_REQUEST",
    "METRICS",
    "Kind",
    "Labels",
    "Metric",
    "RequestDetails",
    "RequestLog",
    "RequestRecord",
    "RequestTrace",
    "Stage",
    "StoreCalls",
    "Telemetry",
    "activate",
    "count",
    "current_request",
    "current_span",
    "record",
    "span",
]
