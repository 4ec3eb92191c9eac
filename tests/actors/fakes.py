"""A durable counter to run under the supervisor, and a disk that the test controls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar

from larst.actors import (
    NOT_NOW,
    Actor,
    Deferred,
    NotNow,
    OutputGate,
    Supervisor,
    SupervisorEvent,
    SupervisorSettings,
)
from tests.fake_clock import FakeClock


class DiskFullError(Exception):
    """An expected error: a reply, not a crash."""


@dataclass
class Add:
    """Add `amount`; the reply is the sum."""

    amount: int


@dataclass
class Read:
    """Change nothing; the reply is the sum."""


@dataclass
class Raise:
    """Add `amount` to the state, then raise `error`."""

    error: BaseException
    amount: int = 0


@dataclass
class Wait:
    """Wait for `until`; the reply is the sum before the wait."""

    until: asyncio.Event


@dataclass
class Defer:
    """Defer until `prepare` returns the message to process instead."""

    prepare: Callable[[], Awaitable[Message]]


Message = Add | Read | Raise | Wait | Defer


class FakeReceiver:
    """A receiver that records its outcomes."""

    def __init__(self) -> None:
        self.outcomes: list[int | Exception] = []

    def deliver(self, reply: int) -> None:
        self.outcomes.append(reply)

    def fail(self, error: Exception) -> None:
        self.outcomes.append(error)


class Disk:
    """The durable sums, and the outcome of the next flushes."""

    def __init__(self) -> None:
        self.durable: dict[str, int] = {}
        self.open = asyncio.Event()  # every flush waits for it
        self.open.set()
        self.failure: Exception | None = None
        self.flush_count = 0

    async def flush(self, key: str, total: int) -> None:
        self.flush_count += 1
        await self.open.wait()
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.durable[key] = total


class Counter(Actor[Message, int]):
    """A sum that is durable before a reply contains it."""

    expected_errors: ClassVar[tuple[type[Exception], ...]] = (DiskFullError,)

    def __init__(self, key: str, world: World) -> None:
        self.key = key
        self.world = world
        self.total = 0
        self.gate = OutputGate(self._flush)
        self.is_busy = False

    async def on_start(self) -> None:
        self._record("start")
        if self.world.start_errors:
            raise self.world.start_errors.pop(0)
        await self.world.may_start.wait()
        self.total = self.world.disk.durable.get(self.key, 0)

    async def on_message(self, message: Message) -> int | Deferred[Message]:
        assert not self.is_busy, "two messages at once"
        self.is_busy = True
        try:
            return await self._process(message)
        finally:
            self.is_busy = False

    def on_message_now(self, message: Message) -> int | NotNow:
        assert not self.is_busy, "two messages at once"
        self.world.waits_s.append(self.current.begun_s - self.current.enqueued_s)
        return self._answer(message)

    async def on_quiet(self) -> None:
        self._record("quiet")
        if self.world.quiet_errors:
            raise self.world.quiet_errors.pop(0)

    async def on_flush_failed(self, error: Exception) -> None:
        self._record("reload")
        if self.world.reload_errors:
            raise self.world.reload_errors.pop(0)
        self.total = self.world.disk.durable.get(self.key, 0)

    async def on_stop(self) -> None:
        self._record("stop")
        await self.world.may_stop.wait()
        if self.world.stop_errors:
            raise self.world.stop_errors.pop(0)

    def on_end(self) -> None:
        self._record("end")

    def _answer(self, message: Message) -> int | NotNow:
        """Return the total after a message that needs no wait."""
        match message:
            case Add(amount):
                self._add(amount)
            case Raise(error, amount):
                if amount:
                    self._add(amount)
                raise error
            case Wait() | Defer():
                return NOT_NOW
            case Read():
                pass
        return self.total

    async def _process(self, message: Message) -> int | Deferred[Message]:
        self.world.waits_s.append(self.current.begun_s - self.current.enqueued_s)
        match message:
            case Wait(until):
                total = self.total
                await until.wait()
                return total
            case Defer(prepare):
                return Deferred(prepare)
        answer = self._answer(message)
        assert answer is not NOT_NOW
        return answer

    def _add(self, amount: int) -> None:
        self.total += amount
        assert self.gate is not None
        self.gate.mark()

    async def _flush(self) -> None:
        await self.world.disk.flush(self.key, self.total)

    def _record(self, hook: str) -> None:
        self.world.hooks.append((self.key, hook))


@dataclass
class World:
    """The environment of the counters, which a test can change."""

    settings: SupervisorSettings = field(default_factory=SupervisorSettings)
    clock: FakeClock = field(default_factory=FakeClock)
    disk: Disk = field(default_factory=Disk)
    hooks: list[tuple[str, str]] = field(default_factory=list)
    events: list[SupervisorEvent] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    start_errors: list[Exception] = field(default_factory=list)
    quiet_errors: list[Exception] = field(default_factory=list)
    reload_errors: list[Exception] = field(default_factory=list)
    stop_errors: list[Exception] = field(default_factory=list)
    asks: list[asyncio.Task[int]] = field(default_factory=list)
    may_start: asyncio.Event = field(default_factory=asyncio.Event)
    may_stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_start.set()
        self.may_stop.set()
        self.supervisor: Supervisor[str, Message, int] = Supervisor(
            lambda key: Counter(key, self),
            settings=self.settings,
            clock=self.clock,
            on_event=self.events.append,
        )

    def send(
        self, message: Message, *, key: str = "k", timeout_s: float = 10.0
    ) -> asyncio.Task[int]:
        """Ask in a new task."""
        self.asks.append(
            asyncio.create_task(self.supervisor.ask(key, message, timeout_s=timeout_s))
        )
        return self.asks[-1]

    def ask_now(self, message: Message, *, key: str = "k") -> list[int | Exception] | None:
        """Ask for an answer now; return its outcomes, to which a later one is added, or None."""
        receiver = FakeReceiver()
        is_accepted = self.supervisor.ask_now(key, message, receiver, timeout_s=10.0)
        return receiver.outcomes if is_accepted else None

    async def ask(self, message: Message, *, key: str = "k", timeout_s: float = 10.0) -> int:
        return await self.supervisor.ask(key, message, timeout_s=timeout_s)

    async def send_and_settle(
        self, *messages: Message, key: str = "k", timeout_s: float = 10.0
    ) -> list[asyncio.Task[int]]:
        """Ask all `messages` at once; return when the loop is idle."""
        asks = [self.send(message, key=key, timeout_s=timeout_s) for message in messages]
        await self.clock.settle()
        return asks

    def hooks_of(self, key: str = "k") -> list[str]:
        return [hook for owner, hook in self.hooks if owner == key]

    def events_of(self, kind: type[SupervisorEvent]) -> list[SupervisorEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    async def close(self) -> None:
        """Stop everything; a test must not leave a task behind."""
        self.disk.open.set()
        self.may_start.set()
        self.may_stop.set()
        stop = asyncio.create_task(self.supervisor.stop(drain_s=1.0))
        await self.clock.advance(100.0)
        await stop
        await asyncio.gather(*self.asks, return_exceptions=True)
        assert self.supervisor.live_count == 0


class Later:
    """The message that a deferred message waits for; the test provides it."""

    def __init__(self) -> None:
        self.result: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.is_cancelled = False

    async def prepare(self) -> Message:
        try:
            return await self.result
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise
