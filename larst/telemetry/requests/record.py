"""A request that has ended, as the ring holds it. Data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from larst.telemetry.requests.details import RequestDetails

_OVERHEAD_BYTES = 2_000
_STAGE_BYTES = 200


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request that has ended.

    `number` counts the records of this process. `at_s` is Unix time. `status` None: the client has
    left. `path` is decoded; `query` is as sent, or has no values if they must not be kept.
    `reply_body` is the begin of `reply_bytes` bytes; None if it must not be kept.
    `is_recalled`: the reply was remembered, and `details` are those of the request that it was made
    for.
    """

    number: int
    request_id: str
    trace_id: str
    session_id: str
    at_s: float
    ms: float
    method: str
    path: str
    query: str
    route: str | None
    status: int | None
    plan_source: str | None
    plan_key: str | None
    error: str | None
    hint: str | None
    details: RequestDetails
    reply_headers: Mapping[str, str]
    reply_body: bytes | None
    reply_bytes: int
    is_recalled: bool = False

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes; what several records share is counted by each."""
        details = self.details
        texts = (self.path, self.query, details.target, details.program, self.error, self.hint)
        changes = (part for change in details.changes for part in change[2:])
        headers = (*self.reply_headers.items(), *details.headers.items())
        return (
            _OVERHEAD_BYTES
            + sum(len(text) for text in texts if text)
            + sum(len(part) for part in (details.body, self.reply_body, *changes) if part)
            + sum(_STAGE_BYTES + len(stage.detail or "") for stage in details.stages)
            + sum(len(n) + len(v) for n, v in headers)
        )
