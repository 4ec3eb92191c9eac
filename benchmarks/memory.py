"""Watch the memory of the service under mixed load of fixed shapes; fail if it goes on rising.

    python -m benchmarks.memory [--minutes 60] [--rate 40] [--sessions 50]

Each step creates, reads, lists, searches, changes and deletes a record of one session, so the data
stay the same. Sessions that are not in use go to sleep and wake again. Prints the resident memory
of the service's process once a minute. The exit code is 1 if the median of the last quarter exceeds
that of the quarter before by more than a megabyte: caches are full long before.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.peers.client import Client
from benchmarks.peers.processes import Server
from benchmarks.peers.procfs import resident_kb
from benchmarks.peers.records import all_records, new_record
from benchmarks.peers.targets.larst import SESSION, serve_root

SETTINGS = {"LARS_IDLE_S": "30", "LARS_LOG_LEVEL": "error"}
RECORDS = 50
SAMPLE_EVERY_S = 5.0
MAX_RISE_KB = 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """The resident memory after so many seconds and requests."""

    elapsed_s: float
    requests: int
    resident_kb: int


def rise_kb(samples: Sequence[Sample]) -> float:
    """Return by how much the median of the last quarter exceeds that of the third.

    >>> rise_kb([Sample(second, 0, min(second, 4)) for second in range(8)])
    0.0
    """
    quarter = len(samples) // 4
    third, last = samples[-2 * quarter : -quarter], samples[-quarter:]
    return float(median(item.resident_kb for item in last)) - float(
        median(item.resident_kb for item in third)
    )


def _steps(client: Client, sessions: int) -> Iterator[None]:
    """Send one request after another, without an end."""
    choose = random.Random(7)  # noqa: S311 - the same load each time
    for number in itertools.count():
        # Some sessions are in use for a minute, then others: the first ones sleep.
        session = f"m{(number // 200 * 5 + choose.randrange(5)) % sessions}"
        headers = {SESSION: session}
        record = client.expect("POST", "/users", {**new_record(), "name": f"n{number}"}, **headers)
        path = f"/users/{record['id']}"
        yield
        for method, target, body in (
            ("GET", path, None),
            ("GET", f"/users/{choose.randrange(RECORDS) + 1}", None),
            ("GET", "/users?limit=20&sort=name", None),
            ("GET", f"/users/search?name=n{number}", None),
            ("GET", f"/users?score_gte={choose.randrange(100)}&limit=5", None),
            ("PATCH", path, {"name": f"changed {number}"}),
            ("DELETE", path, None),
        ):
            client.expect(method, target, body, **headers)
            yield


def _watch(server: Server, minutes: float, rate: float, sessions: int) -> list[Sample]:
    client = Client(server.port)
    for number in range(sessions):
        client.expect("POST", "/users", all_records(RECORDS), **{SESSION: f"m{number}"})
    samples: list[Sample] = []
    begun_s = time.monotonic()
    for requests, _ in enumerate(_steps(client, sessions), start=1):
        elapsed_s = time.monotonic() - begun_s
        if elapsed_s >= len(samples) * SAMPLE_EVERY_S:
            samples.append(Sample(elapsed_s, requests, resident_kb(server.pid)))
            if len(samples) % 12 == 1:
                _print(samples[-1])
        if elapsed_s > 60 * minutes:
            break
        time.sleep(max(0.0, requests / rate - elapsed_s))
    client.close()
    return samples


def _print(sample: Sample) -> None:
    minutes, resident_mb = sample.elapsed_s / 60, sample.resident_kb / 1024
    sys.stdout.write(f"{minutes:>7.1f} min{sample.requests:>10} requests{resident_mb:>8.1f} MB\n")
    sys.stdout.flush()


def main() -> int:
    """Run the load; return the exit code."""
    parser = argparse.ArgumentParser(description="Watch the memory of the service under mixed load")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second")
    parser.add_argument("--sessions", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve_root(Path(folder), SETTINGS) as server:
        samples = _watch(server, options.minutes, options.rate, options.sessions)
    rise = rise_kb(samples)
    _print(samples[-1])
    sys.stdout.write(f"the last quarter is {rise / 1024:+.2f} MB above the one before\n")
    return int(rise > MAX_RISE_KB)


if __name__ == "__main__":
    sys.exit(main())
