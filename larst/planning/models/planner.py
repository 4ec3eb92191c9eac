"""The planner that asks a language model: a question becomes a prompt, its answer a plan.

Must never put into a prompt what the question does not show, and never call a model that the
budget has no call for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from larst import prompts
from larst.domain import Json, Usage
from larst.planning.models.answers import ANSWER_SCHEMA, parse_plan
from larst.planning.models.base import LanguageModel, Prompt
from larst.planning.models.budget import Budget
from larst.planning.models.costs import cost_usd
from larst.planning.models.redaction import redact
from larst.planning.models.retry import ModelCalls
from larst.planning.planner import BasedOn, Maker, PlannerAnswer, PlanningRequest, Refusal
from larst.prices import Price
from larst.telemetry import count, current_span
from larst.telemetry.attributes import COST_USD
from larst.telemetry.metrics import PLANNER_COST, PLANNER_TOKENS

MAX_CONTEXT_CHARACTERS = 60_000
"""A longer context is cut down: it would cost more than any plan is worth."""

_MAX_TOLD_REFUSALS = 5
_HAS_VALUES = "This request is shown with its VALUES; the plan may serve this one request only."


class ModelPlanner:
    """Asks one model, with one set of prompts."""

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

    def is_ready(self) -> bool:
        """Tell whether its provider answered of late, as far as is known."""
        return not self._calls.circuit.is_open

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return the model's plan; as in `Planner`."""
        with self._budget.call(request.session_id):
            completion = await self._calls.complete(prompt_for(request))
        tokens = completion.tokens
        cost = cost_usd(self.maker.model, tokens, self._prices)
        usage = Usage(1, tokens.input, tokens.output, cost)
        _tell(usage)
        plan = parse_plan(completion, usage)
        based_on: BasedOn = "values" if request.has_values else "sketch"
        return PlannerAnswer(plan, self.maker, self.maker.planner, based_on=based_on, usage=usage)

    async def close(self) -> None:
        """Let the connections go."""
        await self._model.close()


def _tell(usage: Usage) -> None:
    """Tell of what a call has used, whatever comes of its answer."""
    count(PLANNER_TOKENS, usage.input_tokens, (("type", "input"),))
    count(PLANNER_TOKENS, usage.output_tokens, (("type", "output"),))
    if usage.cost_usd is not None:
        count(PLANNER_COST, usage.cost_usd)
        current_span().set_attribute(COST_USD, usage.cost_usd)


def prompt_for(request: PlanningRequest) -> Prompt:
    """Return the prompt: what is the same for all requests first, so that it can be cached."""
    told = [_told(one, request) for one in request.refusals[-_MAX_TOLD_REFUSALS:]]
    user = prompts.fill(
        "context",
        schemas=_bounded(request.schemas),
        links=_json(request.facts.get("links", {})),
        repair=prompts.fill("repair", refusals="\n".join(map(_json, told))) if told else "",
        values=_HAS_VALUES if request.has_values else "",
        context=_context(request),
    )
    return Prompt(prompts.fill("plan"), user, ANSWER_SCHEMA, prompts.version())


def _told(refusal: Refusal, request: PlanningRequest) -> dict[str, Json]:
    hides = refusal.has_values and not request.has_values
    reason = redact(refusal.reason, refusal.program) if hides else refusal.reason
    return {"reason": reason, "program": refusal.program}


def _context(request: PlanningRequest) -> str:
    """Return the context; a body that is too long is left out, and said to be."""
    text = _json(request.context)
    if len(text) <= MAX_CONTEXT_CHARACTERS:
        return text
    left = {"body_json": "<too long to show>", "body_text": "<too long to show>", "query": {}}
    return _json({**request.context, **left})[:MAX_CONTEXT_CHARACTERS]


def _bounded(schemas: Mapping[str, Json]) -> str:
    """Return as many schemas as there is room for, the ones of the path first."""
    shown: dict[str, Json] = {}
    for name, schema in schemas.items():
        if len(_json({**shown, name: schema})) > MAX_CONTEXT_CHARACTERS:
            break
        shown[name] = schema
    return _json(shown)


def _json(value: Json) -> str:
    """Return JSON on one line: no name in it can pass for a line of the prompt's own."""
    text = json.dumps(value, ensure_ascii=False)
    # Line separators that JSON leaves as they are, and some readers take for new lines.
    for separator in ("\x85", "\u2028", "\u2029"):
        text = text.replace(separator, f"\\u{ord(separator):04x}")
    return text
