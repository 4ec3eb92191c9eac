"""The order of the stages: shape, plan, validate, run; and the loop that repairs a plan.

Knows no HTTP and owns no session's data: what it needs of a session comes in with each call.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal, Protocol

from larst.errors import (
    BadResourceNameError,
    BookLockedError,
    DeadlineError,
    NoUsablePlanError,
    ProgramFailedError,
    ProgramRefusedError,
)
from larst.model import (
    CheckedProgram,
    Json,
    Plan,
    ProgramInputs,
    Reply,
    RequestContext,
    SessionView,
    Violation,
)
from larst.planning.binding import Binding, bind
from larst.planning.book import PlanBook
from larst.planning.book_files import BookEntry
from larst.planning.planner import Planner, PlanningRequest
from larst.planning.reading import read_path
from larst.planning.shape import Segment, Shape, plan_key, shape_of
from larst.policy import PolicyLimits, check, strip_fences
from larst.sandbox import Sandbox

PlanMode = Literal["learn", "fresh", "locked"]

_CHECKED_PROGRAMS = 4096
_UNTRIED_PLANS = 1024


class Knowledge(Protocol):
    """What a session knows, as far as planning needs it."""

    def has_record(self, resource: str, id: str) -> bool:
        """Tell whether the record exists."""

    def schema(self, name: str) -> Json | None:
        """Return the resource's learned schema, or None."""

    def fields(self, resource: str) -> frozenset[str]:
        """Return the top-level fields that the resource's records ever had."""


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """How plans come about: `attempts` counts the planner's calls for one request."""

    mode: PlanMode = "learn"
    attempts: int = 3
    limits: PolicyLimits = field(default_factory=PolicyLimits)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request with its shape and with its own values, ready to meet a plan."""

    request: RequestContext
    shape: Shape
    facts: dict[str, Json]
    key: str
    binding: Binding


@dataclass(frozen=True, slots=True)
class ReadyPlan:
    """A plan whose program the policy let pass. `source` is `hit` or the planner's name."""

    key: str
    plan: Plan
    program: CheckedProgram
    source: str
    validate_ms: float
    is_pinned: bool = False


