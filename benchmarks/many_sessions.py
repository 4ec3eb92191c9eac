"""Create, wake and change ten thousand sessions under load; count errors, losses and memory.

    python benchmarks/many_sessions.py [--sessions 10000] [--in-memory 500] [--connections 32]

There are far more sessions than fit in memory, so nearly every request wakes one session and puts
another to sleep. Every reply is compared with the expected one, also after a restart. The exit code
is 1 if a request was refused or a change was lost. Memory is that of the service, from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import orjson
from served import Connection, Served, percentile_ms, request, served

_ROW = "{:<22}{:>8}{:>10}{:>10}{:>8}{:>10}\n"

PADDING = "x" * 2000
"""A session's record is about 2 kB."""

Step = Callable[[Connection, int], Awaitable[bool]]
"""Sends the requests for one session; returns whether all replies were as expected."""


async def _create(connection: Connection, number: int) -> bool:
    body = orjson.dumps({"of": number, "text": PADDING})
    reply = await connection.send(request("POST", "/things", body, f"s{number}"))
    return reply.status == 201


async def _change(connection: Connection, number: int) -> bool:
    reply = await connection.send(request("GET", "/things/1", session=f"s{number}"))
    if reply.status != 200 or orjson.loads(reply.body)["of"] != number:
        return False
    body = orjson.dumps({"seen": number})
    reply = await connection.send(request("PATCH", "/things/1", body, f"s{number}"))
    return reply.status == 200


async def _verify(connection: Connection, number: int) -> bool:
    reply = await connection.send(request("GET", "/things", session=f"s{number}"))
    expected = [{"id": 1, "of": number, "text": PADDING, "seen": number}]
    return reply.status == 200 and orjson.loads(reply.body)["items"] == expected


async def _phase(
    service: Served, name: str, step: Step, numbers: Sequence[int], connections: int
) -> int:
    """Run a step for each session; print the figures, and return the number of failures."""
    latencies_s: list[float] = []
    failures = 0
    most_mb = service.resident_mb()
    remaining = iter(numbers)

    async def client() -> None:
        nonlocal failures, most_mb
        connection = await Connection.open(service.port)
        for number in remaining:
            start_s = time.perf_counter()
            failures += not await step(connection, number)
            latencies_s.append(time.perf_counter() - start_s)
            if len(latencies_s) % 200 == 0:
                most_mb = max(most_mb, service.resident_mb())
        connection.close()

    start_s = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    rate = len(numbers) / (time.perf_counter() - start_s)
    p99_ms = percentile_ms(latencies_s, 0.99)
    row = (name, len(numbers), f"{rate:.0f}", f"{p99_ms:.1f}", failures, f"{most_mb:.0f}")
    sys.stdout.write(_ROW.format(*row))
    sys.stdout.flush()
    return failures


async def _under_load(service: Served, options: argparse.Namespace) -> int:
    numbers = list(range(options.sessions))
    shuffled = random.Random(1).sample(numbers, len(numbers))  # noqa: S311 - not secret
    failures = await _phase(service, "created", _create, numbers, options.connections)
    failures += await _phase(service, "woken, changed", _change, shuffled, options.connections)
    return failures + await _phase(service, "woken, read", _verify, numbers, options.connections)


def main() -> None:
    """Run the phases; exit with 1 if a reply was not as expected."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--in-memory", type=int, default=500)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    variables = {"LARS_MAX_SESSIONS_IN_MEMORY": str(options.in_memory)}
    sys.stdout.write(_ROW.format("sessions", "steps", "a second", "p99 ms", "failed", "MB"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with served(variables, root) as service:
            failures = asyncio.run(_under_load(service, options))
        with served(variables, root) as service:
            numbers = range(options.sessions)
            restarted = _phase(service, "after a restart", _verify, numbers, options.connections)
            failures += asyncio.run(restarted)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
