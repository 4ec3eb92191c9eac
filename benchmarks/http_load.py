"""Measure requests per second, and the service's CPU time per request, by kind of request.

    python benchmarks/http_load.py [--seconds 5] [--connections 16]

Starts `larst serve` on a free port with an empty data root and stores 1,000 records of about 230
bytes. Then sends each kind of request over keep-alive connections. The client writes prepared
bytes, because a client library would take CPU time from the service. CPU time is that of the
service's process without its workers, from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

import orjson
from served import Connection, Served, percentile_ms, request, served

RECORD = {"name": "Alice Hartmann", "email": "alice@example.com", "role": "admin", "bio": "x" * 150}


async def _load(port: int, raw: bytes, connections: int, seconds: float) -> tuple[float, float]:
    """Return (requests per second, 99th percentile in ms) under steady load."""
    latencies_s: list[float] = []
    end_s = time.perf_counter() + seconds

    async def client() -> None:
        connection = await Connection.open(port)
        while (start_s := time.perf_counter()) < end_s:
            status = (await connection.send(raw)).status
            if status >= 400:
                raise SystemExit(f"the service answered {status}")
            latencies_s.append(time.perf_counter() - start_s)
        connection.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return len(latencies_s) / seconds, percentile_ms(latencies_s, 0.99)


async def _measure(service: Served, connections: int, seconds: float) -> None:
    connection = await Connection.open(service.port)
    await connection.send(request("POST", "/members", orjson.dumps([RECORD] * 1000)))
    connection.close()
    kinds = {
        "GET one": request("GET", "/members/500"),
        "list of 20": request("GET", "/members?limit=20&offset=100"),
        "search": request("GET", "/members/search?name=Bob"),
        "POST": request("POST", "/others", orjson.dumps(RECORD)),
    }
    sys.stdout.write(f"{'request':<12}{'a second':>10}{'CPU us':>10}{'p99 ms':>10}\n")
    for name, raw in kinds.items():
        await _load(service.port, raw, connections, 0.5)
        before_s = service.cpu_s()
        rate, p99_ms = await _load(service.port, raw, connections, seconds)
        cpu_us = (service.cpu_s() - before_s) / (rate * seconds) * 1e6
        sys.stdout.write(f"{name:<12}{rate:>10.0f}{cpu_us:>10.0f}{p99_ms:>10.1f}\n")


def main() -> None:
    """Start the service, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    with served({}) as service:
        asyncio.run(_measure(service, options.connections, options.seconds))


if __name__ == "__main__":
    main()
