"""The goals of LARST against its peers, as a table, and the verdict of a report on each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.peers.report import RIVAL, Report

FAST_DISK_MS = 0.5
"""Rates of durable writes are judged where an append with fdatasync takes at most this long."""

UNEVEN = 1.5
"""Two servers that wait for the disk are not compared if it was so much slower for one of them."""

_LARST = "larst"
_DURABLE_RIVAL = "fastapi-full"
_WRITES = ("post", "patch", "delete")


class Verdict(StrEnum):
    """Whether a goal was reached."""

    MET = "met"
    MISSED = "missed"
    NOT_MEASURED = "not measured"
    SMALLER_RUN = "smaller run"
    SLOW_DISK = "slow disk"
    UNEVEN_DISK = "uneven disk"


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit for one measured value; without `is_ceiling` it is a floor."""

    title: str
    measure: Callable[[Report], float | None]
    limit: float
    unit: str = "×"
    is_ceiling: bool = True
    extra: str = ""
    """The key of the extra that the value comes from."""
    durable_load: str = ""
    """The load whose disk must be fast for a verdict."""
    waiting_load: str = ""
    """The load in which the rival waits for the disk as well."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A goal with the value of a report."""

    goal: Goal
    value: float | None
    verdict: Verdict


def _cost(title: str, load: str, limit: float) -> Goal:
    return Goal(f"{title}: CPU of the constant application", _cost_of(load), limit)


def _cost_of(load: str) -> Callable[[Report], float | None]:
    return lambda report: report.cost(_LARST, load)


def _rate(title: str, load: str, rival: str, limit: float, rival_load: str = "") -> Goal:
    return Goal(
        title,
        lambda report: report.rate_ratio(_LARST, load, rival, rival_load),
        limit,
        is_ceiling=False,
        durable_load=load if load in _WRITES and rival == RIVAL else "",
        waiting_load=load if rival == _DURABLE_RIVAL else "",
    )


def _extra(title: str, key: str, limit: float, unit: str = "×") -> Goal:
    def value_of(report: Report) -> float | None:
        extra = report.extra_of(key)
        return extra.value if extra else None

    return Goal(title, value_of, limit, unit, extra=key)


GOALS = (
    _cost("GET", "get", 1.3),
    _rate("GET: rate of json-server 1", "get", RIVAL, 1.3),
    _cost("sorted list", "list", 2.5),
    _rate("sorted list: rate of json-server 1 for an unsorted page", "list", RIVAL, 1, "page"),
    _cost("search", "search", 3),
    _rate("search: rate of json-server 1", "search", RIVAL, 2.5),
    *(_cost(load.upper(), load, 3) for load in _WRITES),
    *(_rate(f"{load.upper()}: rate of json-server 1", load, RIVAL, 10) for load in _WRITES),
    *(_rate(f"{load.upper()}: rate of FastAPI FULL", load, _DURABLE_RIVAL, 2) for load in _WRITES),
    _extra("100,000 records: GET, of the CPU at 1,000", "records.get", 1.2),
    _extra("100,000 records: PATCH, of the CPU at 1,000", "records.patch", 1.3),
    _extra("100,000 records: search, of the CPU at 1,000", "records.search", 1.5),
    _extra("100,000 records: sorted list, of the CPU at 1,000", "records.list", 1.5),
    _extra("10,000 sessions: GET, of the CPU with one", "sessions.get", 1.2),
    _extra("10,000 sessions: POST, of the CPU with one", "sessions.post", 1.5),
    _extra("a program in a worker, one store call", "worker", 1.5, "ms"),
    _extra("twelve new shapes at once, of a provider that takes 1 s", "shapes", 1.3, "s"),
    _extra("memory of records, of the size of their JSON", "memory", 8),
    _extra("wake of 1,000 records", "wake.small", 10, "ms"),
    _extra("wake of 100,000 records", "wake.large", 400, "ms"),
    _extra("memory of an idle session", "idle", 8, "KB"),
    _extra("start until ready", "start", 0.9, "s"),
    _extra("requests of others, 99th percentile", "others.p99", 50, "ms"),
    _extra("requests of others, longest", "others.longest", 100, "ms"),
)


def judge(report: Report) -> list[Judgement]:
    """Return the verdict on each goal."""
    return [_judgement(goal, report) for goal in GOALS]


def _judgement(goal: Goal, report: Report) -> Judgement:
    value = goal.measure(report)
    return Judgement(goal, value, _verdict(goal, value, report))


def _verdict(goal: Goal, value: float | None, report: Report) -> Verdict:
    if value is None:
        return Verdict.NOT_MEASURED
    extra = report.extra_of(goal.extra)
    if extra and not extra.is_full:
        return Verdict.SMALLER_RUN
    if _is_disk_uneven(goal, report):
        return Verdict.UNEVEN_DISK
    is_met = value <= goal.limit if goal.is_ceiling else value >= goal.limit
    if is_met:
        return Verdict.MET
    return Verdict.SLOW_DISK if _is_disk_slow(goal, report) else Verdict.MISSED


def _is_disk_slow(goal: Goal, report: Report) -> bool:
    figures = report.figures(_LARST, goal.durable_load)
    return figures is not None and (figures.fdatasync_ms or 0) > FAST_DISK_MS


def _is_disk_uneven(goal: Goal, report: Report) -> bool:
    pair = [report.figures(server, goal.waiting_load) for server in (_LARST, _DURABLE_RIVAL)]
    times_ms = sorted(figures.fdatasync_ms or 0 for figures in pair if figures)
    return len(times_ms) == 2 and times_ms[1] > UNEVEN * times_ms[0]
