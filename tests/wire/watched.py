"""`larst` with a watch on its event loop: run as `python -m tests.wire.watched serve …`.

From the start-up notice on, each turn of the loop that computes for longer than `MAX_TURN_S` adds
a line to the file that the variable `WATCH_FILE` names. The time is that of the thread's processor,
so a busy machine does not count.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
import traceback
from pathlib import Path

from larst.cli import main, serve

MAX_TURN_S = 0.05
WATCH_FILE = "WATCH_FILE"

_EVERY_S = 0.005
_SAMPLE_S = 0.02


class LoopWatch:
    """Measures the turns of an event loop, and samples what the long ones do."""

    def __init__(self, loop: asyncio.AbstractEventLoop, report: Path) -> None:
        self._loop = loop
        self._report = report
        self._thread_id = threading.get_ident()
        self._turn = 0
        self._cpu_s = 0.0
        self._stack = ""

    def begin(self) -> None:
        """Begin to watch."""
        self._cpu_s = time.thread_time()
        threading.Thread(target=self._sample, daemon=True).start()
        self._tick()

    def _tick(self) -> None:
        now_s = time.thread_time()
        if (turn_s := now_s - self._cpu_s) > MAX_TURN_S:
            with self._report.open("a") as file:
                file.write(f"{turn_s * 1000:.0f} ms on the event loop, {self._stack}\n")
        self._stack, self._turn, self._cpu_s = "", self._turn + 1, now_s
        self._loop.call_later(_EVERY_S, self._tick)

    def _sample(self) -> None:
        """Note what the loop's thread does in a turn that is long already."""
        turn = -1
        while True:
            time.sleep(_SAMPLE_S)
            if turn == self._turn and not self._stack:
                frame = sys._current_frames().get(self._thread_id)
                frames = [] if frame is None else traceback.extract_stack(frame)[-6:]
                self._stack = " > ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames)
            turn = self._turn


def _watch(report: Path) -> None:
    """Watch the event loop of the service from its start-up notice on."""
    print_banner = serve._print_banner

    def watched(text: str) -> None:
        LoopWatch(asyncio.get_running_loop(), report).begin()
        print_banner(text)

    serve._print_banner = watched


if __name__ == "__main__":
    _watch(Path(os.environ[WATCH_FILE]))
    sys.exit(main())
