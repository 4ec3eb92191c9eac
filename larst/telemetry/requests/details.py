"""The details of a request, noted while it is served. Must never grow without a bound."""

from __future__ import annotations

from typing import NamedTuple

MAX_STAGES = 50
MAX_CALLS = 50
MAX_CHANGES = 10
MAX_TEXT_BYTES = 8 * 1024
"""The bytes of a body, of a record or of an error that are kept."""


class StageRun(NamedTuple):
    """One run of a stage; `start_ms` counts from the begin of the request.

    `detail` says why it failed, None if it did not.
    """

    name: str
    start_ms: float
    ms: float
    detail: str | None = None


class StoreCall(NamedTuple):
    """A call of the store by a program; `resource` is None for a call on the session's store."""

    resource: str | None
    method: str


class RecordChange(NamedTuple):
    """A record before and after a change, as JSON; None: it did not exist.

    An empty text stands for a record that is too large to be kept.
    """

    resource: str
    id: str
    before: bytes | None
    after: bytes | None


class RequestDetails:
    """The stages, the program, the store calls and the changes of one request.

    `has_values`: bodies, records and values of the query may be kept. `tenant` is None for the
    default tenant. `started_s` is that of the request's trace. `target` is the request target as
    sent, without the prefix of a session. `fault`: what struck it on demand.
    """

    __slots__ = (
        "action",
        "address",
        "body",
        "body_bytes",
        "call_count",
        "calls",
        "change_count",
        "changes",
        "content_type",
        "fault",
        "has_values",
        "headers",
        "planner",
        "program",
        "resource",
        "stages",
        "started_s",
        "target",
        "tenant",
    )

    def __init__(self, tenant: str | None, started_s: float, *, has_values: bool) -> None:
        self.tenant = tenant
        self.started_s = started_s
        self.has_values = has_values
        self.target = "/"
        self.address = ""
        self.headers: dict[str, str] = {}
        self.content_type: str | None = None
        self.body: bytes | None = None
        self.body_bytes = 0
        self.stages: list[StageRun] = []
        self.calls: list[StoreCall] = []
        self.call_count = 0
        self.changes: list[RecordChange] = []
        self.change_count = 0
        self.action: str | None = None
        self.resource: str | None = None
        self.planner: str | None = None
        self.program: str | None = None
        self.fault: str | None = None

    def add_stage(
        self, name: str, end_s: float, elapsed_s: float, error: BaseException | None
    ) -> None:
        """Note a run of a stage that ended at `end_s`, by the clock of `started_s`."""
        if len(self.stages) < MAX_STAGES:
            start_ms = max(0.0, end_s - elapsed_s - self.started_s) * 1000
            detail = None if error is None else _reason(error)
            self.stages.append(StageRun(name, start_ms, elapsed_s * 1000, detail))

    def add_call(self, resource: str | None, method: str) -> None:
        """Note a store call of a program."""
        if len(self.calls) < MAX_CALLS:
            self.calls.append(StoreCall(resource, method))
        self.call_count += 1

    def set_program(self, action: str, resource: str | None, planner: str, program: str) -> None:
        """Note the program that serves the request, and what it was written for."""
        self.action, self.resource = action, resource
        self.planner, self.program = planner, program

    def copy_program(self, other: RequestDetails) -> None:
        """Note the program of another request, whose reply serves this one as well."""
        self.action, self.resource = other.action, other.resource
        self.planner, self.program = other.planner, other.program

    def set_body(self, raw: bytes, content_type: str | None) -> None:
        """Note the body, if it may be kept."""
        self.body_bytes, self.content_type = len(raw), content_type
        if self.has_values:
            self.body = bytes(raw[:MAX_TEXT_BYTES])


def _reason(error: BaseException) -> str:
    detail = getattr(error, "detail", None)
    return (detail if isinstance(detail, str) and detail else type(error).__name__)[:MAX_TEXT_BYTES]
