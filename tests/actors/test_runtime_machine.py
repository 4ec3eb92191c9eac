"""The runtime under every mix of messages, crashes, failures and time that Hypothesis finds."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from larst.actors import (
    NOT_NOW,
    Actor,
    ActorCrashedError,
    ActorError,
    ActorFailedError,
    CoolingDown,
    DeadlinePassedError,
    Deferred,
    MailboxFullError,
    NotNow,
    OutputGate,
    RestartPolicy,
    StoppingError,
    Supervisor,
    SupervisorEvent,
    SupervisorSettings,
)
from tests.effort import examples
from tests.fake_clock import FakeClock

Result = TypeVar("Result")
Kind = Literal["write", "read", "crash", "refuse", "slow", "defer"]
IDLE_S = 20.0
KEYS = st.sampled_from(["a", "b", "c"])
KINDS = st.sampled_from(["write", "read", "crash", "refuse", "slow", "defer"])
WITHOUT_EFFECT = (MailboxFullError, DeadlinePassedError, ActorFailedError, StoppingError)


class RefusedError(Exception):
    """An expected error."""


@dataclass(frozen=True)
class Letter:
    """A message; `number` is unique."""

    key: str
    number: int
    kind: Kind


class Ledger(Actor[Letter, tuple[int, ...]]):
    """The numbers of the letters written so far; they are also the reply."""

    expected_errors: ClassVar[tuple[type[Exception], ...]] = (RefusedError,)

    gate: OutputGate

    def __init__(self, key: str, machine: RuntimeMachine) -> None:
        self.key = key
        self.machine = machine
        self.written: tuple[int, ...] = ()
        self.gate = OutputGate(self.flush)
        self.is_busy = False

    async def on_start(self) -> None:
        self.machine.live[self.key] += 1
        self.claim(self.machine.live[self.key] == 1, "two incarnations at once")
        if self.key in self.machine.refusing:
            raise RefusedError
        self.written = self.machine.durable[self.key]

    async def on_message(self, message: Letter) -> tuple[int, ...] | Deferred[Letter]:
        self.claim(not self.is_busy, "two messages at once")
        self.claim(self.gate.error is None, "a message begins behind a broken gate")
        self.is_busy = True
        try:
            return await self.process(message)
        finally:
            self.is_busy = False

    def on_message_now(self, message: Letter) -> tuple[int, ...] | NotNow:
        self.claim(not self.is_busy, "two messages at once")
        self.claim(self.gate.error is None, "a message begins behind a broken gate")
        if message.kind in ("slow", "defer"):
            return NOT_NOW
        return self.process_at_once(message)

    async def process(self, letter: Letter) -> tuple[int, ...] | Deferred[Letter]:
        if letter.kind == "defer":
            return Deferred(lambda: self.machine.prepare(letter))
        if letter.kind == "slow":
            await self.machine.wait(self.machine.slow)
        return self.process_at_once(letter)

    def process_at_once(self, letter: Letter) -> tuple[int, ...]:
        match letter.kind:
            case "crash":
                raise ValueError(letter)
            case "refuse":
                raise RefusedError(letter)
            case "write":
                self.written = (*self.written, letter.number)
                self.gate.mark()
        return self.written

    async def on_flush_failed(self, error: Exception) -> None:
        self.written = self.machine.durable[self.key]

    async def on_stop(self) -> None:
        self.claim(self.written == self.machine.durable[self.key], "stopped before the flush")

    def on_end(self) -> None:
        self.machine.live[self.key] -= 1

    async def flush(self) -> None:
        snapshot = self.written
        await self.machine.wait(self.machine.flushes)
        self.machine.durable[self.key] = snapshot

    def claim(self, is_true: bool, violation: str) -> None:
        if not is_true:  # to the runtime an assertion here would only be another crash
            self.machine.violations.append(f"{self.key}: {violation}")


class Answer:
    """The receiver of a letter that is processed now; it gets one outcome."""

    def __init__(self, machine: RuntimeMachine, letter: Letter) -> None:
        self.machine = machine
        self.letter = letter
        self.count = 0

    def deliver(self, reply: tuple[int, ...]) -> None:
        self.count += 1
        self.machine.check_reply(self.letter, reply)

    def fail(self, error: Exception) -> None:
        self.count += 1
        self.machine.check_error(self.letter, error)


class RuntimeMachine(RuleBasedStateMachine):
    """Every reply is durable, and every refused message has no effect, whatever happens."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.durable: defaultdict[str, tuple[int, ...]] = defaultdict(tuple)
        self.flushes: list[asyncio.Future[None]] = []
        self.slow: list[asyncio.Future[None]] = []
        self.deferred: list[asyncio.Future[None]] = []
        self.live: Counter[str] = Counter()
        self.refusing: set[str] = set()
        self.cooled: set[str] = set()
        self.violations: list[str] = []
        self.refused: set[tuple[str, int]] = set()
        self.asks: list[asyncio.Task[None]] = []
        self.answers: list[Answer] = []
        self.supervisor: Supervisor[str, Letter, tuple[int, ...]] = Supervisor(
            lambda key: Ledger(key, self),
            settings=SupervisorSettings(
                mailbox_size=4,
                idle_s=IDLE_S,
                max_live=2,
                restart=RestartPolicy(limit=2, window_s=30.0),
            ),
            clock=self.clock,
            on_event=self.record,
        )

    @rule(key=KEYS, kinds=st.lists(KINDS, min_size=1, max_size=6), timeout_s=st.floats(0.1, 20.0))
    def send(self, key: str, kinds: list[Kind], timeout_s: float) -> None:
        for kind in kinds:
            letter = Letter(key, len(self.asks), kind)
            self.asks.append(self.loop.create_task(self.ask(letter, timeout_s)))
        self.run(self.clock.settle())

    @rule(key=KEYS, kinds=st.lists(KINDS, min_size=1, max_size=3), turns=st.integers(0, 3))
    def send_now(self, key: str, kinds: list[Kind], turns: int) -> None:
        """Send letters that the actor may process now, between the steps of the others."""
        self.run(self.ask_now(key, kinds, turns))
        self.run(self.clock.settle())

    @precondition(lambda self: self.flushes)
    @rule(which=st.integers(0, 9), fails=st.booleans())
    def end_flush(self, which: int, fails: bool) -> None:
        flush = self.flushes.pop(which % len(self.flushes))
        self.end(flush, RefusedError("disk full") if fails else None)

    @precondition(lambda self: self.slow)
    @rule()
    def end_slow(self) -> None:
        self.end(self.slow.pop(0), None)

    @precondition(lambda self: self.deferred)
    @rule(which=st.integers(0, 9), error=st.sampled_from([None, RefusedError(), ValueError()]))
    def end_deferred(self, which: int, error: Exception | None) -> None:
        self.end(self.deferred.pop(which % len(self.deferred)), error)

    @precondition(lambda self: self.asks)
    @rule(which=st.integers(0, 99))
    def leave(self, which: int) -> None:
        self.asks[-1 - which % len(self.asks)].cancel()
        self.run(self.clock.settle())

    @rule(seconds=st.sampled_from([0.05, 1.0, 6.0, IDLE_S, 31.0]))
    def pass_time(self, seconds: float) -> None:
        self.run(self.clock.advance(seconds))

    @rule(key=KEYS)
    def toggle_damage(self, key: str) -> None:
        self.refusing ^= {key}

    @invariant()
    def nothing_forbidden_happened(self) -> None:
        assert self.violations == []
        for key, number in self.refused:
            assert number not in self.durable[key], "a refused message has an effect"

    @invariant()
    def no_mailbox_exceeds_its_limit(self) -> None:
        for key in "abc":
            assert self.depth_of(key) <= 4

    def teardown(self) -> None:
        try:
            self.run(self.finish())
            self.nothing_forbidden_happened()
        finally:
            self.loop.close()

    async def finish(self) -> None:
        """Stop; anything that hangs now hangs forever."""
        stopping = asyncio.create_task(self.supervisor.stop(drain_s=5.0))
        for _ in range(5):
            await self.clock.settle()
            for futures in (self.flushes, self.slow):
                while futures:
                    self.set(futures.pop(), None)
        await self.clock.advance(200.0)
        assert stopping.done(), "the stop hangs"
        await stopping
        assert all(task.done() for task in self.asks), "a caller hangs"
        assert self.supervisor.live_count == 0
        assert self.clock.pending_count == 0
        assert not any(self.live.values())
        assert all(answer.count == 1 for answer in self.answers), "an outcome is missing"

    async def ask_now(self, key: str, kinds: list[Kind], turns: int) -> None:
        for kind in kinds:
            # Numbers of letters that are processed now are negative, so that all are unique.
            answer = Answer(self, Letter(key, -1 - len(self.answers), kind))
            if self.supervisor.ask_now(key, answer.letter, answer, timeout_s=5.0):
                self.answers.append(answer)
            for _ in range(turns):
                await asyncio.sleep(0)

    async def ask(self, letter: Letter, timeout_s: float) -> None:
        """Ask, and check the outcome in the turn of the loop in which it arrives."""
        try:
            numbers = await self.supervisor.ask(letter.key, letter, timeout_s=timeout_s)
        except (ActorError, RefusedError) as error:
            self.check_error(letter, error)
        else:
            self.check_reply(letter, numbers)

    def check_reply(self, letter: Letter, numbers: tuple[int, ...]) -> None:
        if numbers != self.durable[letter.key][: len(numbers)]:
            self.violations.append("a reply left before the state it saw was durable")
        if letter.kind == "write" and letter.number not in numbers:
            self.violations.append("a write has a reply but no effect")

    def check_error(self, letter: Letter, error: Exception) -> None:
        if isinstance(error, WITHOUT_EFFECT):
            self.refused.add((letter.key, letter.number))
        if isinstance(error, ActorFailedError) and letter.key not in self.cooled:
            self.violations.append("a key failed because of another key's crashes")
        if isinstance(error, ActorCrashedError) and letter.kind not in ("crash", "defer"):
            self.violations.append(f"a {letter.kind} failed because another message crashed")

    async def wait(self, futures: list[asyncio.Future[None]]) -> None:
        """Wait until a rule, or the end, sets the new future."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        futures.append(future)
        await future

    async def prepare(self, letter: Letter) -> Letter:
        await self.wait(self.deferred)
        return Letter(letter.key, letter.number, "write")

    def record(self, event: SupervisorEvent) -> None:
        if isinstance(event, CoolingDown):
            self.cooled.add(str(event.key))

    def end(self, future: asyncio.Future[None], error: Exception | None) -> None:
        self.set(future, error)
        self.run(self.clock.settle())

    def set(self, future: asyncio.Future[None], error: Exception | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    def depth_of(self, key: str) -> int:
        """Return the depth of one mailbox, which only this test needs."""
        live = self.supervisor._live.get(key)
        return 0 if live is None else live.cell.mailbox.depth

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(coroutine)


TestRuntime = RuntimeMachine.TestCase
TestRuntime.settings = settings(max_examples=examples(30), stateful_step_count=40, deadline=None)
