"""SIGTERM ends the process in time, whatever has become of its event loop and its memory."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.service.api import ROOT

_PROCESS = """
import asyncio, resource, signal, sys, threading
from larst.process.stopping import stop_event

async def main():
    stop = stop_event(float(sys.argv[1]), grace_s=0.3)
    {before}
    print("ready", flush=True)
    {body}

{runner}
"""

_RUNNERS = {
    "asyncio": "asyncio.run(main())",
    "uvloop": "import uvloop; uvloop.run(main())",
}

# The loop of asyncio is written in Python. It cannot read the signal's byte without memory for a
# buffer, and tries again at once. Sooner or later it needs memory for its own queue of callbacks:
# that error ends the loop, and so the process, before the timer does. Either end is in time. The
# loop of uvloop needs no memory of the interpreter, so it is the timer that ends its process.
_ENDS_WITHOUT_MEMORY = {"asyncio": {-signal.SIGALRM, 1}, "uvloop": {-signal.SIGALRM}}

# Blocks are taken until not even a small one is left, as far as the system lets one see it.
_OUT_OF_MEMORY = """size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    blocks, block_bytes = [], 2**20
    while block_bytes >= 512:
        try:
            blocks.append(bytearray(block_bytes))
        except MemoryError:
            block_bytes //= 2"""


@contextmanager
def _running(
    runner: str, before: str, body: str, *, drain_s: float = 0.2
) -> Iterator[subprocess.Popen[str]]:
    program = _PROCESS.format(before=before, body=body, runner=_RUNNERS[runner])
    with subprocess.Popen(
        [sys.executable, "-c", program, str(drain_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("runner", _RUNNERS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_loop_learns_of_the_signal(runner: str, number: signal.Signals) -> None:
    with _running(runner, "", "await stop.wait()", drain_s=60) as process:
        process.send_signal(number)

        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("runner", _RUNNERS)
def test_a_loop_that_is_stuck_is_ended(runner: str) -> None:
    with _running(runner, "", "while True: pass") as process:
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=30) == -signal.SIGALRM


def test_a_thread_that_does_not_end_is_ended() -> None:
    """The interpreter waits for all threads before it exits."""
    thread = "threading.Thread(target=threading.Event().wait).start()"
    with _running("asyncio", thread, "await stop.wait()") as process:
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=30) == -signal.SIGALRM


@pytest.mark.skipif(sys.platform != "linux", reason="reads its own size from /proc")
@pytest.mark.parametrize("runner", _RUNNERS)
def test_a_process_without_memory_is_ended(runner: str) -> None:
    """No thread can be started then, and a task may not be possible."""
    with _running(runner, _OUT_OF_MEMORY, "while True: await asyncio.sleep(0.01)") as process:
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=30) in _ENDS_WITHOUT_MEMORY[runner]


def test_a_second_signal_gives_no_more_time() -> None:
    with _running("asyncio", "", "while True: pass") as process:
        for _ in range(200):
            process.send_signal(signal.SIGTERM)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == -signal.SIGALRM
