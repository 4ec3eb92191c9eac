"""The metrics: what is measured and counted, by which name and in which unit. Data.

Names and buckets of `http.*` and `gen_ai.*` are those of OpenTelemetry's semantic conventions
(opentelemetry.io/docs/specs/semconv, read in November 2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a metric behaves: a `histogram` of measurements, a `count` that only grows, a `level`."""

    HISTOGRAM = "histogram"
    COUNT = "count"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `unit` is by UCUM; `buckets` are upper bounds, in that unit, of a histogram."""

    name: str
    kind: Kind
    unit: str
    description: str
    buckets: tuple[float, ...] = ()


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
        "Time from a request's head to its reply's.",
        _REQUEST_BUCKETS_S,
    ),
    Metric(
        STAGE_DURATION,
        Kind.HISTOGRAM,
        "s",
        "Time that a request spent in a stage: plan, validate, exec or commit.",
        _STAGE_BUCKETS_S,
    ),
    Metric(
        MAILBOX_WAIT,
        Kind.HISTOGRAM,
        "s",
        "Time that a request waited in its session's mailbox before it began.",
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
    Metric(MAILBOX_DEPTH, Kind.LEVEL, "{request}", "Requests that wait in all mailboxes."),
    Metric(SESSIONS, Kind.LEVEL, "{session}", "Sessions that are live, or have data and sleep."),
    Metric(RESTARTS, Kind.COUNT, "{restart}", "Session actors restarted after a crash."),
    Metric(BOOK_LOOKUPS, Kind.COUNT, "{lookup}", "Plans looked for in the plan book: hit or miss."),
    Metric(PLANNER_CALLS, Kind.COUNT, "{call}", "Planners asked for a plan, by what came of it."),
    Metric(PLANNER_TOKENS, Kind.COUNT, "{token}", "Tokens that planning has used."),
    Metric(PLANNER_COST, Kind.COUNT, "USD", "What planning has cost, where prices are known."),
    Metric(SANDBOX_RUNS, Kind.COUNT, "{run}", "Programs run, by what came of it."),
    Metric(SANDBOX_KILLS, Kind.COUNT, "{worker}", "Sandbox workers that died or were killed."),
    Metric(FSYNCS, Kind.COUNT, "{fsync}", "Journal writes made durable by an fsync."),
)
