"""The servers in turn, each under all loads, in rounds: the median of the rounds counts."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException

from benchmarks.peers.alone import Bench
from benchmarks.peers.checks import WrongServerError
from benchmarks.peers.client import UnexpectedStatusError
from benchmarks.peers.generator import WrongReplyError
from benchmarks.peers.installation import Cache, NotInstalledError
from benchmarks.peers.loads import LOADS
from benchmarks.peers.measuring import Figures, Subject, median_figures
from benchmarks.peers.processes import NotStartedError
from benchmarks.peers.report import ServerResult
from benchmarks.peers.targets import TARGETS, Target

_FAILURES = (
    *(NotStartedError, WrongReplyError, WrongServerError, UnexpectedStatusError),
    *(OSError, HTTPException, LookupError, subprocess.CalledProcessError),
)
"""A server that cannot be measured is skipped with the message; the others go on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to compare."""

    servers: Sequence[str]
    loads: Sequence[str]
    rounds: int
    records: int


def compare(plan: Plan, cache: Cache, bench: Bench) -> dict[str, ServerResult]:
    """Return the results of every server, in order."""
    targets = {name: TARGETS[name]() for name in plan.servers}
    skipped = _install(targets, cache, bench)
    rounds: dict[str, list[dict[str, Figures]]] = {name: [] for name in targets}
    for round_number in range(1, plan.rounds + 1):
        for name in [name for name in targets if name not in skipped]:
            bench.inform(f"round {round_number} of {plan.rounds}: {targets[name].title}")
            try:
                rounds[name].append(_measure(targets[name], plan, bench))
            except _FAILURES as error:
                skipped[name] = str(error) or repr(error)
                bench.inform(f"  skipped: {error}")
    return {
        name: ServerResult(target.title, _medians(rounds[name]), skipped.get(name, ""))
        for name, target in targets.items()
    }


def _install(targets: dict[str, Target], cache: Cache, bench: Bench) -> dict[str, str]:
    """Install what the servers need; return the reasons of those that cannot be installed."""
    skipped = {}
    for name, target in targets.items():
        bench.inform(f"set up {target.title}")
        try:
            target.install(cache)
        except NotInstalledError as error:
            skipped[name] = str(error)
            bench.inform(f"  skipped: {error}")
    return skipped


def _measure(target: Target, plan: Plan, bench: Bench) -> dict[str, Figures]:
    results = {}
    with bench.folder() as folder, target.serve(folder, plan.records) as server:
        subject = Subject(server, target.routes, folder, plan.records, target.has_store)
        for load, figures in subject.measure(plan.loads, bench.span):
            results[load] = figures
            bench.inform(
                f"  {LOADS[load].title:<20}{figures.requests_per_s:>9,.0f}/s"
                f"{figures.cpu_us:>8,.0f} µs{figures.p99_ms:>9.1f} ms p99"
            )
    return results


def _medians(rounds: Sequence[dict[str, Figures]]) -> dict[str, Figures]:
    loads = rounds[0] if rounds else {}
    return {load: median_figures([figures[load] for figures in rounds]) for load in loads}
