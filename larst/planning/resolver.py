"""The planning resolver: where a request gets its plan, from the book or from a planner.

One planner call serves all who wait for the same. Must never run a program, and never touch a
session: what it needs of one comes in with each call.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from larst.domain import TraceParent
from larst.errors import (
    BookLockedError,
    BudgetSpentError,
    NoUsablePlanError,
    ProgramFailedError,
    ProgramRefusedError,
)
from larst.planning.attempts import Check, PlanAttempts, PromptValues
from larst.planning.book.book import PlanBook
from larst.planning.book.files import BookEntry
from larst.planning.lookup import Case, Question, ReadyPlan
from larst.planning.planner import Planner, Refusal
from larst.planning.reuse.conditions import fits
from larst.telemetry import Stage, count, current_request
from larst.telemetry.attributes import PLAN_IS_SHARED
from larst.telemetry.metric_store import HIT, MISS
from larst.telemetry.metrics import BOOK_LOOKUPS

PlanMode = Literal["learn", "fresh", "locked"]

_UNTRIED_SHAPES = 1024
_UNTRIED_PER_SHAPE = 8

_FlightKey = tuple[str, tuple[Refusal, ...]]


@dataclass(frozen=True, slots=True)
class _Flight:
    """Planning under way, and the place in its trace of the request that it was begun for."""

    task: asyncio.Task[ReadyPlan]
    begun_for: TraceParent | None


@dataclass(frozen=True, slots=True)
class ResolverSettings:
    """How plans come about: `attempts` counts a planner's answers for one request."""

    mode: PlanMode = "learn"
    attempts: int = 3
    prompt_values: PromptValues = "sketch"


