"""How long others wait while a session takes a large import in.

    python benchmarks/large_import.py [--megabytes 60]

One client asks /healthz, another writes to a session of its own, each a hundred times a second; a
third imports a json-server db.json of that size, and once more in the place of the first. The exit
code is 1 if anybody waited longer than half a second.
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
AFTERWARDS_S = 2.0  # the files are completed behind the reply


def _db_json(megabytes: int) -> bytes:
    text = b"x" * 120
    record = b'{"id":%d,"name":"user %d","t":"%b","n":{"a":[1,2,3],"b":true}}'
    count = megabytes * 1024**2 // 190
    return b'{"users":[%b]}' % b",".join(record % (n, n, text) for n in range(1, count + 1))


@asynccontextmanager
async def _asking(service: Served, raw: bytes) -> AsyncIterator[list[float]]:
    """Send this over and over, as long as it lasts; give how long each answer took."""
    connection = await Connection.open(service.port)
    took_s: list[float] = []

    async def ask() -> None:
        while True:
            begun_s = time.perf_counter()
            await connection.send(raw)
            took_s.append(time.perf_counter() - begun_s)
            await asyncio.sleep(EVERY_S)

    task = asyncio.create_task(ask())
    try:
        yield took_s
    finally:
        task.cancel()
        connection.close()


def _import(service: Served, body: bytes, query: str) -> float:
    """Send it from a thread, so that sending does not hold up those who measure."""
    connection = HTTPConnection("127.0.0.1", service.port)
    begun_s = time.perf_counter()
    connection.request("POST", f"/_larst/sessions/big/import{query}", body)
    reply = connection.getresponse()
    assert reply.status == 200, reply.read()
    connection.close()
    return time.perf_counter() - begun_s


async def _measure(service: Served, megabytes: int) -> float:
    body = _db_json(megabytes)
    worst_s = 0.0
    write = request("POST", "/things", b'{"n":1}', "other")
    for query in ("", "?replace=true"):
        async with (
            _asking(service, request("GET", "/healthz")) as healthy_s,
            _asking(service, write) as written_s,
        ):
            took_s = await asyncio.to_thread(_import, service, body, query)
            await asyncio.sleep(AFTERWARDS_S)
        told = [f"{len(body) / 1024**2:.0f} MB imported{query} in {took_s:.1f} s"]
        for name, latencies_s in (("/healthz", healthy_s), ("writes", written_s)):
            p99, worst = percentile_ms(latencies_s, 0.99), percentile_ms(latencies_s, 1.0)
            told.append(f"{name}: p99 {p99:.0f} ms, longest {worst:.0f} ms")
        told.append(f"{service.resident_mb():.0f} MB resident")
        sys.stdout.write("; ".join(told) + "\n")
        worst_s = max(worst_s, *healthy_s, *written_s)
    return worst_s


def main() -> int:
    """Measure, print, and tell whether nobody waited too long."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=60)
    megabytes = parser.parse_args().megabytes
    with served({}) as service:
        worst_s = asyncio.run(_measure(service, megabytes))
    return int(worst_s > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
