"""The plan resolver: gets the plan of a request from the plan book or from a planner.

Concurrent requests of one shape share one planner call. Must never run a program or read a
session: each call passes in what planning needs to know of a session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from cachetools import LRUCache

from larst.config import PlanningSettings
from larst.domain import DataState, SessionKey
from larst.errors import (
    BookLockedError,
    BudgetSpentError,
    ContractBrokenError,
    EffectQuestionedError,
    EffectRefusedError,
    ExampleMissedError,
    NoUsablePlanError,
    ProgramFailedError,
)
from larst.planning.attempts import Check, PlanAttempts
from larst.planning.book import Plans
from larst.planning.flights import Flight, FlightKey, wait_for
from larst.planning.intents import guidance_of, has_intent
from larst.planning.known_plans import KnownPlans
from larst.planning.lookup import ReadyPlan
from larst.planning.planner import RULES, Maker, Planner, Refusal
from larst.planning.reuse.conditions import can_serve
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.shape import MAX_SHAPE_BYTES
from larst.planning.stored_plans import StoredPlans, entry_of
from larst.telemetry import count, current_request
from larst.telemetry.metric_store import HIT, MISS
from larst.telemetry.metrics import BOOK_LOOKUPS

_REPLACEABLE = ("tried", "learned")
_UNTESTED_SHAPES = 1024
_UNTESTED_PER_SHAPE = 8
_WITHOUT_VALUES = (
    ContractBrokenError,
    EffectQuestionedError,
    EffectRefusedError,
    ExampleMissedError,
)
"""The reasons of these go to a planner as they are."""


class PlanResolver:
    """Finds plans, requests new ones and keeps those that work; one instance for each tenant."""

    def __init__(
        self,
        *,
        planner: Planner,
        book: Plans,
        check: Check,
        settings: PlanningSettings,
        now: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        self._planner = planner
        self._book = book
        self._mode = settings.mode
        self._now = now
        self._attempts = PlanAttempts(planner, check, settings=settings, timer=timer)
        self._flights: dict[FlightKey, Flight] = {}
        self._untested: LRUCache[str, tuple[ReadyPlan, ...]] = LRUCache(_UNTESTED_SHAPES)
        self._meant: LRUCache[str, bool] = LRUCache(_UNTESTED_SHAPES)
        self._known = KnownPlans(book)
        self._stored = StoredPlans(book, planner, check, is_locked=settings.mode == "locked")

    def find(self, shaped: ShapedRequest) -> ReadyPlan | None:
        """Return an existing plan, or None if the request has to be planned.

        Raises:
            BookLockedError: the plan book is locked and has no plan for the request.
            PlanPinnedError: the request has an intent, and a pinned plan has another one.
        """
        if self._mode == "fresh":
            return None
        ready = self.peek(shaped)
        count(BOOK_LOOKUPS, labels=MISS if ready is None else HIT)
        if ready is None and self._mode == "locked":
            shape = shaped.shape
            raise BookLockedError(
                f"the plan book is locked and has no plan for {shape.method} {shape.route};"
                " set LARS_PLAN_MODE=learn to have it planned"
            )
        return ready

    def peek(self, shaped: ShapedRequest) -> ReadyPlan | None:
        """Return an existing plan, or None; the caller counts the lookup if it counts."""
        if self._mode == "fresh":
            return None
        is_guided = shaped.request.guidance.intent is not None
        known = None if is_guided else self._known.get(shaped.key)
        if (ready := known or self._find_in_book(shaped)) is not None:
            return ready
        return next(self._fitting_untested(shaped), None)

    @property
    def book_states(self) -> tuple[DataState, ...]:
        """The states of all plans and of what users decided on them."""
        return self._book.states

    def count_use(self, ready: ReadyPlan, session_key: SessionKey) -> None:
        """Count a lookup and a use of a plan whose reply was remembered."""
        self._book.count_use(ready.key, session_key)

    async def learn(self, shaped: ShapedRequest, refusals: tuple[Refusal, ...]) -> ReadyPlan:
        """Return a new plan from the planner; requests of one shape share one call.

        Raises:
            PlannerError: the planner returned no usable plan.
        """
        if self._mode == "fresh":
            return self._noted(await self._plan(shaped, refusals), refusals)
        refused = {refusal.program for refusal in refusals}
        while True:
            # A call for another request may have ended since `find` returned None.
            for ready in self._all_fitting(shaped):
                if ready.plan.code.block not in refused or self.is_meant(ready):
                    return ready
            needs_values = self._attempts.needs_values(shaped.key)
            guidance = guidance_of(shaped, self._book.of_shape(shaped.key))
            subject = shaped.digest if needs_values else shaped.key
            key = (f"{subject} {guidance!r}", refusals)
            starts_flight = key not in self._flights
            flight = self._start(key, shaped) if starts_flight else self._flights[key]
            try:
                ready = await wait_for(flight, is_shared=not starts_flight)
            except BudgetSpentError:
                if starts_flight:
                    raise
                continue  # another session's budget was spent: start a call for this one
            if starts_flight or can_serve(ready.condition, shaped):
                return self._noted(ready, refusals)

    def is_meant(self, ready: ReadyPlan) -> bool:
        """Return whether its planner was asked about the odd program, and wrote it again."""
        return ready.key in self._meant

    def _noted(self, ready: ReadyPlan, refusals: tuple[Refusal, ...]) -> ReadyPlan:
        """Return a new plan, after a note whether its planner means an odd program."""
        block = ready.plan.code.block
        if any(refusal.is_odd and refusal.program == block for refusal in refusals):
            self._meant[ready.key] = True
        return ready

    def keep(
        self,
        ready: ReadyPlan,
        shaped: ShapedRequest,
        *,
        is_refused: bool = False,
        is_proof: bool = True,
    ) -> None:
        """Add a plan whose program ran to the book, or count a use of it unless `is_refused`.

        `is_proof`: whether the run, unless it is refused, proves the plan.
        """
        is_proof = is_proof and not is_refused
        if self._mode == "fresh" or not ready.is_reusable:
            return
        plan = self._book.plan_of(ready.key)
        is_same = plan is ready.plan or plan == ready.plan
        if not is_same or self._gives_intent(ready, shaped):
            if shaped.shape.size_bytes > MAX_SHAPE_BYTES:
                return
            # Remove the plans that this one replaces: they would be found before it.
            for rival in list(self._stored.candidates(shaped)):
                if rival.state in _REPLACEABLE and _is_same_planner(rival.maker, ready.maker):
                    self._book.remove(rival.key)
            is_tried = not is_proof and ready.maker.planner != RULES
            entry = entry_of(ready, shaped, self._now())
            self._book.put(entry.model_copy(update={"state": "tried"}) if is_tried else entry)
        elif is_proof and not ready.is_proven:
            self._promote(ready, shaped)
        self._book.count_use(ready.key, None if is_refused else shaped.request.session_key)
        if self._untested:
            self.forget(ready, shaped)

    def _gives_intent(self, ready: ReadyPlan, shaped: ShapedRequest) -> bool:
        """Return whether a request gives the same program another intent."""
        if shaped.request.guidance.intent is None:
            return False
        entries = self._book.of_shape(shaped.key)
        return any(entry.key == ready.key and entry.intent != ready.intent for entry in entries)

    def _promote(self, ready: ReadyPlan, shaped: ShapedRequest) -> None:
        """Note that a plan that was only tried is proven: its success path has run."""
        for entry in self._book.of_shape(shaped.key):
            if entry.key == ready.key and entry.state == "tried":
                self._book.put(entry.model_copy(update={"state": "learned"}))

    def refuse(
        self,
        ready: ReadyPlan,
        shaped: ShapedRequest,
        refusals: tuple[Refusal, ...],
        error: ProgramFailedError,
    ) -> tuple[Refusal, ...]:
        """Refuse a plan whose program failed; return all refusals so far, for the planner.

        The plan stays in the book until a better one has run: it may still serve other requests.

        Raises:
            NoUsablePlanError: the planner may not be called again.
        """
        if ready.is_pinned or self._mode == "locked":
            raise NoUsablePlanError(f"the plan for this request failed: {error.detail}")
        if isinstance(error, EffectRefusedError):
            self._keep_refused(ready, shaped, error.detail)
        is_odd = isinstance(error, EffectQuestionedError)
        quotes_values = not isinstance(error, _WITHOUT_VALUES)
        if not is_odd:  # other requests of the shape share the question
            self.forget(ready, shaped)
        reason = f"while running, {error.detail}" if quotes_values else error.detail
        block = ready.plan.code.block
        refusal = Refusal(
            reason,
            block,
            ready.usage,
            has_values=quotes_values,
            is_odd=is_odd,
            resource=ready.plan.resource,
        )
        refusals = (*refusals, refusal)
        self._attempts.check_attempts_left(refusals)
        return refusals

    def _keep_refused(self, ready: ReadyPlan, shaped: ShapedRequest, reason: str) -> None:
        """Keep a plan whose effects were refused, so that a user can look at it and pin it."""
        if self._mode == "fresh" or not ready.is_reusable:
            return
        for entry in self._book.of_shape(shaped.key):  # one for each shape is enough
            if entry.state == "refused":
                self._book.remove(entry.key)
        entry = entry_of(ready, shaped, self._now())
        self._book.put(entry.model_copy(update={"state": "refused", "reason": reason}))

    def forget(self, ready: ReadyPlan, shaped: ShapedRequest) -> None:
        """Drop an untested plan: it failed, was stopped, or has entered the book."""
        plans = self._untested.pop(shaped.key, ())
        remaining = tuple(plan for plan in plans if plan.key != ready.key)
        if remaining:
            self._untested[shaped.key] = remaining

    async def cancel(self) -> None:
        """Cancel planner calls in progress."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Cancel planner calls in progress and close the planner."""
        await self.cancel()
        await self._planner.close()

    async def _plan(self, shaped: ShapedRequest, refusals: tuple[Refusal, ...]) -> ReadyPlan:
        guidance = guidance_of(shaped, self._book.of_shape(shaped.key))
        rejected, example = self._stored.rejected(shaped), await self._stored.example(shaped)
        return await self._attempts.plan(shaped, refusals, rejected, guidance, example=example)

    def _start(self, key: FlightKey, shaped: ShapedRequest) -> Flight:
        task = asyncio.create_task(self._plan(shaped, key[1]), name="larst planning")
        request = current_request()
        flight = Flight(task, None if request is None else request.trace_context)
        self._flights[key] = flight
        task.add_done_callback(lambda ended: self._finish(key, shaped, ended))
        return flight

    def _finish(self, key: FlightKey, shaped: ShapedRequest, task: asyncio.Task[ReadyPlan]) -> None:
        self._flights.pop(key, None)
        if task.cancelled() or task.exception() is not None or not task.result().is_reusable:
            return
        # Plans enter the book after their first run; until then, this avoids a second call.
        plans = self._untested.get(shaped.key, ())[: _UNTESTED_PER_SHAPE - 1]
        plan = replace(task.result(), source="hit", validate_ms=0.0)  # already validated
        self._untested[shaped.key] = (plan, *plans)

    def _find_in_book(self, shaped: ShapedRequest) -> ReadyPlan | None:
        if (ready := self._stored.find(shaped)) is not None:
            self._known.add(shaped.key, ready)
        return ready

    def _all_fitting(self, shaped: ShapedRequest) -> Iterator[ReadyPlan]:
        """Return every plan that may serve: plans of the book first, then untested ones."""
        yield from self._stored.all_fitting(shaped)
        yield from self._fitting_untested(shaped)

    def _fitting_untested(self, shaped: ShapedRequest) -> Iterator[ReadyPlan]:
        plans = self._untested.get(shaped.key, ())
        return (
            plan for plan in plans if can_serve(plan.condition, shaped) and has_intent(plan, shaped)
        )


def _is_same_planner(first: Maker, second: Maker) -> bool:
    """Return whether two plans are of one planner and model, whatever the prompts."""
    return (first.planner, first.model) == (second.planner, second.model)
