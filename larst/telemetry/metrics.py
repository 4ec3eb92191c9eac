"""The metrics: name, kind, unit and description of each, and the form of their data. Data.

Names and buckets of `http.*` and `gen_ai.*` follow OpenTelemetry's semantic conventions
(opentelemetry.io/docs/specs/semconv, November 2026).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Labels: TypeAlias = tuple[tuple[str, str | int], ...]
"""The attributes of one series of a metric, always in the same order."""


class Kind(StrEnum):
    """How a metric behaves: a `counter` only grows, a `gauge` is read when it is collected."""

    HISTOGRAM = "histogram"
    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `unit` is a UCUM code; `buckets` are a histogram's upper bounds in that unit."""

    name: str
    kind: Kind
    unit: str
    description: str
    buckets: tuple[float, ...] = ()


class Distribution:
    """The measurements of one histogram series, counted by bucket.

    `counts` has one more item than `bounds`, for measurements above the last bound.
    """

    __slots__ = ("bounds", "counts", "highest", "lowest", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.lowest = float("inf")
        self.highest = float("-inf")

    def add(self, amount: float) -> None:
        """Add a measurement; a measurement equal to a bound belongs to the bucket it ends."""
        self.counts[bisect_left(self.bounds, amount)] += 1
        self.total += amount
        if amount < self.lowest:
            self.lowest = amount
        if amount > self.highest:
            self.highest = amount


@dataclass(frozen=True, slots=True)
class MetricData:
    """The current values of one metric: a number or a distribution for each series."""

    metric: Metric
    points: list[tuple[Labels, float | Distribution]]


_STAGE_BUCKETS_S = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
)  # fmt: skip
_REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_MODEL_BUCKETS_S = tuple(0.01 * 2**power for power in range(14))
_TOKEN_BUCKETS = tuple(4.0**power for power in range(14))

REQUEST_DURATION = "http.server.request.duration"
STAGE_DURATION = "larst.stage.duration"
MAILBOX_WAIT = "larst.mailbox.wait"
MAILBOX_DEPTH = "larst.mailbox.depth"
SESSIONS = "larst.sessions"
RESTARTS = "larst.session.restarts"
BOOK_LOOKUPS = "larst.plan_book.lookups"
PLANNER_CALLS = "larst.planner.calls"
PLANNER_TOKENS = "larst.planner.tokens"
PLANNER_COST = "larst.planner.cost"
SANDBOX_RUNS = "larst.sandbox.runs"
SANDBOX_KILLS = "larst.sandbox.kills"
FSYNCS = "larst.journal.fsyncs"
MODEL_DURATION = "gen_ai.client.operation.duration"
MODEL_TOKENS = "gen_ai.client.token.usage"

METRICS: tuple[Metric, ...] = (
    Metric(
        REQUEST_DURATION,
        Kind.HISTOGRAM,
        "s",
        "Time from the head of a request to the head of its reply.",
        _REQUEST_BUCKETS_S,
    ),
    Metric(
        STAGE_DURATION,
        Kind.HISTOGRAM,
        "s",
        "Time of a request in a stage: plan, validate, exec or commit.",
        _STAGE_BUCKETS_S,
    ),
    Metric(
        MAILBOX_WAIT,
        Kind.HISTOGRAM,
        "s",
        "Time of a request in the mailbox of its session.",
        _STAGE_BUCKETS_S,
    ),
    Metric(
        MODEL_DURATION,
        Kind.HISTOGRAM,
        "s",
        "Time of a call to a language model.",
        _MODEL_BUCKETS_S,
    ),
    Metric(
        MODEL_TOKENS,
        Kind.HISTOGRAM,
        "{token}",
        "Tokens of a call to a language model.",
        _TOKEN_BUCKETS,
    ),
    Metric(MAILBOX_DEPTH, Kind.GAUGE, "{request}", "Requests waiting in all mailboxes."),
    Metric(
        SESSIONS, Kind.GAUGE, "{session}", "Sessions by state: live in memory, or asleep on disk."
    ),
    Metric(RESTARTS, Kind.COUNTER, "{restart}", "Session actors restarted after a crash."),
    Metric(BOOK_LOOKUPS, Kind.COUNTER, "{lookup}", "Lookups in the plan book: hit or miss."),
    Metric(PLANNER_CALLS, Kind.COUNTER, "{call}", "Calls of a planner, by outcome."),
    Metric(PLANNER_TOKENS, Kind.COUNTER, "{token}", "Tokens used for planning."),
    Metric(PLANNER_COST, Kind.COUNTER, "USD", "Cost of planning, for models with a known price."),
    Metric(
        SANDBOX_RUNS,
        Kind.COUNTER,
        "{run}",
        "Runs of a program, by outcome; `direct`: replied without a worker.",
    ),
    Metric(SANDBOX_KILLS, Kind.COUNTER, "{worker}", "Sandbox workers that died or were killed."),
    Metric(FSYNCS, Kind.COUNTER, "{fsync}", "Journal writes made durable by an fsync."),
)
