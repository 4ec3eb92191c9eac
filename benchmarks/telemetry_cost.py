"""The cost of telemetry, in units of a constant-reply aiohttp handler's CPU time per request.

    python benchmarks/telemetry_cost.py [--rounds 60]

One service in this process answers `GET /members/1` with a known plan, over sockets, in slices of
400 requests. The slices alternate between four variants, so that a machine whose speed drifts
favours none: telemetry calls taken out (Server-Timing is still filled), no OTEL_ variable set, 10 %
of the requests sampled, and every request exported over OTLP to a collector in another process.
The sandbox is a stand-in that makes one store call, because a run in a worker costs ten times as
much as the telemetry. CPU time is measured for the serving thread, and for the whole process with
its exporting threads. The unit is measured first, in another process.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import uvloop
from aiohttp import web
from served import Connection, request

from larst import otel
from larst.config import load_settings
from larst.domain import CheckedProgram, ProgramInputs, Reply, SessionView
from larst.http import middleware
from larst.http.access_log import finish_trace, start_trace
from larst.http.app import default_components, make_app
from larst.telemetry import StoreCalls, Telemetry, current_span

BODY = b'{"id":1,"name":"Alice Hartmann","email":"alice@example.com"}'
GET = request("GET", "/members/1")
CONNECTIONS, REQUESTS = 4, 100
SAMPLERS = {
    "10 % sampled": ("parentbased_traceidratio", "0.1"),
    "all exported": ("parentbased_always_on", "1"),
}


class StandIn:
    """A sandbox that makes one store call and returns a constant reply."""

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    def is_ready(self) -> bool:
        """Always."""
        return True

    def jail(self) -> str:
        """Nothing to put into one."""
        return "none: no program runs"

    async def run(
        self, program: CheckedProgram, inputs: ProgramInputs, view: SessionView, *, timeout_s: float
    ) -> Reply:
        """Return the constant reply."""
        span = current_span()
        store_calls = StoreCalls(span) if span.is_recording else None
        if store_calls is not None:
            store_calls.add("members", "get")
        view.resource("members").get(1)
        if store_calls is not None:
            store_calls.end()
        return Reply(200, BODY)


class Silent(Telemetry):
    """Counts nothing."""

    def count(self, *_arguments: object, **_options: object) -> None:
        """Do nothing."""


class Variant:
    """One set-up of telemetry, and its measurements."""

    def __init__(self, telemetry: Telemetry, flush: Callable[[], object] | None = None) -> None:
        self.telemetry = telemetry
        self.flush = flush
        self.main_us: list[float] = []
        self.process_us: list[float] = []

    def activate(self) -> None:
        """Make the running service use this variant from now on."""
        middleware.start_trace = lambda message, _default, **options: start_trace(
            message, self.telemetry, **options
        )
        is_silent = isinstance(self.telemetry, Silent)
        middleware.finish_trace = _do_nothing if is_silent else finish_trace


def _do_nothing(*_arguments: object) -> None:
    """Record nothing."""


def _exporting(name: str, collector: int) -> Variant:
    sampler, share = SAMPLERS[name]
    os.environ |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
        "OTEL_TRACES_SAMPLER": sampler,
        "OTEL_TRACES_SAMPLER_ARG": share,
    }
    providers = otel.set_up(os.environ, service="larst", version="0", instance_id="bench")
    telemetry = Telemetry(providers.recorder)
    providers.export_metrics(telemetry.collect)
    return Variant(telemetry, providers.flush)


async def _load(connections: list[Connection]) -> None:
    async def client(connection: Connection) -> None:
        for _ in range(REQUESTS):
            assert (await connection.send(GET)).status == 200

    await asyncio.gather(*map(client, connections))


async def _measure(rounds: int, collector: int, folder: str) -> dict[str, Variant]:
    variants = {"calls taken out": Variant(Silent()), "nothing set": Variant(Telemetry())}
    variants |= {name: _exporting(name, collector) for name in SAMPLERS}
    settings = load_settings({"SANDBOX_DATA_ROOT": folder, "LARS_LOG_LEVEL": "error"})
    app = make_app(settings, replace(default_components(settings), sandbox=StandIn()))
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    connections = [await Connection.open(port) for _ in range(CONNECTIONS)]
    for round_number in range(rounds + 2):
        for variant in variants.values():
            variant.activate()
            main_s, process_s = time.thread_time(), time.process_time()
            await _load(connections)
            main_s = time.thread_time() - main_s
            if variant.flush is not None:
                await asyncio.to_thread(variant.flush)
            process_s = time.process_time() - process_s
            if round_number >= 2:  # the first ones warm up
                variant.main_us.append(main_s / CONNECTIONS / REQUESTS * 1e6)
                variant.process_us.append(process_s / CONNECTIONS / REQUESTS * 1e6)
    for connection in connections:
        connection.close()
    await runner.cleanup()
    return variants


async def _unit_us(pid: int, port: int) -> float:
    """Return the CPU time per request of the constant handler's process, from the kernel."""
    connections = [await Connection.open(port) for _ in range(CONNECTIONS)]
    measured_us = []
    for _ in range(20):
        before_ns = _cpu_ns(pid)
        await _load(connections)
        measured_us.append((_cpu_ns(pid) - before_ns) / CONNECTIONS / REQUESTS / 1e3)
    for connection in connections:
        connection.close()
    return statistics.median(measured_us)


def _cpu_ns(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0])


async def _serve(role: str) -> None:
    """Answer every request in the same way until SIGTERM."""

    async def constant(_request: web.Request) -> web.Response:
        return web.Response(body=BODY, content_type="application/json")

    async def collector(message: web.Request) -> web.Response:
        await message.read()
        return web.Response(content_type="application/x-protobuf")

    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", constant if role == "constant" else collector)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


@contextmanager
def _process(role: str) -> Iterator[tuple[int, int]]:
    """Start another process during the block; yield its id and its port."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", role], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.pid, int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(30)


def _print(unit_us: float, variants: dict[str, Variant]) -> None:
    sys.stdout.write(
        f"the unit: {unit_us:.1f} us of CPU per request of a constant-reply aiohttp handler\n"
        f"{'':<17}{'over the calls taken out, us':>29}{'in units':>18}\n"
        f"{'':<17}{'main thread':>14}{'process':>10}{'main thread':>16}{'process':>10}\n"
    )
    base = variants.pop("calls taken out")
    for name, variant in variants.items():
        main_us = _over(variant.main_us, base.main_us)
        process_us = _over(variant.process_us, base.process_us)
        sys.stdout.write(
            f"{name:<17}{main_us:>14.1f}{process_us:>10.1f}"
            f"{main_us / unit_us:>16.2f}{process_us / unit_us:>10.2f}\n"
        )


def _over(measured_us: list[float], base_us: list[float]) -> float:
    """Return the median of the differences, round by round."""
    pairs = zip(measured_us, base_us, strict=True)
    return statistics.median(measured - base for measured, base in pairs)


def main() -> None:
    """Measure, and print a line for each variant."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--serve", choices=("constant", "collector"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        uvloop.run(_serve(options.serve))
        return
    logging.getLogger().setLevel(logging.ERROR)
    with _process("constant") as (pid, port):
        unit_us = uvloop.run(_unit_us(pid, port))
    with _process("collector") as (_, collector), tempfile.TemporaryDirectory() as folder:
        variants = uvloop.run(_measure(options.rounds, collector, folder))
    _print(unit_us, variants)


if __name__ == "__main__":
    main()
