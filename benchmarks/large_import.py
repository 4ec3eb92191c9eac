"""Measure how long other clients wait during a large import.

    python benchmarks/large_import.py [--megabytes 60]

One client requests /healthz and another writes to its own session, each a hundred times a second. A
third imports a json-server db.json of that size, and then again with `replace`. The exit code is 1
if any request took longer than half a second.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection

from served import Connection, Served, percentile_ms, request, served

LIMIT_S = 0.5
EVERY_S = 0.01
AFTERWARDS_S = 2.0  # the service completes the files after the reply


def _db_json(megabytes: int) -> bytes:
    text = b"x" * 120
    record = b'{"id":%d,"name":"user %d","t":"%b","n":{"a":[1,2,3],"b":true}}'
    count = megabytes * 1024**2 // 190
    return b'{"users":[%b]}' % b",".join(record % (n, n, text) for n in range(1, count + 1))


@asynccontextmanager
async def _repeated(service: Served, raw: bytes) -> AsyncIterator[list[float]]:
    """Send the request again and again in the background; yield the list of latencies."""
    connection = await Connection.open(service.port)
    latencies_s: list[float] = []

    async def repeat() -> None:
        while True:
            start_s = time.perf_counter()
            await connection.send(raw)
            latencies_s.append(time.perf_counter() - start_s)
            await asyncio.sleep(EVERY_S)

    task = asyncio.create_task(repeat())
    try:
        yield latencies_s
    finally:
        task.cancel()
        connection.close()


def _import(service: Served, body: bytes, query: str) -> float:
    """Import the body and return the duration; blocks, so it must run in a thread."""
    connection = HTTPConnection("127.0.0.1", service.port)
    start_s = time.perf_counter()
    connection.request("POST", f"/_larst/sessions/big/import{query}", body)
    reply = connection.getresponse()
    assert reply.status == 200, reply.read()
    connection.close()
    return time.perf_counter() - start_s


async def _measure(service: Served, megabytes: int) -> float:
    body = _db_json(megabytes)
    worst_s = 0.0
    write = request("POST", "/things", b'{"n":1}', "other")
    for query in ("", "?replace=true"):
        async with (
            _repeated(service, request("GET", "/healthz")) as health_s,
            _repeated(service, write) as writes_s,
        ):
            import_s = await asyncio.to_thread(_import, service, body, query)
            await asyncio.sleep(AFTERWARDS_S)
        results = [f"{len(body) / 1024**2:.0f} MB imported{query} in {import_s:.1f} s"]
        for name, latencies_s in (("/healthz", health_s), ("writes", writes_s)):
            p99, worst = percentile_ms(latencies_s, 0.99), percentile_ms(latencies_s, 1.0)
            results.append(f"{name}: p99 {p99:.0f} ms, longest {worst:.0f} ms")
        results.append(f"{service.resident_mb():.0f} MB resident")
        sys.stdout.write("; ".join(results) + "\n")
        worst_s = max(worst_s, *health_s, *writes_s)
    return worst_s


def main() -> int:
    """Measure and print; return 1 if a request took too long."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=60)
    megabytes = parser.parse_args().megabytes
    with served({}) as service:
        worst_s = asyncio.run(_measure(service, megabytes))
    return int(worst_s > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
