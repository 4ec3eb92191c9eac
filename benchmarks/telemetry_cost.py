"""What telemetry costs, in units of a constant-reply aiohttp handler's CPU a request.

    python benchmarks/telemetry_cost.py [--rounds 12] [--slice-s 0.7]

Five services side by side, each a process of its own, loaded in turn, slice by slice, so that a
machine whose speed drifts does not favour any: a bare aiohttp handler (the unit); LARST with its
telemetry calls taken out; with no OTEL_ variable set; with a tenth of the requests sampled; and
with every request exported to a collector that really takes it in. LARST answers `GET /members/1`
by a known plan; its sandbox is a stand-in that makes one store call, since a run in a worker costs
ten times what is measured here. CPU is the process's, and the main thread's alone, from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web
from opentelemetry.trace import INVALID_SPAN, get_current_span
from served import Connection, request

import otel
from larst import app as larst_app
from larst.config import load_settings
from larst.model import CheckedProgram, ProgramInputs, Reply, SessionView, TraceParent
from larst.service import run_service
from larst.telemetry import RequestTrace, StoreCalls, Telemetry

BODY = b'{"id":1,"name":"Alice Hartmann","email":"alice@example.com"}'
GET = request("GET", "/members/1")
VARIANTS = {
    "constant handler": {},
    "calls taken out": {},
    "nothing set": {},
    "10 % sampled": {
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.1",
    },
    "all exported": {"OTEL_TRACES_SAMPLER": "parentbased_always_on"},
}
_EXPORTING = ("10 % sampled", "all exported")
_TICKS = os.sysconf("SC_CLK_TCK")


class StandIn:
    """Makes one store call, and replies the same ever after."""

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    def is_ready(self) -> bool:
        """Always."""
        return True

    async def run(
        self, program: CheckedProgram, inputs: ProgramInputs, view: SessionView, *, timeout_s: float
    ) -> Reply:
        """Return the constant reply."""
        told = StoreCalls(get_current_span())
        told.called("members", "get")
        view.resource("members").get(1)
        told.done()
        return Reply(200, BODY)


class Silent:
    """Takes the place of a request's trace, and notes nothing."""

    place = TraceParent("1" * 32, "2" * 16, "00")
    request_id = "3" * 32
    route = source = session_id = error_name = None
    stage_ms: dict[str, float] = {}
    is_recorded = False
    telemetry: Any

    def __init__(self) -> None:
        self.telemetry = self

    def current(self) -> Any:
        """Give a block that does nothing."""
        return _NOTHING

    def stage(self, *_told: object, **_more: object) -> Any:
        """Give a block that does nothing."""
        return _NOTHING

    def _nothing(self, *_told: object, **_more: object) -> None:
        """Note nothing."""

    waited = passed = planned = begin_commit = end_commit = failed = end = count = _nothing


_NOTHING = nullcontext(INVALID_SPAN)


def _serve(variant: str, data_root: str) -> None:
    """Be one of the services, until SIGTERM."""
    if variant == "constant handler":
        asyncio.run(_serve_constant())
        return
    if variant == "calls taken out":
        silent: Any = Silent()
        larst_app.begin_trace = lambda *_told, **_more: silent
        larst_app._tell = lambda *_told: None
    variables = {"SANDBOX_DATA_ROOT": data_root, "LARS_PORT": 0, "LARS_LOG_LEVEL": "error"}
    settings = load_settings(variables)
    providers = otel.set_up(os.environ, service="larst", version="0", instance_id="bench")
    telemetry = Telemetry(providers.tracer)
    if (meter := providers.meter) is not None:
        telemetry.read_by(meter)
    parts = replace(larst_app.usual_parts(settings), sandbox=StandIn(), telemetry=telemetry)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_service(settings, parts, _say))
    providers.stop(2)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


async def _serve_constant() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=BODY, content_type="application/json")

    await _run({"/{path:.*}": answer})


async def _serve_collector() -> None:
    async def take(asked: web.Request) -> web.Response:
        await asked.read()
        return web.Response(content_type="application/x-protobuf")

    await _run({"/{path:.*}": take})


async def _run(handlers: dict[str, Any]) -> None:
    made = web.Application(client_max_size=2**26)
    for path, handler in handlers.items():
        made.router.add_route("*", path, handler)
    runner = web.AppRunner(made, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _say(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    await asyncio.Event().wait()


@contextmanager
def _process(variant: str, folder: Path, **variables: str) -> Iterator[tuple[int, int]]:
    """Start one of the services; give its process id and its port."""
    command = [sys.executable, __file__, "--serve", variant, str(folder / variant.split()[0])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **variables})
    assert process.stdout is not None
    try:
        port = 0
        for line in process.stdout:
            if b"http://127.0.0.1:" in line:
                port = int(line.rpartition(b":")[2].split()[0].strip(b"/"))
                break
        assert port, f"{variant} did not start"
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(30)


def _cpu_s(pid: int, *, main_thread: bool) -> float:
    place = f"/proc/{pid}/task/{pid}/schedstat" if main_thread else f"/proc/{pid}/stat"
    text = Path(place).read_text()
    if main_thread:
        return int(text.split()[0]) / 1e9
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def _slice(port: int, seconds: float) -> int:
    """Load a service for a while; return how many requests it answered."""
    answered = 0
    end_s = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal answered
        connection = await Connection.open(port)
        while time.perf_counter() < end_s:
            assert (await connection.send(GET)).status == 200
            answered += 1
        connection.close()

    await asyncio.gather(*(client() for _ in range(8)))
    return answered


def _measure(rounds: int, slice_s: float) -> dict[str, tuple[list[float], list[float]]]:
    """Return microseconds a request by variant: of the main thread, of the process, by slice."""
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in VARIANTS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _, collector = stack.enter_context(_process("collector", folder))
        running = {}
        for name, variables in VARIANTS.items():
            endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}"}
            asked = {**variables, **(endpoint if name in _EXPORTING else {})}
            running[name] = stack.enter_context(_process(name, folder, **asked))
        for _, port in running.values():
            asyncio.run(_slice(port, 1.0))
        for _round in range(rounds):
            for name, (pid, port) in running.items():
                before = [_cpu_s(pid, main_thread=one) for one in (True, False)]
                answered = asyncio.run(_slice(port, slice_s))
                after = [_cpu_s(pid, main_thread=one) for one in (True, False)]
                for place, (begun, ended) in enumerate(zip(before, after, strict=True)):
                    found[name][place].append((ended - begun) / answered * 1e6)
    return found


def main() -> None:
    """Measure, and print a line for each service."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--slice-s", type=float, default=0.7)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        if options.serve[0] == "collector":
            asyncio.run(_serve_collector())
        else:
            _serve(*options.serve)
        return
    found = _measure(options.rounds, options.slice_s)
    unit = statistics.median(found["constant handler"][0])
    base = [statistics.median(slices) for slices in found["calls taken out"]]
    sys.stdout.write(
        f"the unit: {unit:.0f} us of CPU a request of a constant-reply aiohttp handler\n"
        f"{'':<18}{'main us':>9}{'process us':>12}{'main, over':>12}{'process, over (units)':>23}\n"
    )
    for name, slices in found.items():
        main_us, all_us = (statistics.median(one) for one in slices)
        over = ["", ""]
        if name != "constant handler":
            over = [f"{(main_us - base[0]) / unit:.2f}", f"{(all_us - base[1]) / unit:.2f}"]
        sys.stdout.write(f"{name:<18}{main_us:>9.0f}{all_us:>12.0f}{over[0]:>12}{over[1]:>23}\n")


if __name__ == "__main__":
    main()
