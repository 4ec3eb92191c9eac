"""Measure resident memory with no sessions, with all sessions awake, and with all asleep.

    python benchmarks/idle_memory.py [--sessions 60] [--records 2000]

Each session stores that many records of about 230 bytes; then the sessions are idle until all are
asleep. Memory is that of the service's process without its workers, from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

import orjson
from served import Connection, Served, request, served

IDLE_S = 30
RECORD = {"name": "Alice Hartmann", "email": "alice@example.com", "role": "admin", "bio": "x" * 150}


async def _measure(service: Served, sessions: int, records: int) -> None:
    connection = await Connection.open(service.port)
    await connection.send(request("POST", "/warm", b'{"up": 1}', "warm"))
    _print("before", service)
    body = orjson.dumps([RECORD] * records)
    for number in range(sessions):
        reply = await connection.send(request("POST", "/members", body, f"s{number}"))
        assert reply.status == 201
    _print(f"{sessions} created", service)
    start_s = time.monotonic()
    while await _awake(connection):  # noqa: ASYNC110 - the service is another process
        await asyncio.sleep(1)
    _print(f"all asleep after {time.monotonic() - start_s:.0f} s", service)
    for number in range(sessions):
        reply = await connection.send(request("GET", "/members?limit=1", session=f"s{number}"))
        assert orjson.loads(reply.body)["page"]["total"] == records
    _print("all awake again", service)
    connection.close()


async def _awake(connection: Connection) -> int:
    reply = await connection.send(request("GET", "/_larst/sessions?limit=500"))
    return sum(session["state"] != "asleep" for session in orjson.loads(reply.body)["items"])


def _print(when: str, service: Served) -> None:
    sys.stdout.write(f"{when:<28}{service.resident_mb():>8.0f} MB\n")
    sys.stdout.flush()


def main() -> None:
    """Start the service, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--records", type=int, default=2000)
    options = parser.parse_args()
    with served({"LARS_IDLE_S": str(IDLE_S)}) as service:
        asyncio.run(_measure(service, options.sessions, options.records))


if __name__ == "__main__":
    main()
