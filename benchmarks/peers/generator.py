"""The load generator: `python -m benchmarks.peers.generator`, a job as JSON in, its outcome out.

A process of its own, so that its work is not the server's. Every connection sends its next request
when the reply to the last one is complete. Requests are rendered before the start and replies are
only split and counted, so one core of it serves several times what the servers here can reply.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain, repeat
from typing import cast

import uvloop

from benchmarks.peers.procfs import tree_cpu_s
from benchmarks.peers.replies import id_of, is_complete, status_of
from benchmarks.peers.stats import percentile

_PATIENCE_S = 60
"""A job that takes so much longer than its load has failed."""


@dataclass(frozen=True, slots=True)
class Job:
    """Send these requests to the server of this process; `pid` is sampled for CPU time."""

    port: int
    pid: int
    requests: list[str]
    statuses: list[int]
    connections: int
    seconds: float
    warm_up_s: float
    is_once: bool = False
    collects_ids: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The measured part of a job, without the warm-up; `ids` are those of all replies."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    server_cpu_s: float
    generator_cpu_s: float
    ids: list[str] = field(default_factory=list)


class WrongReplyError(Exception):
    """A reply has another status than the load expects, or no end."""


def run_job(job: Job) -> Outcome:
    """Run the job in a process of its own.

    Raises:
        WrongReplyError: the server refused a request, closed a connection or did not reply.
    """
    try:
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.peers.generator"],
            input=json.dumps(asdict(job)),
            capture_output=True,
            text=True,
            timeout=job.warm_up_s + job.seconds + _PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WrongReplyError("the load did not end") from error
    if process.returncode:
        raise WrongReplyError(process.stderr.strip().rpartition("\n")[2])
    return Outcome(**json.loads(process.stdout))


class _Run:
    """State of all connections."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.statuses = frozenset(job.statuses)
        raw = [request.encode() for request in job.requests]
        rounds = repeat(raw, 1) if job.is_once else repeat(raw)
        self.requests: Iterator[bytes] = chain.from_iterable(rounds)
        self.latencies_s: list[float] = []
        self.ids: list[str] = []
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def finish(self, error: Exception | None = None) -> None:
        """End the job, with an error if something failed."""
        if self.finished.done():
            return
        if error:
            self.finished.set_exception(error)
        else:
            self.finished.set_result(None)


class _Connection(asyncio.Protocol):
    """One connection; sends its next request when a reply is complete."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._reply = b""
        self._sent_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._reply = self._reply + data if self._reply else data
        try:
            if is_complete(self._reply):
                self._count()
                self._send()
        except (ValueError, WrongReplyError) as error:
            self._run.finish(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.finish(WrongReplyError(f"the server closed a connection: {exc}"))

    def _send(self) -> None:
        request = next(self._run.requests, None)
        if request is None:
            self._run.finish()
        elif not self._run.finished.done():
            self._sent_s = time.perf_counter()
            self._transport.write(request)

    def _count(self) -> None:
        run, reply = self._run, self._reply
        run.latencies_s.append(time.perf_counter() - self._sent_s)
        if status_of(reply) not in run.statuses:
            raise WrongReplyError(f"unexpected reply: {reply[:400]!r}")
        if run.job.collects_ids:
            run.ids.append(id_of(reply))
        self._reply = b""


async def _measure(job: Job) -> Outcome:
    run = _Run(job)
    loop = asyncio.get_running_loop()
    for _ in range(job.connections):
        await loop.create_connection(lambda: _Connection(run), "127.0.0.1", job.port)
    await _wait(run, job.warm_up_s)
    run.latencies_s.clear()
    server_cpu_s, own_cpu_s, start_s = tree_cpu_s(job.pid), time.process_time(), time.perf_counter()
    await _wait(run, job.seconds)
    seconds = time.perf_counter() - start_s
    own_cpu_s, server_cpu_s = time.process_time() - own_cpu_s, tree_cpu_s(job.pid) - server_cpu_s
    latencies_s = list(run.latencies_s)
    if not latencies_s:
        raise WrongReplyError("no reply within the measured time")
    return Outcome(
        requests=len(latencies_s),
        seconds=seconds,
        p50_ms=percentile(latencies_s, 0.5) * 1000,
        p99_ms=percentile(latencies_s, 0.99) * 1000,
        longest_ms=max(latencies_s) * 1000,
        server_cpu_s=server_cpu_s,
        generator_cpu_s=own_cpu_s,
        ids=run.ids,
    )


async def _wait(run: _Run, seconds: float) -> None:
    """Wait, at most until the requests are used up."""
    await asyncio.wait([run.finished], timeout=seconds)
    if run.finished.done():
        run.finished.result()


def main() -> None:
    """Read a job, run it, write its outcome."""
    job = Job(**json.load(sys.stdin))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(_measure(job))
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
