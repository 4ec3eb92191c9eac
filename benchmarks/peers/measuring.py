"""One server under all loads: check, generate, sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.peers.checks import check_load
from benchmarks.peers.client import Client
from benchmarks.peers.disk import fdatasync_ms
from benchmarks.peers.generator import Job, Outcome, run_job
from benchmarks.peers.loads import LOADS, Routes, requests_of
from benchmarks.peers.processes import Server
from benchmarks.peers.stats import median

CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Figures:
    """What one load costs one server; CPU is user and system time of its whole process tree."""

    requests_per_s: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    generator_share: float
    """The CPU time of the generator as a share of one core: near 1, it is the bottleneck."""
    fdatasync_ms: float | None = None
    """The time of an append with fdatasync in the same folder; only beside durable loads."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long to measure, and to warm up before."""

    seconds: float
    warm_up_s: float = 0.5


def figures_of(outcome: Outcome, sync_ms: float | None = None) -> Figures:
    """Return the figures per request."""
    return Figures(
        requests_per_s=outcome.requests / outcome.seconds,
        cpu_us=outcome.server_cpu_s / outcome.requests * 1e6,
        p50_ms=outcome.p50_ms,
        p99_ms=outcome.p99_ms,
        longest_ms=outcome.longest_ms,
        generator_share=outcome.generator_cpu_s / outcome.seconds,
        fdatasync_ms=sync_ms,
    )


def median_figures(rounds: Sequence[Figures]) -> Figures:
    """Return the median of each figure."""
    columns: dict[str, list[float]] = {}
    for figures in rounds:
        for name, value in asdict(figures).items():
            if value is not None:
                columns.setdefault(name, []).append(value)
    return Figures(**{name: median(values) for name, values in columns.items()})


def job_of(server: Server, name: str, requests: list[str], span: Span) -> Job:
    """Return the job of a load."""
    load = LOADS[name]
    return Job(
        port=server.port,
        pid=server.pid,
        requests=requests,
        statuses=list(load.statuses),
        connections=CONNECTIONS,
        seconds=span.seconds,
        warm_up_s=span.warm_up_s,
        is_once=load.is_once,
        collects_ids=name == "post",
    )


@dataclass(slots=True)
class Subject:
    """A running server, with all that the loads need to know of it."""

    server: Server
    routes: Routes
    folder: Path
    records: int
    has_store: bool = True
    _created_ids: Sequence[str] = ()

    def measure(self, names: Sequence[str], span: Span) -> Iterator[tuple[str, Figures]]:
        """Run the loads in this order, each after its check."""
        for name in names:
            if self.has_store:
                client = Client(self.server.port, self.routes.headers)
                check_load(name, client, self.routes, self.records)
                client.close()
            yield name, self._measure_load(name, span)

    def _measure_load(self, name: str, span: Span) -> Figures:
        if name == "delete" and not self._created_ids:
            self._measure_load("post", span)
        sync_ms = fdatasync_ms(self.folder) if LOADS[name].is_durable else None
        requests = requests_of(name, self.routes, self.records, self._created_ids)
        outcome = run_job(job_of(self.server, name, requests, span))
        if name == "post":
            self._created_ids = outcome.ids
        return figures_of(outcome, sync_ms)
