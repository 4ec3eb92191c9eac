"""How long requests of other sessions take while one session does heavy work.

A thread sends GET requests of another session, one every few milliseconds, while this process waits
for the heavy request. The line "nothing else" is the same without heavy work: it shows what the
machine itself adds.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.peers.alone import Bench
from benchmarks.peers.client import Client, Reply
from benchmarks.peers.processes import Server
from benchmarks.peers.records import all_records
from benchmarks.peers.report import Extra
from benchmarks.peers.stats import percentile
from benchmarks.peers.targets.larst import SESSION, fill, serve_root

_EVERY_S = 0.004
_BUSY = "busy"
_NOTHING = "nothing else"
_SORT_FIELDS = ("-score", "city", "-email", "age", "-name", "grp", "active", "-city")

_SETTINGS = {"LARS_MAX_STORE_CALLS": "1000000"}
"""By default, a program that changes more than 10,000 records is refused."""

Work = Callable[[Client, int], Reply]


@dataclass(slots=True)
class _Probe:
    """The requests of another session; `error` ended them early."""

    latencies_ms: list[float] = field(default_factory=list)
    error: Exception | None = None


def measure_isolation(bench: Bench) -> Iterator[Extra]:
    """Yield p99 and longest of the other session's requests, by kind of work and in total."""
    records = bench.sizes.isolation_records
    worst_p99_ms = longest_ms = 0.0
    with bench.folder() as folder, serve_root(folder, _SETTINGS) as server:
        fill(server.port, "other", 100)
        fill(server.port, _BUSY, records)
        for name, work in _works(records).items():
            latencies_ms, summary = _observe(server, work, bench.sizes.isolation_s)
            p99_ms = percentile(latencies_ms, 0.99)
            detail = f"longest {max(latencies_ms):.1f} ms of {len(latencies_ms):,}; {summary}"
            title = f"others' p99 beside: {name}"
            yield bench.extra_of(f"others.{name}", title, p99_ms, "ms", detail)
            if name != _NOTHING:
                worst_p99_ms = max(worst_p99_ms, p99_ms)
                longest_ms = max(longest_ms, *latencies_ms)
    yield bench.extra_of("others.p99", "others' p99, the worst of these", worst_p99_ms, "ms")
    yield bench.extra_of("others.longest", "others' longest request", longest_ms, "ms")


def _works(records: int) -> Mapping[str, Work]:
    """Return the kinds of work; the number of the repetition varies each."""
    rows = [{"id": key, **row} for key, row in enumerate(all_records(records), 1)]
    document = json.dumps({"users": rows}).encode()

    def nothing(client: Client, number: int) -> Reply:
        time.sleep(0.1)
        return Reply(200, None)

    def sort(client: Client, number: int) -> Reply:
        order = _SORT_FIELDS[number % len(_SORT_FIELDS)]
        return client.send("GET", f"/users?limit=20&sort={order}")

    def search(client: Client, number: int) -> Reply:
        return client.send("GET", f"/users?q=street%20{number}x&limit=20")

    def update(client: Client, number: int) -> Reply:
        return client.send("PATCH", "/users?active=true", {"age": number})

    def load(client: Client, number: int) -> Reply:
        return client.send("POST", f"/_larst/sessions/import{number}/import", document)

    kinds = {"sort": sort, "search q=": search, "bulk update": update, "import": load}
    return {_NOTHING: nothing, **kinds}


def _observe(server: Server, work: Work, seconds: float) -> tuple[list[float], str]:
    """Repeat the work for these seconds; return the other session's latencies and a summary."""
    client, statuses = Client(server.port, {SESSION: _BUSY}), Counter[int]()
    start_s = time.perf_counter()
    with _probed(server) as probe:
        while not statuses or time.perf_counter() - start_s < seconds:
            statuses[work(client, statuses.total()).status] += 1
        work_ms = (time.perf_counter() - start_s) / statuses.total() * 1000
        client.close()
    if probe.error:
        raise probe.error
    refused = ", ".join(f"{status} × {times}" for status, times in statuses.items() if status > 299)
    summary = f"{statuses.total()} × {work_ms:,.0f} ms" + (
        f", refused: {refused}" if refused else ""
    )
    return probe.latencies_ms, summary


@contextmanager
def _probed(server: Server) -> Iterator[_Probe]:
    """Send requests of another session in a thread, meanwhile and once more afterwards."""
    probe, ended = _Probe(), threading.Event()

    def repeat() -> None:
        client = Client(server.port, {SESSION: "other"})
        try:
            while not (ended.wait(_EVERY_S) and probe.latencies_ms):
                start_s = time.perf_counter()
                client.expect("GET", "/users/7")
                probe.latencies_ms.append((time.perf_counter() - start_s) * 1000)
        except Exception as error:  # noqa: BLE001 - raised again in the main thread
            probe.error = error
        finally:
            client.close()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield probe
    finally:
        ended.set()
        thread.join()
