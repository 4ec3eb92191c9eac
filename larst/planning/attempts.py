"""Asking a planner until its answer is of use, a bounded number of times.

What it answers is held against the policy and sent back with the reasons. Must never run a
program, and never show a planner values that it may not see.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

from larst.config import PlanningSettings
from larst.domain import CheckedProgram, Usage, Violation
from larst.errors import AnswerUnusableError, NoUsablePlanError, ProgramRefusedError
from larst.planning.lookup import ReadyPlan
from larst.planning.planner import Planner, PlannerAnswer, PlanningRequest, Refusal
from larst.planning.reuse.conditions import (
    Condition,
    condition_of,
    contains_request_value,
    exact_condition,
)
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.shape import plan_key
from larst.planning.shapes.sketch import context_with_values, sketch_of
from larst.telemetry import Stage, count
from larst.telemetry.attributes import PLAN_ATTEMPT, PLAN_SOURCE
from larst.telemetry.metrics import PLANNER_CALLS

_SHAPES_NEEDING_VALUES = 10_000
_MAX_LOGGED_CHARACTERS = 500

_log = logging.getLogger("larst.planner")

Check = Callable[[str], CheckedProgram]
"""The policy: returns the program, or raises ProgramRefusedError with every reason."""


@dataclass(frozen=True, slots=True)
class _Context:
    """What stays the same while one question is asked again and again."""

    shaped: ShapedRequest
    rejected: tuple[Refusal, ...]


class PlanAttempts:
    """Puts questions to one planner. `attempts` counts its answers for one request."""

    def __init__(
        self,
        planner: Planner,
        check: Check,
        *,
        settings: PlanningSettings,
        timer: Callable[[], float],
    ) -> None:
        self._planner = planner
        self._check = check
        self._settings = settings
        self._timer = timer
        self._shapes_needing_values: LRUCache[str, bool] = LRUCache(_SHAPES_NEEDING_VALUES)

    def needs_values(self, key: str) -> bool:
        """Tell whether plans for the shape are made from values, and so serve one request each."""
        return self._settings.prompt_values == "full" or key in self._shapes_needing_values

    async def plan(
        self, shaped: ShapedRequest, refusals: tuple[Refusal, ...], rejected: tuple[Refusal, ...]
    ) -> ReadyPlan:
        """Return a plan that the policy let pass.

        `refusals` are this request's own so far, and count as attempts; `rejected` is what people
        ruled out for the shape before.

        Raises:
            PlannerError: no usable plan came of it.
        """
        context = _Context(shaped, rejected)
        spent = refusals[-1].usage if refusals else Usage()
        has_values = self.needs_values(shaped.key)
        while True:
            request = _request(context, refusals, has_values=has_values)
            block = None
            try:
                planned = await self._ask(request, len(refusals) + 1)
                spent += planned.usage
                if planned.plan.needs_values and not has_values:
                    has_values = self._admit_values(shaped.key)
                    continue
                block = planned.plan.code.block
                with Stage("validate"):
                    return self._accept(planned, context, spent, has_values=has_values)
            except AnswerUnusableError as error:
                spent += error.usage
                if not error.may_ask_again:
                    raise
                reason = error.detail
            except ProgramRefusedError as error:
                reason = error.detail
                _log.warning("a program was refused: %s", reason[:_MAX_LOGGED_CHARACTERS])
            refusals = (*refusals, Refusal(reason, block, spent))
            self.check_attempts_left(refusals)

    def check_attempts_left(self, refusals: tuple[Refusal, ...]) -> None:
        """Return if the planner may be asked once more.

        Raises:
            NoUsablePlanError: it may not; the detail has every reason.
        """
        if len(refusals) >= self._settings.attempts:
            reasons = " | ".join(refusal.reason for refusal in refusals)
            attempts = "1 attempt" if len(refusals) == 1 else f"{len(refusals)} attempts"
            raise NoUsablePlanError(
                f"after {attempts}, no program of the planner was usable: {reasons}"
            )

    async def _ask(self, request: PlanningRequest, attempt: int) -> PlannerAnswer:
        """Ask once; each time is a stage of its own."""
        planner = self._planner.maker.planner
        outcome = "failed"
        try:
            with Stage("plan", {PLAN_ATTEMPT: attempt}) as span:
                planned = await self._planner.plan(request)
                span.set_attribute(PLAN_SOURCE, planned.source)
            planner, outcome = planned.source, "planned"
            return planned
        finally:
            count(PLANNER_CALLS, labels=(("planner", planner), ("outcome", outcome)))

    def _admit_values(self, key: str) -> bool:
        """Note that a shape needs values, so that its next request is asked with them at once."""
        if self._settings.prompt_values == "never":
            raise NoUsablePlanError(
                "the planner needs this request's values, and LARS_PROMPT_VALUES=never keeps them"
                " from it"
            )
        self._shapes_needing_values[key] = True
        return True

    def _accept(
        self, planned: PlannerAnswer, context: _Context, spent: Usage, *, has_values: bool
    ) -> ReadyPlan:
        started_s = self._timer()
        block, maker, shaped = planned.plan.code.block, planned.maker, context.shaped
        # Never take a program again that a person has rejected, whoever writes it.
        if any(refusal.program == block for refusal in context.rejected):
            raise ProgramRefusedError([Violation(0, "this is the program that was rejected")])
        program = self._check(block)
        if planned.plan.resource is None and "store" in program.names:
            raise ProgramRefusedError([Violation(0, "store is used, but the plan has no resource")])
        condition = self._condition(planned, program, shaped, has_values=has_values)
        told = None if condition is None else condition.model_dump()
        return ReadyPlan(
            key=plan_key(
                shaped.key, maker.planner, maker.model, maker.version, told, program.source
            ),
            plan=planned.plan,
            program=program,
            condition=condition,
            maker=maker,
            source=planned.source,
            validate_ms=(self._timer() - started_s) * 1000,
            usage=spent,
            is_reusable=planned.is_reusable,
        )

    def _condition(
        self,
        planned: PlannerAnswer,
        program: CheckedProgram,
        shaped: ShapedRequest,
        *,
        has_values: bool,
    ) -> Condition | None:
        """Return which requests of the shape the plan may serve: that depends on what was seen."""
        if planned.based_on == "shape":
            return None
        # Who asked for the values has made a plan for this very request; who is always given them
        # may have made one for all.
        asked_for_them = self._settings.prompt_values != "full" or planned.plan.needs_values
        if has_values and (asked_for_them or contains_request_value(program, shaped.request)):
            return exact_condition(shaped)
        return condition_of(program, planned.plan.resource, shaped)


def _request(
    context: _Context, refusals: tuple[Refusal, ...], *, has_values: bool
) -> PlanningRequest:
    shaped = context.shaped
    request = shaped.request
    return PlanningRequest(
        shape=shaped.shape,
        path=shaped.path,
        facts=shaped.facts,
        context=context_with_values(request) if has_values else sketch_of(request, shaped.shape),
        schemas=shaped.schemas,
        session_id=request.session_id,
        has_values=has_values,
        refusals=(*context.rejected, *refusals),
    )
