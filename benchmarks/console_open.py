"""The latency of requests while a console is open, as a ratio to that without one.

    python benchmarks/console_open.py [--rounds 10] [--rate 1000]

One service answers `GET /members/1` at a fixed rate on four connections, in slices of two seconds.
In every second slice a console is open: it follows the live requests as its page does, and asks for
the state of the service every two seconds, as its view Health does. The slices alternate, so that a
machine whose speed drifts favours neither. On a busy machine, compare the CPU time of the service.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time

from served import Connection, Served, percentile_ms, request, served

GET = request("GET", "/members/1")
FOLLOW = b"GET /_larst/requests HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
STATUS = b"GET /_larst/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
CONNECTIONS, SLICE_S, POLL_S = 4, 2.0, 2.0


async def load(connections: list[Connection], rate: float) -> list[float]:
    """Send at a rate for a slice; return the latencies, from when each request was due."""
    latencies_s: list[float] = []
    begin_s = time.perf_counter()

    async def send_on(connection: Connection, first: int) -> None:
        number = first
        while (due_s := begin_s + number / rate) < begin_s + SLICE_S:
            await asyncio.sleep(due_s - time.perf_counter())
            await connection.send(GET)
            latencies_s.append(time.perf_counter() - due_s)
            number += CONNECTIONS

    await asyncio.gather(*(send_on(each, first) for first, each in enumerate(connections)))
    return latencies_s


async def console(port: int) -> None:
    """Follow the requests and the state of the service until cancelled."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    state = await Connection.open(port)

    async def poll() -> None:
        while True:
            await state.send(STATUS)
            await asyncio.sleep(POLL_S)

    writer.write(FOLLOW)
    polling = asyncio.create_task(poll())
    try:
        while await reader.read(65536):
            pass
    finally:
        polling.cancel()
        writer.close()
        state.close()


async def measure(service: Served, rounds: int, rate: float) -> None:
    """Print the latencies of both kinds of slices, and their ratio."""
    connections = [await Connection.open(service.port) for _ in range(CONNECTIONS)]
    await connections[0].send(request("POST", "/members", b'{"name":"Alice Hart"}'))
    await load(connections, rate)
    latencies_s: dict[bool, list[float]] = {False: [], True: []}
    cpu_s = {False: 0.0, True: 0.0}
    for is_open in (False, True) * rounds:
        begin_cpu_s = service.cpu_s()
        opened = asyncio.create_task(console(service.port)) if is_open else None
        latencies_s[is_open] += await load(connections, rate)
        cpu_s[is_open] += service.cpu_s() - begin_cpu_s
        if opened is not None:
            opened.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await opened
    for share in (0.5, 0.9, 0.99):
        without, with_console = (percentile_ms(latencies_s[is_open], share) for is_open in (0, 1))
        ratio = with_console / without
        print(f"p{share:.0%} {without:.2f} ms, with a console {with_console:.2f} ms: {ratio:.2f}")  # noqa: T201 - a command
    without, with_console = (cpu_s[is_open] / len(latencies_s[is_open]) for is_open in (0, 1))
    ratio = with_console / without
    print(f"CPU {without * 1e6:.0f} µs, with a console {with_console * 1e6:.0f} µs: {ratio:.2f}")  # noqa: T201 - as above
    print(f"{len(latencies_s[True]) / rounds / SLICE_S:.0f} requests/s with a console")  # noqa: T201 - as above


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--rate", type=float, default=1000)
    options = parser.parse_args()
    with served({}) as service:
        asyncio.run(measure(service, options.rounds, options.rate))


if __name__ == "__main__":
    main()
