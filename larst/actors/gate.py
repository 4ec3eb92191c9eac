"""Holds back answers until what they may have seen is durable.

FieldAccess are held too: they may have seen a write that a crash would still undo. Must never
retry a flush (the kernel may have dropped the pages that it failed to write, so that a second
flush succeeds over a hole) and never know what is flushed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from larst.actors.errors import ActorLateError


class Held(Protocol):
    """An answer that may have to wait."""

    def release(self) -> None:
        """Let it go: all that it may have seen is durable."""

    def fail(self, error: Exception) -> None:
        """Replace it by `error`: what it may have seen is not durable."""


class OutputGate:
    """Answers go in as they are made, and out when a flush has covered them.

    One flush runs at a time, and all that is held meanwhile rides on the next (group commit).
    A failed flush breaks the gate: every held answer fails, and so does any that comes, until
    `mend`. The runtime works all of it but `mark`, which is the actor's.
    """

    def __init__(self, flush: Callable[[], Awaitable[None]]) -> None:
        self._flush = flush
        self._translate: Callable[[Exception], Exception] = _as_it_is
        self._on_broken: Callable[[], None] = _nothing
        self._is_marked = False
        self._waiting: list[Held] = []  # for a flush yet to begin
        self._riding: list[Held] = []  # on the flush that runs
        self._flusher: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self._told: Exception | None = None  # what askers are told of it

    @property
    def error(self) -> Exception | None:
        """What the flush raised that broke the gate; None while it is whole."""
        return self._error

    @property
    def held_count(self) -> int:
        """How many answers wait for a flush."""
        return len(self._waiting) + len(self._riding)

    def mark(self) -> None:
        """Note that something was written which is not yet durable."""
        self._is_marked = True

    def attach(
        self, *, translate: Callable[[Exception], Exception], on_broken: Callable[[], None]
    ) -> None:
        """Tell askers `translate(error)` of a failed flush, and call `on_broken` after it."""
        self._translate = translate
        self._on_broken = on_broken

    def pass_through(self, held: Held) -> None:
        """Release `held` once everything marked so far is durable: at once, if it is."""
        if self._told is not None:
            held.fail(self._told)
        elif self._is_marked:
            self._waiting.append(held)
            if self._flusher is None:
                self._flusher = asyncio.create_task(self._run_flushes())
        elif self._flusher is not None:
            self._riding.append(held)  # nothing was marked since that flush began
        else:
            held.release()

    async def settle(self) -> None:
        """Return when nothing is held or marked any more, or the gate is broken."""
        passed = _Passed()
        self.pass_through(passed)
        await passed.event.wait()

    async def mend(self, reload: Callable[[Exception], Awaitable[None]]) -> None:
        """Make a broken gate whole, once `reload` went back to what is durable.

        Raises whatever `reload` raises; the gate stays broken then.
        """
        if self._error is None:
            return
        self._is_marked = False  # what was marked is lost; `reload` may mark what it writes
        await reload(self._error)
        self._error = self._told = None

    async def close(self) -> None:
        """Cut off a flush that runs; whatever is held fails with ActorLateError."""
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.wait({self._flusher})
        if self.held_count:  # it was cancelled before its first step
            self._break(_cut_off(), _cut_off())

    async def _run_flushes(self) -> None:
        try:
            while self._waiting:
                self._riding, self._waiting = self._waiting, []
                self._is_marked = False
                await self._flush()
                riding, self._riding = self._riding, []
                for held in riding:
                    held.release()
        except Exception as error:  # noqa: BLE001 - any failure breaks the gate, and `error` tells
            self._break(error, self._translate(error))
        except asyncio.CancelledError:
            self._break(_cut_off(), _cut_off())
            raise
        finally:
            self._flusher = None

    def _break(self, error: Exception, told: Exception) -> None:
        self._error, self._told = error, told
        held_back, self._riding, self._waiting = [*self._riding, *self._waiting], [], []
        for held in held_back:
            held.fail(told)
        self._on_broken()


class _Passed:
    """Goes through the gate like an answer, to learn when all before it have."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def release(self) -> None:
        self.event.set()

    def fail(self, error: Exception) -> None:
        del error  # whoever settles the gate looks at the gate's own
        self.event.set()


def _as_it_is(error: Exception) -> Exception:
    return error


def _nothing() -> None:
    pass


def _cut_off() -> ActorLateError:
    return ActorLateError("the flush was cut off: it may or may not have happened")