class Pipeline:
    """Takes requests through the stages; one for all sessions, so that plans are shared."""

    def __init__(
        self,
        *,
        planner: Planner,
        book: PlanBook,
        sandbox: Sandbox,
        settings: PipelineSettings,
        now: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        self._planner = planner
        self._book = book
        self._sandbox = sandbox
        self._settings = settings
        self._now = now
        self._timer = timer
        self._planning: dict[tuple[str, tuple[str, ...]], asyncio.Task[ReadyPlan]] = {}
        self._untried: OrderedDict[str, ReadyPlan] = OrderedDict()
        self._check = lru_cache(_CHECKED_PROGRAMS)(self._check_program)

    def prepare(self, request: RequestContext, session: Knowledge) -> Prepared:
        """Return the request with its shape, and its values bound to what the session learned.

        Raises:
            BadResourceNameError: the planner cannot read such a name as a resource's.
        """
        shape = shape_of(request, session.has_record)
        facts = self._planner.facts(shape, session.schema)
        key = plan_key(
            shape,
            facts,
            planner=self._planner.name,
            model=self._planner.model,
            version=self._planner.version,
        )
        return Prepared(request, shape, facts, key, _bind(request, shape, session))

    def find(self, prepared: Prepared) -> ReadyPlan | None:
        """Return the plan for the request's shape, or None: it has to be learned.

        Raises:
            BookLockedError: it is not in the book, and the book is locked.
        """
        if self._settings.mode == "fresh":
            return None
        entry = self._book.get(prepared.key)
        if entry and entry.state != "rejected" and (ready := self._from_book(entry)):
            return ready
        if self._settings.mode == "locked":
            asked = prepared.shape.as_json()
            raise BookLockedError(
                f"the plan book is locked and has no plan for {asked['method']} {asked['path']};"
                " set LARS_PLAN_MODE=learn to have it planned"
            )
        return self._untried.get(prepared.key)

    async def learn(self, prepared: Prepared, refusals: tuple[str, ...]) -> ReadyPlan:
        """Return a plan that the planner made; requests of one shape share one call.

        Raises:
            PlannerError: no usable plan came of it.
        """
        if self._settings.mode == "fresh":
            return await self._ask_planner(prepared, refusals)
        # Since the session looked, another one's call may have ended.
        if not refusals and (ready := self.find(prepared)) is not None:
            return ready
        question = (prepared.key, refusals)
        if (task := self._planning.get(question)) is None:
            task = asyncio.create_task(self._ask_planner(prepared, refusals))
            self._planning[question] = task
            task.add_done_callback(lambda done: self._planned(question, done))
        # Shielded: a client that leaves must not take the plan from the others who wait for it.
        return await asyncio.shield(task)

    async def run(
        self, ready: ReadyPlan, prepared: Prepared, view: SessionView, *, timeout_s: float
    ) -> Reply:
        """Return the program's reply; what it changed is in `view`, for the caller to commit.

        Raises:
            LarstError: the program failed, was stopped, or met what the client can mend.
        """
        if timeout_s <= 0:
            raise DeadlineError("the request's time was over before its program began")
        inputs = ProgramInputs(
            ctx=prepared.request.as_json(),
            plan=prepared.binding.fill(ready.plan),
            resource=ready.plan.resource,
        )
        return await self._sandbox.run(ready.program, inputs, view, timeout_s=timeout_s)

    def keep(self, ready: ReadyPlan, prepared: Prepared) -> None:
        """Enter a plan that ran well into the book, or count its use."""
        if self._settings.mode == "fresh":
            return
        known = self._book.get(ready.key)
        if known is None or known.state == "rejected":
            self._book.put(self._entry(ready, prepared))
        self._book.used(ready.key)
        self._untried.pop(ready.key, None)

    def refuse(
        self, ready: ReadyPlan, refusals: tuple[str, ...], error: ProgramFailedError
    ) -> tuple[str, ...]:
        """Set a plan aside that failed to run; return all the reasons, for the planner.

        Raises:
            NoUsablePlanError: the planner may not be asked again.
        """
        reasons = (*refusals, f"while running, {error.detail}")
        self._untried.pop(ready.key, None)
        if ready.is_pinned or self._settings.mode == "locked":
            raise NoUsablePlanError(f"the plan kept for this request failed: {error.detail}")
        if self._settings.mode == "learn":
            self._book.remove(ready.key)
        self._stop_after_last_attempt(reasons)
        return reasons

    async def close(self) -> None:
        """End what is being planned."""
        tasks = list(self._planning.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask_planner(self, prepared: Prepared, refusals: tuple[str, ...]) -> ReadyPlan:
        reasons = self._known_refusals(prepared.key) + refusals
        while True:
            question = PlanningRequest(prepared.shape, prepared.facts, reasons)
            plan = await self._planner.plan(question)
            try:
                self._refuse_rejected(prepared.key, plan)
                return self._validate(prepared.key, plan, source=self._planner.name)
            except ProgramRefusedError as error:
                reasons = (*reasons, error.detail)
                self._stop_after_last_attempt(reasons)

    def _stop_after_last_attempt(self, reasons: tuple[str, ...]) -> None:
        if len(reasons) >= self._settings.attempts:
            raise NoUsablePlanError(
                f"after {len(reasons)} attempts, no program of the planner was usable:"
                f" {' | '.join(reasons)}"
            )

    def _known_refusals(self, key: str) -> tuple[str, ...]:
        entry = self._book.get(key)
        if entry is None or entry.state != "rejected":
            return ()
        return (f"a person rejected the program: {entry.reason or 'no reason was given'}",)

    def _refuse_rejected(self, key: str, plan: Plan) -> None:
        """Never take a program again that a person has rejected, whoever writes it."""
        entry = self._book.get(key)
        if entry is not None and entry.state == "rejected" and entry.plan.code == plan.code:
            raise ProgramRefusedError([Violation(0, "this is the program that was rejected")])

    def _planned(
        self, question: tuple[str, tuple[str, ...]], task: asyncio.Task[ReadyPlan]
    ) -> None:
        self._planning.pop(question, None)
        if task.cancelled() or task.exception() is not None:
            return
        # Until its first run it is in no book, yet no second call may be made for its shape.
        self._untried[question[0]] = replace(task.result(), source="hit")
        if len(self._untried) > _UNTRIED_PLANS:
            self._untried.popitem(last=False)

    def _from_book(self, entry: BookEntry) -> ReadyPlan | None:
        """Return the entry's plan, unless someone has edited it into a program refused."""
        try:
            ready = self._validate(entry.key, entry.plan, source="hit")
        except ProgramRefusedError:
            return None
        return replace(ready, is_pinned=True) if entry.state == "pinned" else ready

    def _validate(self, key: str, plan: Plan, *, source: str) -> ReadyPlan:
        started_s = self._timer()
        program = self._check(plan.code.block)
        return ReadyPlan(key, plan, program, source, (self._timer() - started_s) * 1000)

    def _check_program(self, source: str) -> CheckedProgram:
        return check(strip_fences(source), self._settings.limits)

    def _entry(self, ready: ReadyPlan, prepared: Prepared) -> BookEntry:
        return BookEntry(
            key=ready.key,
            shape=prepared.shape.as_json(),
            facts=prepared.facts,
            planner=self._planner.name,
            model=self._planner.model,
            prompt_version=self._planner.version,
            plan=ready.plan,
            made_at=self._now().isoformat(),
        )


def _bind(request: RequestContext, shape: Shape, session: Knowledge) -> Binding:
    path = [
        Segment(text, part.is_identifier)
        for text, part in zip(request.segments, shape.path, strict=True)
    ]
    known = [part.text for part in path if not part.is_identifier and session.schema(part.text)]
    try:
        read = read_path(path, known)
    except BadResourceNameError:
        read = None
    fields = session.fields(read.resource) if read else frozenset()
    return bind(request, read.identifier if read else None, fields)
