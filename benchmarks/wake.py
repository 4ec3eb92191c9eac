"""Measure how long a session takes to wake, and how long waking and sleeping hold the event loop.

    python benchmarks/wake.py [--records 1000 100000] [--resources 1] [--runs 5]

Each session holds that many records of about 230 bytes, all in its documented files. Each run uses
a new store, after the objects of the last one are freed; the median and the worst run are shown.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uvloop
from heartbeat import heartbeat

from larst.store import DiskFiles, SessionStore, Threads
from larst.store.transfer.replacing import free

RECORD = {"name": "Alice Hartmann", "email": "alice@example.com", "role": "admin", "bio": "x" * 150}
_now = partial(datetime.now, UTC)


def _store(directory: Path, threads: Threads) -> SessionStore:
    return SessionStore(directory, files=DiskFiles(), now=_now, threads=threads)


async def _fill(directory: Path, threads: Threads, records: int, resources: int) -> None:
    store = _store(directory, threads)
    await store.load()

    def fill() -> None:
        for number in range(records):
            transaction = store.commits.begin()
            transaction.resource(f"members{number % resources}").insert(
                {**RECORD, "number": number}
            )
            store.commits.commit(transaction)

    await store.work.off_loop(fill)
    await store.close()


async def _wake(directory: Path, threads: Threads) -> tuple[float, float]:
    """Return the milliseconds of a wake, and those for which wake and sleep held the loop."""
    gc.collect()
    store = _store(directory, threads)
    async with heartbeat() as heart:
        start_s = time.perf_counter()
        await store.load()
        elapsed_ms = (time.perf_counter() - start_s) * 1000
        store.release()
        await threads.finished(free)
    return elapsed_ms, heart.longest_ms


async def _measure(root: Path, options: argparse.Namespace) -> None:
    threads = Threads.open()
    for records in options.records:
        directory = root / f"s{records}"
        await _fill(directory, threads, records, options.resources)
        await _wake(directory, threads)  # the first one also imports modules
        runs = [await _wake(directory, threads) for _ in range(options.runs)]
        wakes, holds = zip(*runs, strict=True)
        sys.stdout.write(
            f"{records:>8} records: wake {statistics.median(wakes):6.1f} ms"
            f" (worst {max(wakes):.1f}); loop held {statistics.median(holds):5.1f} ms"
            f" (worst {max(holds):.1f})\n"
        )
    threads.close()


def main() -> None:
    """Fill the sessions, and wake them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--resources", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        uvloop.run(_measure(Path(root), options))


if __name__ == "__main__":
    main()