class PlanResolver:
    """One for all sessions, so that plans are shared."""

    def __init__(
        self,
        *,
        planner: Planner,
        book: PlanBook,
        check: Check,
        settings: ResolverSettings,
        now: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        self._planner = planner
        self._book = book
        self._check = check
        self._mode = settings.mode
        self._now = now
        self._timer = timer
        self._attempts = PlanAttempts(
            planner,
            check,
            attempts=settings.attempts,
            prompt_values=settings.prompt_values,
            timer=timer,
        )
        self._flights: dict[_FlightKey, _Flight] = {}
        self._untried: OrderedDict[str, tuple[ReadyPlan, ...]] = OrderedDict()

    def find(self, case: Case) -> ReadyPlan | None:
        """Return a plan that is there already, or None: it has to be learned.

        Raises:
            BookLockedError: it is not in the book, and the book is locked.
        """
        if self._mode == "fresh":
            return None
        ready = next(self._found(case), None)
        count(BOOK_LOOKUPS, labels=MISS if ready is None else HIT)
        if ready is None and self._mode == "locked":
            asked = case.shape.as_json()
            raise BookLockedError(
                f"the plan book is locked and has no plan for {asked['method']} {asked['path']};"
                " set LARS_PLAN_MODE=learn to have it planned"
            )
        return ready

    async def learn(self, question: Question, refusals: tuple[Refusal, ...]) -> ReadyPlan:
        """Return a plan that the planner made; requests of one shape share one call.

        Raises:
            PlannerError: no usable plan came of it.
        """
        case = question.case
        if self._mode == "fresh":
            return await self._ask(question, refusals)
        refused = {refusal.program for refusal in refusals}
        while True:
            # Since the session looked, another one's call may have ended.
            for ready in self._found(case):
                if ready.plan.code.block not in refused:
                    return ready
            needs_values = self._attempts.needs_values(case.key)
            key = (case.situation.digest if needs_values else case.key, refusals)
            is_mine = key not in self._flights
            flight = self._start(key, question) if is_mine else self._flights[key]
            try:
                ready = await _landing(flight, is_mine=is_mine)
            except BudgetSpentError:
                if is_mine:
                    raise
                continue  # the budget of another session is none of this one's business
            if is_mine or fits(ready.condition, case.situation):
                return ready

    def keep(self, ready: ReadyPlan, case: Case) -> None:
        """Enter a plan that ran well into the book, or count its use."""
        if self._mode == "fresh" or not ready.lasting:
            return
        known = self._book.get(ready.key)
        if known is None or known.plan != ready.plan:
            # What was set aside for this plan, or would only stand in its way.
            for entry in list(self._candidates(case)):
                if entry.state == "learned" and entry.maker == ready.maker:
                    self._book.remove(entry.key)
            self._book.put(self._entry(ready, case))
        self._book.used(ready.key, case.situation.request.session_id)
        self.forget(ready, case)

    def refuse(
        self,
        ready: ReadyPlan,
        case: Case,
        refusals: tuple[Refusal, ...],
        error: ProgramFailedError,
    ) -> tuple[Refusal, ...]:
        """Set a plan aside that failed to run; return all the reasons, for the planner.

        It leaves the book when a better one has run well: until then it may serve others.

        Raises:
            NoUsablePlanError: the planner may not be asked again.
        """
        self.forget(ready, case)
        if ready.is_pinned or self._mode == "locked":
            raise NoUsablePlanError(f"the plan kept for this request failed: {error.detail}")
        reason = f"while running, {error.detail}"
        block = ready.plan.code.block
        refusals = (*refusals, Refusal(reason, block, ready.usage, has_values=True))
        self._attempts.stop_after_last(refusals)
        return refusals

    def forget(self, ready: ReadyPlan, case: Case) -> None:
        """Let a plan go that no book has: it failed, or was stopped, or is in the book by now."""
        others = tuple(one for one in self._untried.pop(case.key, ()) if one.key != ready.key)
        if others:
            self._untried[case.key] = others

    async def close(self) -> None:
        """End what is being planned, and let the planner go."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._planner.close()

    async def _ask(self, question: Question, refusals: tuple[Refusal, ...]) -> ReadyPlan:
        return await self._attempts.ask(question, refusals, self._rejected(question.case))

    def _start(self, key: _FlightKey, question: Question) -> _Flight:
        task = asyncio.create_task(self._ask(question, key[1]), name="larst planning")
        request = current_request()
        flight = self._flights[key] = _Flight(task, None if request is None else request.trace_context)
        task.add_done_callback(lambda done: self._landed(key, question.case, done))
        return flight

    def _landed(self, key: _FlightKey, case: Case, task: asyncio.Task[ReadyPlan]) -> None:
        self._flights.pop(key, None)
        if task.cancelled() or task.exception() is not None or not task.result().lasting:
            return
        # Until its first run it is in no book, yet no second call may be made for its shape.
        others = self._untried.get(case.key, ())[: _UNTRIED_PER_SHAPE - 1]
        kept = replace(task.result(), source="hit", validate_ms=0.0)  # checked when it was planned
        self._untried[case.key] = (kept, *others)
        self._untried.move_to_end(case.key)
        if len(self._untried) > _UNTRIED_SHAPES:
            self._untried.popitem(last=False)

    def _found(self, case: Case) -> Iterator[ReadyPlan]:
        """Return the plans that may serve: those of the book, then those not tried yet."""
        for entry in self._candidates(case):
            if (ready := self._from_book(entry)) is not None:
                yield ready
        for ready in self._untried.get(case.key, ()):
            if fits(ready.condition, case.situation):
                yield ready

    def _candidates(self, case: Case) -> Iterator[BookEntry]:
        """Return the entries that may serve: pinned ones first, then the latest made."""
        entries = [entry for entry in self._book.of_shape(case.key) if entry.state != "rejected"]
        entries.sort(key=lambda entry: entry.state != "pinned")
        return (
            entry
            for entry in entries
            if self._counts(entry) and fits(entry.condition, case.situation)
        )

    def _counts(self, entry: BookEntry) -> bool:
        """Tell whether an entry counts: what a person approved always does, whoever made it."""
        return (
            entry.state == "pinned" or self._mode == "locked" or entry.maker == self._planner.maker
        )

    def _rejected(self, case: Case) -> tuple[Refusal, ...]:
        """Return what people have rejected for the shape, for the planner to know.

        A program that was made from another request's values may hold them, and is not shown.
        """
        return tuple(
            Refusal(
                f"a person rejected the program: {entry.reason or 'no reason was given'}",
                entry.plan.code.block,
            )
            for entry in self._book.of_shape(case.key)
            if entry.state == "rejected"
            and (
                entry.condition is None
                or entry.condition.exact is None
                or fits(entry.condition, case.situation)
            )
        )

    def _from_book(self, entry: BookEntry) -> ReadyPlan | None:
        """Return the entry's plan, unless someone has edited it into a program refused."""
        started_s = self._timer()
        try:
            program = self._check(entry.plan.code.block)
        except ProgramRefusedError:
            return None
        return ReadyPlan(
            key=entry.key,
            plan=entry.plan,
            program=program,
            condition=entry.condition,
            maker=entry.maker,
            source="hit",
            validate_ms=(self._timer() - started_s) * 1000,
            is_pinned=entry.state == "pinned",
        )

    def _entry(self, ready: ReadyPlan, case: Case) -> BookEntry:
        usage = ready.usage
        has_tokens = usage.input_tokens > 0 or usage.output_tokens > 0
        return BookEntry(
            key=ready.key,
            shape=case.shape.as_json(),
            facts=case.facts,
            planner=ready.maker.planner,
            model=ready.maker.model,
            prompt_version=ready.maker.version,
            plan=ready.plan,
            condition=ready.condition,
            made_at=self._now().isoformat(),
            attempts=usage.calls,
            tokens={"input": usage.input_tokens, "output": usage.output_tokens}
            if has_tokens
            else None,
            cost_usd=usage.cost_usd if has_tokens else None,
        )


async def _landing(flight: _Flight, *, is_mine: bool) -> ReadyPlan:
    """Wait for a plan; who only waits notes that as a stage, who has it made does so there.

    Shielded: a client that leaves must not take the plan from those who wait too.
    """
    if is_mine:
        return await asyncio.shield(flight.task)
    with Stage("plan", {PLAN_IS_SHARED: True}, link=flight.begun_for):
        return await asyncio.shield(flight.task)
