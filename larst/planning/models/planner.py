"""The model planner: turns a planning request into a prompt, and the model's answer into a plan.

Must never put into a prompt anything that the planning request does not contain, and never call a
model without a call left in the budget.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from larst import prompts
from larst.domain import Code, Plan, Usage
from larst.errors import TargetTooLongError
from larst.planning.models.answers import parse_plan
from larst.planning.models.base import LanguageModel
from larst.planning.models.budget import Budget
from larst.planning.models.context_length import PromptCounts
from larst.planning.models.conversation import prompt_for
from larst.planning.models.costs import cost_usd
from larst.planning.models.model_server import context_length, context_problem, is_own_server
from larst.planning.models.retry import ModelCalls
from larst.planning.models.slips import corrected
from larst.planning.planner import BasedOn, Maker, PlannerAnswer, PlanningRequest
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.shape import MAX_SHAPE_BYTES
from larst.prices import Price
from larst.telemetry import count, current_span
from larst.telemetry.attributes import COST_USD
from larst.telemetry.metrics import PLANNER_COST, PLANNER_TOKENS

REPEAT_TEMPERATURE = 0.7
"""Of a second call after a model has repeated a refused program."""

_NOTHING = Usage()
_log = logging.getLogger("larst.planner")


class ModelPlanner:
    """Plans with one model and one set of prompts."""

    def __init__(
        self,
        model: LanguageModel,
        calls: ModelCalls,
        budget: Budget,
        prices: Mapping[str, Price],
        *,
        plans_plain_rest: bool = True,
        server_url: str | None = None,
    ) -> None:
        self.maker = Maker(model.provider, model.model, prompts.version())
        self._model = model
        self._calls = calls
        self._budget = budget
        self._prices = prices
        self._plans_plain_rest = plans_plain_rest
        self._server_url = server_url if is_own_server(server_url) else None
        self._counts = PromptCounts()

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        """Return whether a learned plan may serve: its own, also those of older prompts."""
        return (maker.planner, maker.model) == (self.maker.planner, self.maker.model)

    def is_ready(self) -> bool:
        """Return whether the provider is believed to answer: its circuit breaker is closed."""
        return not self._calls.circuit_breaker.is_open

    async def prepare(self) -> None:
        """Log a warning if a model server of one's own keeps too little of a prompt."""
        if self._server_url is None or self.maker.model is None:
            return
        length = await context_length(self._server_url, self.maker.model)
        if (problem := context_problem(length)) is not None:
            _log.warning("%s: %s", self._server_url, problem)

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
        answer, usage = await self._call(request, 0.0)
        if self._model.has_temperature and _is_repeat(answer, request):
            _log.info("the model repeated a refused program; asking at a higher temperature")
            answer, again = await self._call(request, REPEAT_TEMPERATURE, usage)
            usage += again
        based_on: BasedOn = "values" if request.has_values else "sketch"
        return PlannerAnswer(
            answer, self.maker, source=self.maker.planner, based_on=based_on, usage=usage
        )

    async def _call(
        self, request: PlanningRequest, temperature: float, spent: Usage = _NOTHING
    ) -> tuple[Plan, Usage]:
        """Call the model once; errors about its answer include the usage `spent` before."""
        prompt = prompt_for(request, plain=self._plans_plain_rest, hot=temperature)
        with self._budget.call(request.session_key, request.tenant):
            completion = await self._calls.complete(prompt)
        tokens = completion.tokens
        self._counts.check(prompt, tokens)
        cost = cost_usd(self.maker.model, tokens, self._prices)
        usage = Usage(1, tokens.input, tokens.output, cost)
        _record_usage(usage)
        plan = parse_plan(completion, spent + usage)
        block, slips = corrected(plan.code.block)
        if slips:
            _log.info("program corrected: %s", "; ".join(slips), extra={"fields": {"slips": slips}})
            plan = plan.model_copy(update={"code": Code(block=block)})
        return plan, usage

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


def _is_repeat(plan: Plan, request: PlanningRequest) -> bool:
    """Return whether the program was refused already as impossible, not merely as odd."""
    return any(
        refusal.program == plan.code.block and not refusal.is_odd for refusal in request.refusals
    )
