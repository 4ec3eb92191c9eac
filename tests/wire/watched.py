"""`larst` with a watch on its event loop: run as `python -m tests.wire.watched serve …`.

From the start-up notice on, each turn of the loop that computes for longer than `MAX_TURN_S` adds
a line to the file that the variable `WATCH_FILE` names. The time is that of the thread's processor,
less so much as the machine is slower at that moment than when the limit was chosen. A thread that
holds the interpreter's lock makes the loop wait without a turn of its own: what other threads
computed while the loop came round once is such a line too, over `MAX_HELD_S`.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from types import FrameType

from larst.cli import main, serve
from larst.process.banner import Notice

MAX_TURN_S = 0.05
MAX_HELD_S = 0.1
"""Two searches that share the interpreter, and the loop, keep it waiting for some 5 ms each."""

WATCH_FILE = "WATCH_FILE"

RUNNER = asyncio.runners.__file__
"""The file of the frame that runs the loop; the frames inside of it are a call of the loop."""

_REFERENCE_S = 0.0015
"""How long `_reference_s` takes on a quiet machine of November 2026."""

_EVERY_S = 0.005
_MANY_CALLS = 3
"""A turn in which so many different calls were seen is long because many requests came at once."""


class LoopWatch:
    """Measures the turns of an event loop, and samples what the long ones do."""

    def __init__(self, loop: asyncio.AbstractEventLoop, report: Path) -> None:
        self._loop = loop
        self._report = report
        self._cpu_s = self._wall_s = self._others_s = 0.0
        self._calls: dict[int, str] = {}  # of this turn, by the identity of their frame

    def begin(self) -> None:
        """Begin to watch, in the thread of the loop, which must be the main thread.

        A signal samples: the frames of another thread may change, or be freed, while they are read.
        """
        self._cpu_s, self._wall_s = time.thread_time(), time.perf_counter()
        self._others_s = _others_s()
        signal.signal(signal.SIGPROF, self._sample)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
        # The interpreter removes its handlers when it ends, and the signal would then kill it.
        atexit.register(signal.setitimer, signal.ITIMER_PROF, 0)
        self._tick()

    def _tick(self) -> None:
        now_s = time.thread_time()
        turn_s = now_s - self._cpu_s
        self._check_others(turn_s)
        if turn_s > MAX_TURN_S:
            turn_s *= machine_speed()
            now_s = time.thread_time()
        if turn_s > MAX_TURN_S and len(self._calls) < _MANY_CALLS:
            stacks = "; ".join(self._calls.values())
            with self._report.open("a") as file:
                file.write(f"{turn_s * 1000:.0f} ms on the event loop: {stacks}\n")
        self._cpu_s, self._calls = now_s, {}
        self._wall_s, self._others_s = time.perf_counter(), _others_s()
        self._loop.call_later(_EVERY_S, self._tick)

    def _check_others(self, turn_s: float) -> None:
        """Report other threads that computed while the loop could not come round."""
        gap_s = time.perf_counter() - self._wall_s - _EVERY_S - turn_s
        held_s = min(gap_s, _others_s() - self._others_s)
        if held_s > MAX_HELD_S and (held_s := held_s * machine_speed()) > MAX_HELD_S:
            with self._report.open("a") as file:
                file.write(f"{held_s * 1000:.0f} ms that another thread held the interpreter\n")

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        """Note what the loop's thread does, again and again."""
        frames = [] if frame is None else traceback.walk_stack(frame)
        calls = [*takewhile(lambda pair: pair[0].f_code.co_filename != RUNNER, frames)]
        if calls and id(calls[-1][0]) not in self._calls:
            names = [f"{Path(f.f_code.co_filename).name}:{n}" for f, n in calls[:5]]
            self._calls[id(calls[-1][0])] = " < ".join(names)


def _others_s() -> float:
    """Return how long the other threads have computed, without the system calls that they made."""
    of_all = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    return of_all - resource.getrusage(resource.RUSAGE_THREAD).ru_utime


def machine_speed() -> float:
    """Return how fast the machine is now: 1 when it is quiet, less under load."""
    return min(1.0, _REFERENCE_S / _reference_s())


def _reference_s() -> float:
    """Return how long a piece of computing takes now."""
    begin_s = time.thread_time()
    sum(number * number for number in range(50_000))
    return time.thread_time() - begin_s


def _watch(report: Path) -> None:
    """Watch the event loop of the service from its start-up notice on."""
    make_announcer = serve._announcer

    def watching(options: argparse.Namespace) -> Callable[[Notice], None]:
        announce = make_announcer(options)

        def watched(notice: Notice) -> None:
            LoopWatch(asyncio.get_running_loop(), report).begin()
            announce(notice)

        return watched

    serve._announcer = watching


if __name__ == "__main__":
    _watch(Path(os.environ[WATCH_FILE]))
    sys.exit(main())
