"""The model planner: turns a planning request into a prompt, and the model's answer into a plan.

Must never put into a prompt anything that the planning request does not contain, and never call a
model without a call left in the budget.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from larst import prompts
from larst.domain import Json, Usage
from larst.errors import TargetTooLongError
from larst.planning.models.answers import ANSWER_SCHEMA, parse_plan
from larst.planning.models.base import LanguageModel, Prompt
from larst.planning.models.budget import Budget
from larst.planning.models.costs import cost_usd
from larst.planning.models.redaction import redact
from larst.planning.models.retry import ModelCalls
from larst.planning.planner import BasedOn, Maker, PlannerAnswer, PlanningRequest, Refusal
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.shape import MAX_SHAPE_BYTES
from larst.prices import Price
from larst.telemetry import count, current_span
from larst.telemetry.attributes import COST_USD
from larst.telemetry.metrics import PLANNER_COST, PLANNER_TOKENS

MAX_CONTEXT_CHARACTERS = 60_000
"""A longer context is shortened: it would cost more than a plan is worth."""

_MAX_REFUSALS = 5
_HAS_VALUES = "This request is shown with its VALUES; the plan may serve this request only."


class ModelPlanner:
    """Plans with one model and one set of prompts."""

    def __init__(
        self,
        model: LanguageModel,
        calls: ModelCalls,
        budget: Budget,
        prices: Mapping[str, Price],
    ) -> None:
        self.maker = Maker(model.provider, model.model, prompts.version())
        self._model = model
        self._calls = calls
        self._budget = budget
        self._prices = prices

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        """Return whether a learned plan may serve: only its own."""
        return maker == self.maker

    def is_ready(self) -> bool:
        """Return whether the provider is believed to answer: its circuit breaker is closed."""
        return not self._calls.circuit_breaker.is_open

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return the model's plan; see `Planner`.

        Raises:
            TargetTooLongError: the request has more names than any plan is kept for.
        """
        if (size_bytes := request.shape.size_bytes) > MAX_SHAPE_BYTES:
            raise TargetTooLongError(
                f"path and query keys take {size_bytes} bytes, and a model plans requests of at"
                f" most {MAX_SHAPE_BYTES}; send fewer or shorter names"
            )
        with self._budget.call(request.session_key, request.tenant):
            completion = await self._calls.complete(prompt_for(request))
        tokens = completion.tokens
        cost = cost_usd(self.maker.model, tokens, self._prices)
        usage = Usage(1, tokens.input, tokens.output, cost)
        _record_usage(usage)
        plan = parse_plan(completion, usage)
        based_on: BasedOn = "values" if request.has_values else "sketch"
        return PlannerAnswer(
            plan, self.maker, source=self.maker.planner, based_on=based_on, usage=usage
        )

    async def close(self) -> None:
        """Close the model's connections."""
        await self._model.close()


def _record_usage(usage: Usage) -> None:
    """Record the tokens and the cost of a call, before its answer is parsed."""
    count(PLANNER_TOKENS, usage.input_tokens, (("type", "input"),))
    count(PLANNER_TOKENS, usage.output_tokens, (("type", "output"),))
    if usage.cost_usd is not None:
        count(PLANNER_COST, usage.cost_usd)
        current_span().set_attribute(COST_USD, usage.cost_usd)


def prompt_for(request: PlanningRequest) -> Prompt:
    """Return the prompt, with the text that is the same for all requests first, for the cache."""
    refusals = [_refusal_json(refusal, request) for refusal in request.refusals[-_MAX_REFUSALS:]]
    repair = ""
    if refusals:
        repair = prompts.fill("repair", refusals="\n".join(map(_json, refusals)))
    user = prompts.fill(
        "context",
        schemas=_bounded_schemas(request.schemas),
        links=_json(request.facts.get("links", {})),
        repair=repair,
        values=_HAS_VALUES if request.has_values else "",
        context=_bounded_context(request),
    )
    return Prompt(prompts.fill("plan"), user, ANSWER_SCHEMA, prompts.version())


def _refusal_json(refusal: Refusal, request: PlanningRequest) -> dict[str, Json]:
    must_redact = refusal.has_values and not request.has_values
    reason = redact(refusal.reason, refusal.program) if must_redact else refusal.reason
    return {"reason": reason, "program": refusal.program}


def _bounded_context(request: PlanningRequest) -> str:
    """Return the context; if it is too long, placeholders replace body and query."""
    text = _json(request.context)
    if len(text) <= MAX_CONTEXT_CHARACTERS:
        return text
    placeholders = {
        "body_json": "<too long to show>",
        "body_text": "<too long to show>",
        "query": {},
        "asked": "<too long to show>",
    }
    return _json({**request.context, **placeholders})[:MAX_CONTEXT_CHARACTERS]


def _bounded_schemas(schemas: Mapping[str, Json]) -> str:
    """Return as many schemas as fit; the resources of the path come first."""
    included: dict[str, Json] = {}
    for name, schema in schemas.items():
        if len(_json({**included, name: schema})) > MAX_CONTEXT_CHARACTERS:
            break
        included[name] = schema
    return _json(included)


def _json(value: Json) -> str:
    """Return JSON on one line, so that no name in it can imitate a line of the prompt."""
    text = json.dumps(value, ensure_ascii=False)
    # JSON leaves these line separators unescaped, and some readers break lines at them.
    for separator in ("\x85", "\u2028", "\u2029"):
        text = text.replace(separator, f"\\u{ord(separator):04x}")
    return text
