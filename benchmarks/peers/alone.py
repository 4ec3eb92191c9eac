"""LARST alone: many records, many sessions, waking, starting, memory of idle sessions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers.client import Client
from benchmarks.peers.generator import run_job
from benchmarks.peers.loads import LOADS, Routes, render
from benchmarks.peers.measuring import Figures, Span, Subject, figures_of, job_of
from benchmarks.peers.processes import Server
from benchmarks.peers.procfs import resident_kb
from benchmarks.peers.records import all_records, new_record
from benchmarks.peers.report import Extra
from benchmarks.peers.stats import median
from benchmarks.peers.targets import Larst
from benchmarks.peers.targets.larst import SESSION, fill, serve_root

_SETTLE_S = 2.0
"""After many sessions were created: their files are completed after the reply."""
_FIRST_REQUEST_S = 0.0005
"""A read is remembered from its first time on; what that takes is the cost of new requests."""
_SESSION_RECORDS = 5
_AWAKE = {"LARS_MAX_SESSIONS_IN_MEMORY": "20000", "LARS_IDLE_S": "3600"}
"""All sessions stay in memory: waking is measured by itself."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the runs are; the goals are about the defaults."""

    records: int = 100_000
    sessions: int = 10_000
    idle_sessions: int = 4_000
    isolation_records: int = 200_000
    rounds: int = 5
    isolation_s: float = 4.0

    @property
    def is_full(self) -> bool:
        """Whether the goals can be judged."""
        return self == Sizes()


QUICK = Sizes(10_000, 1_000, 1_000, 20_000, 2, 1.5)


@dataclass(frozen=True, slots=True)
class Bench:
    """What all parts need: where data lie, how long to measure, how large, whom to inform."""

    workdir: Path
    span: Span
    sizes: Sizes
    inform: Callable[[str], None]

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Return an empty folder that is removed afterwards."""
        with TemporaryDirectory(dir=self.workdir, prefix="larst-peers-") as name:
            yield Path(name)

    def extra_of(self, key: str, title: str, value: float, unit: str, detail: str = "") -> Extra:
        """Return a figure, and inform of it."""
        self.inform(f"{title}: {value:.3g} {unit}  {detail}")
        return Extra(key, title, value, unit, detail, self.sizes.is_full)


def measure_alone(bench: Bench) -> Iterator[Extra]:
    """Yield every figure of LARST alone."""
    yield from _measure_records(bench)
    yield from _measure_sessions(bench)
    yield _measure_wake(bench, "wake.small", 1000)
    yield _measure_wake(bench, "wake.large", bench.sizes.records)
    yield _measure_start(bench)
    yield _measure_memory(bench)
    yield _measure_idle(bench)


def _measure_records(bench: Bench) -> Iterator[Extra]:
    """Yield the cost with many records as a multiple of the cost with 1,000."""
    small, large = (_figures_with(bench, count) for count in (1000, bench.sizes.records))
    for load, figures in large.items():
        title = f"{bench.sizes.records:,} records: {LOADS[load].title}"
        yield _multiple(bench, f"records.{load}", title, figures, small[load])


def _figures_with(bench: Bench, records: int) -> Mapping[str, Figures]:
    larst = Larst()
    with bench.folder() as folder, larst.serve(folder, records) as server:
        subject = Subject(server, larst.routes, folder, records)
        return dict(subject.measure(("get", "list", "search", "patch"), bench.span))


def _multiple(bench: Bench, key: str, title: str, figures: Figures, base: Figures) -> Extra:
    detail = f"{base.cpu_us:,.0f} → {figures.cpu_us:,.0f} µs"
    return bench.extra_of(key, title, figures.cpu_us / base.cpu_us, "× the CPU", detail)


def _measure_sessions(bench: Bench) -> Iterator[Extra]:
    """Yield the cost of requests spread over many sessions as a multiple of one session's."""
    single, many = (_spread(bench, count) for count in (1, bench.sizes.sessions))
    for load, figures in many.items():
        title = f"{bench.sizes.sessions:,} sessions: {LOADS[load].title}"
        yield _multiple(bench, f"sessions.{load}", title, figures, single[load])


