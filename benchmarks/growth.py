"""Measure writes while many files are completed, and looking at many sessions.

    python benchmarks/growth.py [--resources 1000] [--sessions 100000]

The first part completes the files of that many resources while one client writes; the second lists
sessions that sleep, by pages of 500, as `GET /_larst/sessions` reads them.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uvloop

from larst.store import DataRoot, DiskFiles, SessionStore, Threads
from larst.store.overview import look

PAGE = 500


async def _insert(store: SessionStore, resource: str) -> None:
    transaction = store.commits.begin()
    transaction.resource(resource).insert({"name": "Alice Hartmann", "bio": "x" * 150})
    store.commits.commit(transaction)


async def _measure_writes(root: Path, resources: int) -> None:
    threads = Threads.open()
    now = partial(datetime.now, UTC)
    store = SessionStore(root / "busy", files=DiskFiles(), now=now, threads=threads)
    await store.load()
    for number in range(resources):
        await _insert(store, f"r{number}")
    await store.durability.flush()
    start_s = time.perf_counter()
    completing = asyncio.create_task(_complete(store))
    waits_ms = []
    while not completing.done():
        write_s = time.perf_counter()
        await _insert(store, "r0")
        await store.durability.flush()
        waits_ms.append((time.perf_counter() - write_s) * 1000)
        await asyncio.sleep(0.005)
    elapsed_s = time.perf_counter() - start_s
    sys.stdout.write(
        f"{resources} resources completed in {elapsed_s:.1f} s; {len(waits_ms)} writes meanwhile:"
        f" median {statistics.median(waits_ms):.1f} ms, longest {max(waits_ms):.1f} ms\n"
    )
    await store.close()
    threads.close()


async def _complete(store: SessionStore) -> None:
    store.checkpoints.start_quiet()
    await store.checkpoints.finished()


async def _make_template(root: Path) -> dict[str, bytes]:
    store = SessionStore(root / "template", files=DiskFiles(), now=partial(datetime.now, UTC))
    await store.load()
    await _insert(store, "members")
    await store.close()
    return {name: (root / "template" / name).read_bytes() for name in (".journal", ".stats")}


def _measure_pages(root: Path, sessions: int, files: dict[str, bytes]) -> None:
    for number in range(sessions):
        directory = root / f"s{number:06}"
        (directory / ".schemas").mkdir(parents=True)
        for name, content in files.items():
            (directory / name).write_bytes(content)
    time.sleep(2.1)  # a scan is shared once the directory has rested
    with DataRoot.open(root) as data_root:
        for label in ("first page", "next page", "last page"):
            start_s = time.perf_counter()
            ids = data_root.session_ids()
            page = ids[-PAGE:] if label == "last page" else ids[:PAGE]
            known = sum(
                look(data_root.session_directory(name)).records is not None for name in page
            )
            elapsed_ms = (time.perf_counter() - start_s) * 1000
            sys.stdout.write(f"{label} of {len(ids)}: {elapsed_ms:.0f} ms, {known} with counts\n")


def main() -> None:
    """Measure writes, and then pages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        uvloop.run(_measure_writes(root, options.resources))
        files = uvloop.run(_make_template(root))
        _measure_pages(root, options.sessions, files)


if __name__ == "__main__":
    main()
