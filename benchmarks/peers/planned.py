"""LARST alone, with a planner that takes a second: new shapes, and programs in a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

from benchmarks.peers.alone import Bench
from benchmarks.peers.client import Client
from benchmarks.peers.generator import Job, run_job
from benchmarks.peers.loads import render
from benchmarks.peers.processes import Server
from benchmarks.peers.report import Extra
from benchmarks.peers.stats import median
from benchmarks.peers.targets.larst import SESSION, fill, serve_root

_HANDLER = {"LLM_MOCK_HANDLER": "benchmarks.peers.servers.planner.plan"}
_HEADERS = {SESSION: "bench"}
_RECORDS = 1000
_SHAPES = 12
_QUESTIONS = (
    "busiest quietest newest oldest longest shortest first last best worst odd even".split()
)


def measure_planned(bench: Bench) -> Iterator[Extra]:
    """Yield the time of new shapes, and of a known program that runs in a worker."""
    with _service(bench) as server:
        yield _measure_worker(bench, server)
    yield _measure_new_shapes(bench)


@contextmanager
def _service(bench: Bench) -> Iterator[Server]:
    with bench.folder() as folder, serve_root(folder, _HANDLER) as server:
        fill(server.port, "bench", _RECORDS)
        yield server


def _measure_worker(bench: Bench, server: Server) -> Extra:
    path = "/users/tally"
    client = Client(server.port, _HEADERS)
    client.expect("GET", path)
    client.close()
    outcome = run_job(
        Job(
            port=server.port,
            pid=server.pid,
            requests=[render("GET", path, _HEADERS)],
            statuses=[200],
            connections=1,
            seconds=bench.span.seconds,
            warm_up_s=bench.span.warm_up_s,
        )
    )
    detail = f"{outcome.requests} requests, one after another"
    title = "a program in a worker, one store call"
    return bench.extra_of("worker", title, outcome.p50_ms, "ms", detail)


def _measure_new_shapes(bench: Bench) -> Extra:
    """Return the time until twelve requests of new shapes, sent at once, have their replies."""
    times_s = []
    for _ in range(bench.sizes.rounds):
        with _service(bench) as server:
            times_s.append(_longest_s(server.port))
    detail = f"a provider that takes 1 s; {len(times_s)} times, median"
    return bench.extra_of("shapes", f"{_SHAPES} new shapes at once", median(times_s), "s", detail)


def _longest_s(port: int) -> float:
    barrier = Barrier(_SHAPES)

    def ask(question: str) -> float:
        client = Client(port, _HEADERS)
        client.expect("GET", "/users")  # connected before the start
        barrier.wait()
        start_s = time.perf_counter()
        client.expect("GET", f"/users/{question}")
        client.close()
        return time.perf_counter() - start_s

    with ThreadPoolExecutor(_SHAPES) as threads:
        return max(threads.map(ask, _QUESTIONS))
