"""How long requests of other sessions take while one session does heavy work.

A thread sends GET requests of another session, one every few milliseconds, while this process waits
for the heavy request. The line "nothing else" is the same without heavy work: it shows what the
machine itself adds.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count

from benchmarks.peers.alone import Bench
from benchmarks.peers.client import Client
from benchmarks.peers.processes import Server
from benchmarks.peers.records import all_records
from benchmarks.peers.report import Extra
from benchmarks.peers.stats import percentile
from benchmarks.peers.targets.larst import SESSION, fill, serve_root

_EVERY_S = 0.004
_BUSY = "busy"
_SORT_FIELDS = ("-score", "city", "-email", "age", "-name", "grp", "active", "-city")

Work = Callable[[Client, int], object]


def measure_isolation(bench: Bench) -> Iterator[Extra]:
    """Yield p99 and longest of the other session's requests, by kind of work and in total."""
    records = bench.sizes.isolation_records
    results: list[tuple[float, float]] = []
    with bench.folder() as folder, serve_root(folder) as server:
        fill(server.port, "other", 100)
        fill(server.port, _BUSY, records)
        for name, work in _works(records).items():
            latencies_ms, times = _observed(server, work, bench.sizes.isolation_s)
            p99_ms, longest_ms = percentile(latencies_ms, 0.99), max(latencies_ms)
            detail = f"longest {longest_ms:.1f} ms; {len(latencies_ms):,} requests, work {times} ×"
            title = f"others' p99 beside {name}"
            yield bench.extra(f"others.{name}", title, p99_ms, "ms", detail)
            results.append((p99_ms, longest_ms))
    worst_p99_ms, longest_ms = (max(column) for column in zip(*results[1:], strict=True))
    yield bench.extra("others.p99", "others' p99, worst of these", worst_p99_ms, "ms")
    yield bench.extra("others.longest", "others' longest", longest_ms, "ms")


def _works(records: int) -> Mapping[str, Work]:
    """Return the kinds of work; the number of the repetition varies each."""
    document = json.dumps({"users": _numbered(records)}).encode()

    def sort(client: Client, number: int) -> None:
        field = _SORT_FIELDS[number % len(_SORT_FIELDS)]
        client.expect("GET", f"/users?limit=20&sort={field}")

    return {
        "nothing else": lambda client, number: time.sleep(0.1),
        "sort": sort,
        "search q=": lambda client, number: client.expect(
            "GET", f"/users?q=street%20{number}x&limit=20"
        ),
        "bulk update": lambda client, number: client.expect(
            "PATCH", "/users?active=true", {"age": number}
        ),
        "import": lambda client, number: client.expect(
            "POST", f"/_larst/sessions/import{number}/import", document
        ),
    }


def _numbered(records: int) -> list[dict[str, object]]:
    return [{"id": key, **row} for key, row in enumerate(all_records(records), 1)]


def _observed(server: Server, work: Work, seconds: float) -> tuple[list[float], int]:
    """Repeat the work for these seconds; return the other session's latencies and the count."""
    client = Client(server.port, {SESSION: _BUSY})
    end_s = time.perf_counter() + seconds
    with _probed(server) as latencies_ms:
        for number in count():
            if number and time.perf_counter() > end_s:
                break
            work(client, number)
        client.close()
    return latencies_ms, number


@contextmanager
def _probed(server: Server) -> Iterator[list[float]]:
    """Send requests of another session in a thread; yield the list of their latencies."""
    latencies_ms: list[float] = []
    ended = threading.Event()

    def probe() -> None:
        client = Client(server.port, {SESSION: "other"})
        while not ended.wait(_EVERY_S):
            start_s = time.perf_counter()
            client.expect("GET", "/users/7")
            latencies_ms.append((time.perf_counter() - start_s) * 1000)
        client.close()

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield latencies_ms
    finally:
        ended.set()
        thread.join()
