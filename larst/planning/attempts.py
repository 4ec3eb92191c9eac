"""Planning attempts: calls to a planner until its program passes the policy, at most so many.

Each refused program goes back to the planner with the reasons. Must never run a program, and never
send a planner values that it may not see.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from cachetools import LRUCache

from larst.config import PlanningSettings
from larst.domain import NO_GUIDANCE, CheckedProgram, Guidance, Json, Usage, Violation
from larst.errors import AnswerUnusableError, NoUsablePlanError, ProgramRefusedError
from larst.planning.lookup import ReadyPlan
from larst.planning.planner import Planner, PlannerAnswer, PlanningRequest, Refusal
from larst.planning.reuse.conditions import (
    Condition,
    condition_of,
    contains_request_value,
    exact_condition,
)
from larst.planning.shapes.asked_sketch import asked_with_values, sketch_of_asked
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.shape import plan_key
from larst.planning.shapes.sketch import context_with_values, sketch_of, sketch_of_value
from larst.prompts import Example
from larst.telemetry import Stage, count
from larst.telemetry.attributes import PLAN_ATTEMPT, PLAN_SOURCE
from larst.telemetry.metrics import PLANNER_CALLS

_SHAPES_NEEDING_VALUES = 10_000
_MAX_LOGGED_CHARACTERS = 500

_log = logging.getLogger("larst.planner")

Check = Callable[[str], CheckedProgram]
"""The policy: returns the program, or raises ProgramRefusedError with every violation."""


@dataclass(frozen=True, slots=True)
class _Context:
    """The constant part of all attempts for one request."""

    shaped: ShapedRequest
    rejected: tuple[Refusal, ...]
    guidance: Guidance
    example: Example | None


class PlanAttempts:
    """Calls one planner for one plan, several times if necessary."""

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
        """Return whether plans of the shape are made from values, and so serve one request each."""
        return self._settings.prompt_values == "full" or key in self._shapes_needing_values

    async def plan(
        self,
        shaped: ShapedRequest,
        refusals: tuple[Refusal, ...],
        rejected: tuple[Refusal, ...],
        guidance: Guidance = NO_GUIDANCE,
        *,
        example: Example | None = None,
    ) -> ReadyPlan:
        """Return a plan whose program passes the policy.

        `refusals` are the earlier ones of this request and count as attempts. `rejected` are the
        programs that users rejected for the shape; `guidance` is what they say that it means, and
        `example` a plan that they pinned for a request like it.

        Raises:
            PlannerError: the planner returned no usable plan.
        """
        context = _Context(shaped, rejected, self._shown(guidance), example)
        spent = refusals[-1].usage if refusals else Usage()
        has_values = self.needs_values(shaped.key)
        while True:
            block = resource = None
            try:
                answer = await self._call_planner(context, refusals, has_values=has_values)
                spent += answer.usage
                if answer.plan.needs_values and not has_values:
                    has_values = self._allow_values(shaped.key)
                    continue
                block, resource = answer.plan.code.block, answer.plan.resource
                _check_is_new(block, refusals)
                return self._accept(answer, context, spent, has_values=has_values)
            except AnswerUnusableError as error:
                if not error.may_ask_again:
                    raise
                spent, reason = spent + error.usage, error.detail
            except ProgramRefusedError as error:
                reason = error.detail
                _log.warning("program refused: %s", reason[:_MAX_LOGGED_CHARACTERS])
            refusals = (*refusals, Refusal(reason, block, spent, resource=resource))
            self.check_attempts_left(refusals)

    def check_attempts_left(self, refusals: tuple[Refusal, ...]) -> None:
        """Return if the planner may be called again.

        Raises:
            NoUsablePlanError: all attempts are used; the detail lists every reason.
        """
        # A question about an odd program is one call more, and not one that failed.
        questions = sum(refusal.is_odd for refusal in refusals)
        if len(refusals) - min(questions, 1) >= self._settings.attempts:
            reasons = " | ".join(refusal.reason for refusal in refusals)
            attempts = "1 attempt" if len(refusals) == 1 else f"{len(refusals)} attempts"
            raise NoUsablePlanError(
                f"after {attempts}, no program of the planner was usable: {reasons}"
            )

    def _shown(self, guidance: Guidance) -> Guidance:
        """Return the guidance as the planner may see it: a user wrote its example for it."""
        goal = guidance.reply
        if goal is None or self._settings.prompt_values != "never":
            return guidance
        return replace(guidance, reply=replace(goal, body=sketch_of_value(goal.body)))

    async def _call_planner(
        self, context: _Context, refusals: tuple[Refusal, ...], *, has_values: bool
    ) -> PlannerAnswer:
        """Call the planner once, in a stage for this attempt."""
        may_need_values = self._settings.prompt_values == "sketch" and not has_values
        request = replace(
            _planning_request(context, refusals, has_values=has_values),
            may_need_values=may_need_values and bool(refusals),
        )
        planner = self._planner.maker.planner
        outcome = "failed"
        try:
            with Stage("plan", {PLAN_ATTEMPT: len(refusals) + 1}) as span:
                answer = await self._planner.plan(request)
                span.set_attribute(PLAN_SOURCE, answer.source)
            planner, outcome = answer.source, "planned"
            return answer
        finally:
            count(PLANNER_CALLS, labels=(("planner", planner), ("outcome", outcome)))

    def _allow_values(self, key: str) -> bool:
        """Mark the shape, so that its next request is sent with values immediately."""
        if self._settings.prompt_values == "never":
            raise NoUsablePlanError(
                "the planner needs the values of this request, but LARS_PROMPT_VALUES=never"
                " does not allow sending them"
            )
        self._shapes_needing_values[key] = True
        return True

    def _accept(
        self, answer: PlannerAnswer, context: _Context, spent: Usage, *, has_values: bool
    ) -> ReadyPlan:
        """Return the plan, checked and ready to run.

        Raises:
            ProgramRefusedError: the policy refuses the program, or a user has rejected it.
        """
        started_s = self._timer()
        shaped = context.shaped
        with Stage("validate"):
            program = self._check_program(answer, context)
            condition = self._condition(answer, program, shaped, has_values=has_values)
        return ReadyPlan(
            key=_plan_key(answer, program, condition, shaped),
            plan=answer.plan,
            program=program,
            condition=condition,
            maker=answer.maker,
            source=answer.source,
            validate_ms=(self._timer() - started_s) * 1000,
            usage=spent,
            is_reusable=answer.is_reusable,
            intent=context.guidance.intent,
        )

    def _check_program(self, answer: PlannerAnswer, context: _Context) -> CheckedProgram:
        block = answer.plan.code.block
        # A program that a user rejected stays rejected, even if another planner writes it again.
        if any(refusal.program == block for refusal in context.rejected):
            raise ProgramRefusedError([Violation(0, "this is the program that was rejected")])
        program = self._check(block)
        if answer.plan.resource is None and "store" in program.names:
            raise ProgramRefusedError([Violation(0, "store is used, but the plan has no resource")])
        return program

    def _condition(
        self,
        answer: PlannerAnswer,
        program: CheckedProgram,
        shaped: ShapedRequest,
        *,
        has_values: bool,
    ) -> Condition | None:
        """Return which requests of the shape the plan may serve; None means all."""
        if answer.based_on == "shape":
            return None
        # A planner that requests values plans for this very request. A planner that always gets
        # values may have written a general program.
        requested_values = self._settings.prompt_values != "full" or answer.plan.needs_values
        if has_values and (requested_values or contains_request_value(program, shaped)):
            return exact_condition(shaped)
        return condition_of(program, answer.plan.resource, shaped)


def _check_is_new(block: str, refusals: tuple[Refusal, ...]) -> None:
    """Return unless the program was refused as impossible; an odd one is meant the second time.

    Raises:
        NoUsablePlanError: the planner repeats itself; more attempts would not help.
    """
    for refusal in reversed(refusals):
        if refusal.program == block and not refusal.is_odd:
            raise NoUsablePlanError(f"the planner repeated a refused program: {refusal.reason}")


def _plan_key(
    answer: PlannerAnswer,
    program: CheckedProgram,
    condition: Condition | None,
    shaped: ShapedRequest,
) -> str:
    maker = answer.maker
    condition_json = None if condition is None else condition.model_dump()
    return plan_key(
        shaped.key, maker.planner, maker.model, maker.version, condition_json, program.source
    )


def _planning_request(
    context: _Context, refusals: tuple[Refusal, ...], *, has_values: bool
) -> PlanningRequest:
    shaped = context.shaped
    request = shaped.request
    known = {refusal.program for refusal in refusals}
    rejected = [refusal for refusal in context.rejected if refusal.program not in known]
    return PlanningRequest(
        shape=shaped.shape,
        path=shaped.path,
        facts=shaped.facts,
        context=planning_context(shaped, has_values=has_values),
        schemas=shaped.schemas,
        session_key=request.session_key,
        tenant=request.tenant,
        has_values=has_values,
        refusals=(*rejected, *refusals),
        guidance=context.guidance,
        operation=shaped.operation,
        example=context.example,
    )


def planning_context(shaped: ShapedRequest, *, has_values: bool) -> dict[str, Json]:
    """Return the request context of SPEC section 3, and what the request asks for, as `asked`."""
    request = shaped.request
    if has_values:
        return {
            **context_with_values(request),
            "asked": asked_with_values(shaped.reading.asked),
        }
    return {**sketch_of(request, shaped.shape), "asked": sketch_of_asked(shaped)}
