"""The latest requests, for `larst tail` and the console: what each was understood as, and became.

A bounded ring in memory for each tenant. It samples: under load it holds a part of the requests, so
that it costs the service nothing to speak of. A recording, which tests ask for, holds all requests
of its session. Must never be written to a disk or to a log: unlike spans, both may contain bodies
and records (`RequestDetails.has_values`).
"""

from __future__ import annotations

from larst.telemetry.requests.details import RecordChange, RequestDetails, StageRun
from larst.telemetry.requests.log import RequestLog, Subscription
from larst.telemetry.requests.record import RequestRecord
from larst.telemetry.requests.recordings import (
    RecordedBody,
    RecordedReply,
    RecordedRequest,
    Recording,
    Recordings,
)

__all__ = [
    "RecordChange",
    "RecordedBody",
    "RecordedReply",
    "RecordedRequest",
    "Recording",
    "Recordings",
    "RequestDetails",
    "RequestLog",
    "RequestRecord",
    "StageRun",
    "Subscription",
]
