"""Examination of a model: one call with the real prompt of a usual request, and its findings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from larst.domain import BodyKind, Usage
from larst.errors import AnswerUnusableError, PlannerUnreachableError
from larst.planning.models.answers import parse_plan
from larst.planning.models.base import Completion, LanguageModel, Prompt
from larst.planning.models.context_length import expected_tokens, is_cut
from larst.planning.models.conversation import prompt_for
from larst.planning.models.model_server import context_length, context_problem, is_own_server
from larst.planning.models.slips import corrected
from larst.planning.planner import PlanningRequest
from larst.planning.shapes.shape import Segment, Shape

Check = Callable[[str], object]
"""The policy: returns for a program that is allowed, and raises ValueError with the reason."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What a call of the model showed. `problem` is None if it works."""

    model: str | None
    elapsed_s: float
    input_tokens: int
    output_tokens: int
    context_tokens: int | None
    problem: str | None

    @property
    def sentence(self) -> str:
        """The findings in a sentence or two."""
        name = self.model or "the function"
        if self.problem is not None:
            return f"{name} does not work: {self.problem}."
        words = [f"{name} works: it planned a request in {self.elapsed_s:.1f} s"]
        if self.elapsed_s > 0 and self.output_tokens:
            total = self.input_tokens + self.output_tokens
            words.append(f"{total} tokens, {total / self.elapsed_s:.0f} a second")
        if self.context_tokens:
            words.append(f"context length {self.context_tokens}")
        return f"{', '.join(words)}."


async def examine(
    model: LanguageModel, server_url: str | None, check: Check, *, timeout_s: float
) -> Examination:
    """Return what one call of the model shows; never raises for what the model does."""
    length = None
    if server_url is not None and is_own_server(server_url) and model.model is not None:
        length = await context_length(server_url, model.model)
    prompt = prompt_for(sample_request())
    began_s = time.perf_counter()
    completion, problem = None, None
    try:
        completion = await model.complete(prompt, timeout_s=timeout_s)
    except PlannerUnreachableError as error:
        problem = error.detail
    elapsed_s = time.perf_counter() - began_s
    if completion is not None:
        problem = _problem(prompt, completion, check) or context_problem(length)
    return Examination(
        model=model.model,
        elapsed_s=elapsed_s,
        input_tokens=completion.tokens.input if completion else 0,
        output_tokens=completion.tokens.output if completion else 0,
        context_tokens=length,
        problem=problem,
    )


def sample_request() -> PlanningRequest:
    """Return a usual custom request: cancel an order."""
    path = (Segment("orders", False), Segment("<int>", True), Segment("cancel", False))
    shape = Shape("POST", path, (), BodyKind.NONE)
    return PlanningRequest(
        shape=shape,
        path=None,
        facts={},
        context={"method": "POST", "path": shape.route},
        schemas={"orders": {"id": "<int>", "item": "<text>", "status": "<text>"}},
        session_key="doctor",
    )


def _problem(prompt: Prompt, completion: Completion, check: Check) -> str | None:
    if is_cut(prompt, completion.tokens):
        return (
            f"the server read {completion.tokens.input} tokens of a prompt of about"
            f" {expected_tokens(prompt)}: it cuts prompts off; raise its context length to 8192"
        )
    try:
        plan = parse_plan(completion, Usage())
        check(corrected(plan.code.block)[0])
    except AnswerUnusableError as error:
        return f"it answers, but not with a plan ({error.detail}); choose another model"
    except ValueError as error:
        return f"its program is refused ({error}); choose a larger model"
    return None
