"""Holds replies back until everything that they may have seen is durable.

Replies to reads are held too: they may have seen a write that a crash would still undo. Must
never retry a flush: the kernel may have dropped the pages that it failed to write, so a second
flush succeeds over a hole. Must never know the data that it flushes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from larst.actors.errors import ActorLateError


class HeldReply(Protocol):
    """A reply that may have to wait for a flush."""

    def release(self) -> None:
        """Deliver the reply: everything that it may have seen is durable."""

    def fail(self, error: Exception) -> None:
        """Deliver `error` instead: not everything that the reply may have seen is durable."""


class OutputGate:
    """Holds each reply until a flush covers it.

    One flush runs at a time; the replies that arrive meanwhile share the next flush (group
    commit). A failed flush breaks the gate: every held reply fails, and so does every later
    one, until `recover`. An actor calls only `mark`; the runtime calls everything else.

        >>> import asyncio
        >>> from larst.actors import Actor, LoopClock, OutputGate, Supervisor, SupervisorSettings
        >>>
        >>> class Notes(Actor[str, int]):
        ...     def __init__(self, key: str) -> None:
        ...         self.texts: list[str] = []
        ...         self.gate = OutputGate(self.flush)
        ...
        ...     async def on_message(self, message: str) -> int:
        ...         self.texts.append(message)
        ...         self.gate.mark()  # the reply must wait for a flush
        ...         return len(self.texts)
        ...
        ...     async def flush(self) -> None:
        ...         print("flush", self.texts)  # a real flush writes a file and calls fsync
        >>>
        >>> async def main() -> None:
        ...     supervisor = Supervisor(Notes, settings=SupervisorSettings(), clock=LoopClock())
        ...     print("reply", await supervisor.ask("k", "buy milk", timeout_s=5))
        ...     await supervisor.stop(drain_s=5)
        >>>
        >>> asyncio.run(main())
        flush ['buy milk']
        reply 1

    Attributes:
        error: The exception of the flush that broke the gate; None while the gate works.
        held_count: The number of replies that wait for a flush.
    """

    __slots__ = (
        "_batch",
        "_caller_error",
        "_flush",
        "_flusher",
        "_is_flushing",
        "_is_marked",
        "_next_batch",
        "_on_broken",
        "_translate",
        "error",
        "held_count",
    )

    def __init__(self, flush: Callable[[], Awaitable[None]]) -> None:
        self.error: Exception | None = None
        self.held_count = 0
        self._flush = flush
        self._translate: Callable[[Exception], Exception] = _unchanged
        self._on_broken: Callable[[], None] = _do_nothing
        self._is_marked = False
        self._next_batch: list[HeldReply] = []  # waits for a flush that has yet to begin
        self._batch: list[HeldReply] = []  # waits for the flush that is running
        self._is_flushing = False
        self._flusher: asyncio.Task[None] | None = None
        self._caller_error: Exception | None = None  # `error` as callers receive it

    def mark(self) -> None:
        """Record that something was written that is not yet durable."""
        self._is_marked = True

    @property
    def is_idle(self) -> bool:
        """Whether nothing is marked, held or being flushed."""
        return not (self._is_marked or self.held_count or self._is_flushing)

    def attach(
        self, *, translate: Callable[[Exception], Exception], on_broken: Callable[[], None]
    ) -> None:
        """Send callers `translate(error)` after a failed flush, and then call `on_broken`."""
        self._translate = translate
        self._on_broken = on_broken

    def pass_through(self, reply: HeldReply) -> None:
        """Release `reply` as soon as everything marked so far is durable."""
        if self._caller_error is not None:
            reply.fail(self._caller_error)
        elif self._is_marked:
            self._hold(reply, self._next_batch)
            if self._flusher is None:
                self._flusher = asyncio.create_task(self._run_flushes())
        elif self._is_flushing:
            self._hold(reply, self._batch)  # nothing was marked since that flush began
        else:
            reply.release()

    async def drain(self) -> None:
        """Return when everything held or marked now is flushed, or the gate is broken."""
        barrier = _Barrier()
        self.pass_through(barrier)
        await barrier.event.wait()

    async def recover(self, reload: Callable[[Exception], Awaitable[None]]) -> None:
        """Make a broken gate work again after `reload` has returned to the durable state.

        Raises every exception of `reload`; the gate then stays broken.
        """
        if self.error is None:
            return
        self._is_marked = False  # the marked writes are lost; `reload` may mark its own
        await reload(self.error)
        self.error = self._caller_error = None

    async def close(self) -> None:
        """Cancel a running flush; every held reply fails with ActorLateError."""
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.wait({self._flusher})
        if self.held_count:  # the flusher was cancelled before its first step
            self._break(_interrupted(), _interrupted())

    def _hold(self, reply: HeldReply, batch: list[HeldReply]) -> None:
        batch.append(reply)
        self.held_count += 1

    async def _run_flushes(self) -> None:
        try:
            while self._next_batch:
                self._batch, self._next_batch = self._next_batch, []
                self._is_marked, self._is_flushing = False, True
                await self._flush()
                self._is_flushing = False  # a released reply may lead to the next message
                batch, self._batch = self._batch, []
                self.held_count -= len(batch)
                for reply in batch:
                    reply.release()
        except Exception as error:  # noqa: BLE001 - any failure breaks the gate, which keeps it
            self._break(error, self._translate(error))
        except asyncio.CancelledError:
            self._break(_interrupted(), _interrupted())
            raise
        finally:
            self._flusher, self._is_flushing = None, False

    def _break(self, error: Exception, caller_error: Exception) -> None:
        self.error, self._caller_error = error, caller_error
        replies = [*self._batch, *self._next_batch]
        self._batch, self._next_batch, self.held_count = [], [], 0
        for reply in replies:
            reply.fail(caller_error)
        self._on_broken()


class _Barrier:
    """Passes through the gate like a reply; its event is set when all earlier replies have."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def release(self) -> None:
        self.event.set()

    def fail(self, error: Exception) -> None:
        del error  # the caller of `drain` checks the gate's own error
        self.event.set()


def _unchanged(error: Exception) -> Exception:
    return error


def _do_nothing() -> None:
    pass


def _interrupted() -> ActorLateError:
    return ActorLateError("the flush was interrupted: it may or may not have happened")
