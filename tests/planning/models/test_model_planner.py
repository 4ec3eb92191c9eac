"""The model planner: usage, prices, budget and prompts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from larst.domain import Usage
from larst.errors import (
    BudgetSpentError,
    PlannerUnreachableError,
    TargetTooLongError,
)
from larst.planning.models.answers import parse_plan
from larst.planning.models.base import Completion, Tokens
from larst.planning.models.conversation import prompt_for
from larst.planning.models.costs import cost_usd
from larst.planning.models.planner import REPEAT_TEMPERATURE
from larst.planning.planner import PlanningRequest, Refusal
from larst.planning.shapes.sketch import context_with_values
from larst.prices import PRICES, Price, parse_prices
from tests.fakes import request
from tests.planning.models.fakes import (
    ScriptedModel,
    completion,
    plan_text,
    planner_of,
    planning_request,
)
from tests.planning.sessions import shaped_of

DOWN = PlannerUnreachableError("down", is_transient=False)


class TestModelPlanner:
    async def test_an_answer_has_its_maker_and_its_usage(self) -> None:
        answer = await planner_of(ScriptedModel(completion(), model="gpt-6-luna")).plan(
            planning_request()
        )

        assert (answer.maker.planner, answer.maker.model) == ("scripted", "gpt-6-luna")
        assert answer.source == "scripted"
        assert answer.usage == Usage(1, 1000, 50, 0.000125)
        assert answer.based_on == "sketch"

    async def test_a_model_of_unknown_price_has_no_cost(self) -> None:
        answer = await planner_of(ScriptedModel(completion(), model="mine")).plan(
            planning_request()
        )

        assert answer.usage == Usage(1, 1000, 50, None)

    async def test_a_spent_budget_prevents_the_call(self) -> None:
        model = ScriptedModel(completion())
        planner = planner_of(model, per_minute=1)
        await planner.plan(planning_request())

        with pytest.raises(BudgetSpentError):
            await planner.plan(planning_request())

        assert len(model.prompts) == 1
        await planner.plan(planning_request(session_id="ben"))

    async def test_a_model_is_not_asked_for_a_huge_shape(self) -> None:
        model = ScriptedModel(completion())
        keys = "&".join(f"{'k' * 60}{number}=1" for number in range(90))

        with pytest.raises(TargetTooLongError, match="at most 4096"):
            await planner_of(model).plan(planning_request(f"/orders/1/cancel?{keys}"))

        assert model.prompts == []

    async def test_it_is_ready_until_its_circuit_breaker_opens(self) -> None:
        planner = planner_of(ScriptedModel(DOWN))
        assert planner.is_ready()

        for _ in range(5):
            with pytest.raises(PlannerUnreachableError):
                await planner.plan(planning_request())

        assert not planner.is_ready()

    @pytest.mark.parametrize(
        ("has_temperature", "is_odd", "expected"),
        [(True, False, [0.0, REPEAT_TEMPERATURE]), (False, False, [0.0]), (True, True, [0.0])],
    )
    async def test_a_repeated_program_is_asked_for_again_at_a_higher_temperature(
        self, has_temperature: bool, is_odd: bool, expected: list[float]
    ) -> None:
        """A model at temperature 0 may answer the same to other words."""
        model = ScriptedModel(completion(plan_text("x = 1")), completion(plan_text("REPLY = 1")))
        model.has_temperature = has_temperature
        refusal = Refusal("no REPLY", "x = 1", is_odd=is_odd)

        answer = await planner_of(model).plan(planning_request("/orders/1/cancel", refusal))

        assert [prompt.temperature for prompt in model.prompts] == expected
        assert answer.usage.calls == len(expected)

    async def test_a_corrected_program_says_so(self, caplog: pytest.LogCaptureFixture) -> None:
        """A person who reads the plan sees what the model did not write."""
        caplog.set_level("INFO")
        model = ScriptedModel(completion(plan_text("import math\nreturn make_response(204)")))

        answer = await planner_of(model).plan(planning_request())

        first, source = answer.plan.code.block.split("\n")
        assert first == "# Corrected by LARST: import removed; return replaced with REPLY"
        assert source == "REPLY = make_response(204)"
        assert "program corrected: import removed" in caplog.text

    async def test_closing_closes_the_model(self) -> None:
        model = ScriptedModel(completion())

        await planner_of(model).close()

        assert model.is_closed

    def test_refusals_are_sent_with_their_programs(self) -> None:
        prompt = prompt_for(planning_request("/orders", Refusal("line 1: no imports", "import os")))

        assistant, user = prompt.retries
        assert assistant.role == "assistant"
        assert parse_plan(Completion(assistant.text, Tokens()), Usage()).code.block == "import os"
        assert user.role == "user"
        assert "line 1: no imports" in user.text
        assert '{"reason": "line 1: no imports", "program": "import os"}' in (prompt.whole or "")

    def test_a_very_long_body_is_left_out(self) -> None:
        context = request("POST", "/orders", b'{"text": "' + b"x" * 10**6 + b'"}')
        full = PlanningRequest(
            shaped_of(context).shape,
            None,
            {},
            context_with_values(context),
            {},
            "ann",
            has_values=True,
        )

        prompt = prompt_for(full)

        assert len(prompt.user) < 10_000
        assert "too long to show" in prompt.user

    def test_of_very_long_schemas_the_first_ones_are_sent(self) -> None:
        planning = planning_request("/orders")
        schemas = {name: {f"{name}{n}": "<text>" for n in range(2000)} for name in "abcdef"}

        prompt = prompt_for(
            PlanningRequest(
                planning.shape, None, {}, planning.context, schemas, planning.session_key
            )
        )

        assert '"a1999"' in (prompt.whole or "")
        assert '"f1"' not in (prompt.whole or "")


class TestPrices:
    def test_each_kind_of_token_has_its_price(self) -> None:
        price = {"m": Price(1.0, 10.0, cached=0.1, cache_written=2.0)}
        tokens = Tokens(input=1_000_000, cached=400_000, cache_written=100_000, output=200_000)

        assert cost_usd("m", tokens, price) == pytest.approx(0.5 + 0.04 + 0.2 + 2.0)

    def test_a_dated_name_has_the_models_price(self) -> None:
        assert cost_usd("gpt-6-luna-2026-09-22", Tokens(input=10**6), PRICES) == pytest.approx(0.1)

    def test_prices_from_the_setting(self) -> None:
        assert parse_prices("a=1/2, b=1/2/0.5") == {
            "a": Price(1, 2, cached=1, cache_written=1),
            "b": Price(1, 2, cached=0.5, cache_written=1),
        }

    @pytest.mark.parametrize("text", ["a", "a=1", "a=1/x", "=1/2", "a=1/-2", "a=1/nan"])
    def test_an_invalid_price_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            parse_prices(text)


def test_plans_of_older_prompts_are_trusted_and_those_of_other_models_are_not() -> None:
    """An update of LARST must not cost a call for each known shape."""
    planner = planner_of(ScriptedModel(completion()))
    maker, shaped = planner.maker, shaped_of(request("GET", "/orders/summary"))
    assert planner.trusts(replace(maker, version="older"), shaped)
    assert not planner.trusts(replace(maker, model="another"), shaped)
    assert not planner.trusts(replace(maker, planner="another"), shaped)
