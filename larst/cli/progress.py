"""A bar on the terminal while work takes over a second. Must never write to a pipe or a file."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

BEGINS_AFTER_S = 1.0


@contextmanager
def working(description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar inside the block; it yields a function to call as work is done.

    With a total it has a percentage; without one, and once the total is reached, it only moves.
    It is on stderr, so that stdout can be piped.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    bar = _Bar(description, total)
    timer = threading.Timer(BEGINS_AFTER_S, bar.begin)
    timer.daemon = True
    timer.start()
    try:
        yield bar.advance
    finally:
        timer.cancel()
        bar.end()


class _Bar:
    """A bar that begins later, in the thread of a timer, if its work is not done by then."""

    def __init__(self, description: str, total: int | None) -> None:
        self._description = description
        self._total = total
        self._done = 0
        self._has_ended = False
        self._progress: Progress | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        # Imported here: rich takes longer than most commands.
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TaskProgressColumn as Percentage

        with self._lock:
            if self._has_ended:
                return
            text = TextColumn("{task.description}")
            columns = (text, BarColumn(), Percentage(), TimeElapsedColumn())
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._progress.add_task(
                escape(self._description), total=self._total, completed=self._done
            )
            self._progress.start()

    def advance(self, count: int) -> None:
        with self._lock:
            self._done += count
            if self._progress is not None:
                task = self._progress.task_ids[0]
                self._progress.update(task, completed=self._done)
                if self._total is not None and self._done >= self._total:
                    # What follows has no measure. `update` takes no total of None.
                    self._progress.tasks[0].total = None

    def end(self) -> None:
        with self._lock:
            self._has_ended = True
            if self._progress is not None:
                self._progress.stop()
