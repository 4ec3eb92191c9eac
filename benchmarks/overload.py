"""Overload: how fast the service refuses, which requests it still serves, and whether data is lost.

    python benchmarks/overload.py [--seconds 10] [--clients 600] [--sessions 2]

A few clients first measure the normal latency. Then several hundred clients write into a few
sessions without pause and ignore Retry-After. Then the few clients return, every half second, until
their latency is normal again. At the end each reply is compared with the stored records: the exit
code is 1 if an accepted record is missing or a refused record was stored.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import orjson
from served import Connection, Served, percentile_ms, request, served

NORMAL_CLIENTS = 4
MAILBOX = 64


@dataclass
class Log:
    """The replies to a load: latencies in seconds, and the numbers sent, by outcome."""

    accepted_s: list[float] = field(default_factory=list)
    refused_s: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    without_retry_after: int = 0


async def _load(service: Served, clients: int, sessions: int, seconds: float, log: Log) -> None:
    numbers = iter(range(len(log.accepted) + len(log.refused), 10**9))
    end_s = time.perf_counter() + seconds

    async def client(index: int) -> None:
        connection = await Connection.open(service.port)
        session = f"s{index % sessions}"
        while (start_s := time.perf_counter()) < end_s:
            number = next(numbers)
            body = orjson.dumps({"number": number})
            reply = await connection.send(request("POST", "/things", body, session))
            elapsed_s = time.perf_counter() - start_s
            log.statuses[reply.status] += 1
            if reply.status == 201:
                log.accepted_s.append(elapsed_s)
                log.accepted.add(number)
            else:
                log.refused_s.append(elapsed_s)
                log.refused.add(number)
                log.without_retry_after += b"\nretry-after:" not in reply.head
        connection.close()

    await asyncio.gather(*(client(index) for index in range(clients)))


async def _stored(service: Served, sessions: int) -> Counter[int]:
    connection = await Connection.open(service.port)
    stored: Counter[int] = Counter()
    for index in range(sessions):
        offset = 0
        while True:
            path = f"/things?limit=1000&offset={offset}"
            reply = await connection.send(request("GET", path, session=f"s{index}"))
            items = orjson.loads(reply.body)["items"]
            stored.update(item["number"] for item in items)
            offset += len(items)
            if not items:
                break
    connection.close()
    return stored


async def _measure(service: Served, options: argparse.Namespace) -> bool:
    log = Log()
    await _load(service, NORMAL_CLIENTS, options.sessions, options.seconds / 2, log)
    normal_p99_ms = percentile_ms(log.accepted_s, 0.99)
    rate = len(log.accepted_s) / (options.seconds / 2)
    _print(f"normal: {NORMAL_CLIENTS} clients", log, rate)
    log.accepted_s.clear()
    log.statuses.clear()
    await _load(service, options.clients, options.sessions, options.seconds, log)
    ended_s = time.perf_counter()
    _print(f"overload: {options.clients} clients", log, len(log.accepted_s) / options.seconds)
    sys.stdout.write(
        f"refused: p50 {percentile_ms(log.refused_s, 0.5):.0f} ms,"
        f" p99 {percentile_ms(log.refused_s, 0.99):.0f} ms;"
        f" without Retry-After: {log.without_retry_after}\n"
    )
    while True:
        log.accepted_s.clear()
        await _load(service, NORMAL_CLIENTS, options.sessions, 0.5, log)
        after_s = time.perf_counter() - ended_s
        if percentile_ms(log.accepted_s, 0.99) <= 2 * normal_p99_ms or after_s > 60:
            break
    sys.stdout.write(f"back to normal within {after_s:.1f} s (p99 at most twice the normal)\n")
    stored = await _stored(service, options.sessions)
    lost, ghosts = log.accepted - stored.keys(), log.refused & stored.keys()
    sys.stdout.write(
        f"accepted {len(log.accepted)}, lost {len(lost)}, refused {len(log.refused)},"
        f" of these stored {len(ghosts)}\n"
    )
    unexpected = set(log.statuses) - {201, 503}
    return not (lost or ghosts or unexpected or log.without_retry_after or after_s > 60)


def _print(title: str, log: Log, rate: float) -> None:
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(log.statuses.items()))
    sys.stdout.write(
        f"{title}: {rate:.0f} accepted a second, p50 {percentile_ms(log.accepted_s, 0.5):.0f} ms,"
        f" p99 {percentile_ms(log.accepted_s, 0.99):.0f} ms; {statuses}\n"
    )
    sys.stdout.flush()


def main() -> None:
    """Run the load; exit with 1 if data was lost or a reply was unexpected."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--clients", type=int, default=600)
    parser.add_argument("--sessions", type=int, default=2)
    options = parser.parse_args()
    with served({"LARS_MAILBOX_SIZE": str(MAILBOX)}) as service:
        is_well = asyncio.run(_measure(service, options))
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