def _spread(bench: Bench, sessions: int) -> Mapping[str, Figures]:
    with bench.folder() as folder, serve_root(folder, _AWAKE) as server:
        _create_sessions(server, sessions)
        time.sleep(_SETTLE_S)
        return {
            load: figures_of(
                run_job(
                    job_of(server, load, _spread_requests(load, sessions), _warm(bench, sessions))
                )
            )
            for load in ("get", "post")
        }


def _warm(bench: Bench, sessions: int) -> Span:
    """Return the span with a warm-up in which each session gets its first request."""
    warm_up_s = max(bench.span.warm_up_s, sessions * _FIRST_REQUEST_S)
    return Span(bench.span.seconds, warm_up_s)


def _create_sessions(server: Server, sessions: int) -> None:
    client, rows = Client(server.port), all_records(_SESSION_RECORDS)
    for number in range(sessions):
        client.expect("POST", "/users", rows, **{SESSION: f"s{number}"})
    client.close()


def _spread_requests(load: str, sessions: int) -> list[str]:
    """Return a request for each session, in an order that differs from that of their creation."""
    step = 7919  # a prime that divides no number of sessions in use
    requests = []
    for index in range(sessions):
        number = index * step % sessions
        path = "/users" if load == "post" else f"/users/{number % _SESSION_RECORDS + 1}"
        body = new_record() if load == "post" else None
        requests.append(render(LOADS[load].method, path, {SESSION: f"s{number}"}, body))
    return requests


def _measure_wake(bench: Bench, key: str, records: int) -> Extra:
    """Return the time of the first request to a session after a restart."""
    path = Routes().record(5)
    times_ms = []
    with bench.folder() as folder:
        with serve_root(folder) as server:
            fill(server.port, "bench", records)
        for _ in range(bench.sizes.rounds):
            with serve_root(folder) as server:
                client = Client(server.port)
                for _ in range(3):  # so that only the session is cold
                    client.send("GET", path, headers={SESSION: "other"})
                start_s = time.perf_counter()
                client.expect("GET", path, **{SESSION: "bench"})
                times_ms.append((time.perf_counter() - start_s) * 1000)
                client.close()
    title = f"wake of {records:,} records"
    return bench.extra_of(key, title, median(times_ms), "ms", f"{len(times_ms)} times, median")


def _measure_start(bench: Bench) -> Extra:
    times_s = []
    for _ in range(bench.sizes.rounds):
        with bench.folder() as folder, serve_root(folder) as server:
            times_s.append(server.ready_s)
    detail = f"{len(times_s)} times, median"
    return bench.extra_of("start", "start until ready", median(times_s), "s", detail)


def _measure_memory(bench: Bench) -> Extra:
    """Return the memory of the records of a session as a multiple of their JSON."""
    records = bench.sizes.records
    with bench.folder() as folder:
        with serve_root(folder) as server:
            fill(server.port, "bench", records)
        with serve_root(folder) as server:
            client = Client(server.port)
            for session in ("other", "bench"):  # the first request of all needs memory, too
                before_kb = resident_kb(server.pid)
                client.send("GET", Routes().record(5), headers={SESSION: session})
                time.sleep(_SETTLE_S)
            memory_kb = resident_kb(server.pid) - before_kb
            client.close()
    json_kb = len(json.dumps(all_records(records), separators=(",", ":"))) / 1024
    return bench.extra_of(
        "memory",
        f"memory of {records:,} records",
        memory_kb / json_kb,
        "× their JSON",
        f"{json_kb / 1024:,.1f} MB of JSON, {memory_kb / 1024:,.1f} MB of memory",
    )


def _measure_idle(bench: Bench) -> Extra:
    """Return the memory of an empty session in memory: the growth between two counts of them."""
    sessions = bench.sizes.idle_sessions
    sizes_kb = []
    with bench.folder() as folder, serve_root(folder, _AWAKE) as server:
        client = Client(server.port)
        for number in range(1, 2 * sessions + 1):
            client.send("GET", "/users", headers={SESSION: f"e{number}"})
            if number % sessions == 0:
                time.sleep(_SETTLE_S)
                sizes_kb.append(resident_kb(server.pid))
        client.close()
    value = (sizes_kb[1] - sizes_kb[0]) / sessions
    return bench.extra_of(
        "idle", "memory of an idle session", value, "KB", f"{sessions:,} sessions"
    )
