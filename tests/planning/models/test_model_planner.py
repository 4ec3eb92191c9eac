"""The model planner: parsing of answers, usage and prices, the fallback, and the choice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from larst.config import ModelSettings, load_settings
from larst.domain import Usage
from larst.errors import (
    AnswerUnusableError,
    BudgetSpentError,
    ConfigError,
    NoUsablePlanError,
    PlannerBrokenError,
    PlannerUnreachableError,
)
from larst.planning.factory import choose_provider, make_planner
from larst.planning.fallback import FallbackPlanner
from larst.planning.models.answers import parse_plan
from larst.planning.models.base import Completion, Prompt, Tokens
from larst.planning.models.budget import Budget
from larst.planning.models.circuit_breaker import CircuitBreaker
from larst.planning.models.costs import cost_usd
from larst.planning.models.function import FunctionModel, load_handler
from larst.planning.models.planner import ModelPlanner, prompt_for
from larst.planning.models.retry import ModelCalls
from larst.planning.planner import PlanningRequest, Refusal
from larst.planning.rules.planner import RulesPlanner
from larst.planning.shapes.shape import shape_of
from larst.planning.shapes.sketch import context_with_values
from larst.prices import PRICES, Price, parse_prices
from tests.fakes import request
from tests.planning.models.fakes import (
    FakeEnvironment,
    ScriptedModel,
    completion,
    plan_text,
    planning_request,
)

DOWN = PlannerUnreachableError("down", is_transient=False)


def planner_of(
    model: ScriptedModel, per_minute: int = 100, prices: Mapping[str, Price] = PRICES
) -> ModelPlanner:
    environment = FakeEnvironment()
    breaker = CircuitBreaker(open_s=15, now=environment.now)
    calls = ModelCalls(model, breaker, ModelSettings(), environment)
    budget = Budget(per_minute=per_minute, total=None, now=environment.now)
    return ModelPlanner(model, calls, budget, prices)


class TestAnswers:
    def test_a_plan_that_follows_the_schema(self) -> None:
        plan = parse_plan(completion(plan_text("REPLY = 1", action="patch")), Usage())

        assert (plan.action, plan.resource, plan.code.block) == ("patch", "orders", "REPLY = 1")

    def test_values_in_a_plan_are_discarded(self) -> None:
        """They are bound from each request; the plan book must not contain values."""
        text = plan_text(
            identifier="1", criteria={"a": "s3cret"}, payload={"n": "s3cret"}, response_hints={}
        )

        plan = parse_plan(completion(text), Usage())

        assert (plan.identifier, plan.criteria, plan.payload) == (None, {}, None)

    def test_markdown_fences_are_removed(self) -> None:
        assert parse_plan(completion(f"```json\n{plan_text()}\n```"), Usage()).resource == "orders"

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "not a single JSON object"),
            ("Sure! Here is the plan: {}", "not a single JSON object"),
            ("[]", "the answer is not a plan"),
            ("{}", "action: Field required"),
            (plan_text(action="destroy"), "action: Input should be"),
            (plan_text(resource="../x"), "resource: String should match"),
            (plan_text(s3cret=1), "Extra inputs are not permitted"),
            (plan_text(code={"block": 1}), "code.block: Input should be a valid string"),
        ],
    )
    def test_an_invalid_plan_is_refused_with_its_errors(self, text: str, reason: str) -> None:
        with pytest.raises(AnswerUnusableError) as refusal:
            parse_plan(completion(text), Usage(1, 5, 5))

        assert reason in refusal.value.detail
        assert refusal.value.may_ask_again
        assert refusal.value.usage == Usage(1, 5, 5)

    def test_a_cut_answer_can_be_requested_again_but_not_a_refusal(self) -> None:
        with pytest.raises(AnswerUnusableError, match="shorter") as cut:
            parse_plan(Completion('{"action', Tokens(), "cut"), Usage())
        with pytest.raises(AnswerUnusableError, match="refused") as refusal:
            parse_plan(Completion("I cannot do that", Tokens(), "refused"), Usage())

        assert (cut.value.may_ask_again, refusal.value.may_ask_again) == (True, False)


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

    async def test_it_is_ready_until_its_circuit_breaker_opens(self) -> None:
        planner = planner_of(ScriptedModel(DOWN))
        assert planner.is_ready()

        for _ in range(5):
            with pytest.raises(PlannerUnreachableError):
                await planner.plan(planning_request())

        assert not planner.is_ready()

    async def test_closing_closes_the_model(self) -> None:
        model = ScriptedModel(completion())

        await planner_of(model).close()

        assert model.is_closed

    def test_refusals_are_sent_with_their_programs(self) -> None:
        prompt = prompt_for(planning_request("/orders", Refusal("line 1: no imports", "import os")))

        assert '{"reason": "line 1: no imports", "program": "import os"}' in prompt.user

    def test_a_very_long_body_is_left_out(self) -> None:
        context = request("POST", "/orders", b'{"text": "' + b"x" * 10**6 + b'"}')
        shape = shape_of(context, lambda *_: False)
        full = PlanningRequest(
            shape, None, {}, context_with_values(context), {}, "ann", has_values=True
        )

        prompt = prompt_for(full)

        assert len(prompt.user) < 10_000
        assert "too long to show" in prompt.user

    def test_of_very_long_schemas_the_first_ones_are_sent(self) -> None:
        planning = planning_request("/orders")
        schemas = {name: {f"{name}{n}": "<text>" for n in range(2000)} for name in "abcdef"}

        prompt = prompt_for(
            PlanningRequest(
                planning.shape, None, {}, planning.context, schemas, planning.session_id
            )
        )

        assert '"a1999"' in prompt.user
        assert '"f1"' not in prompt.user


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


class TestFallback:
    async def test_the_rules_plan_if_the_provider_is_unreachable(self) -> None:
        planner = FallbackPlanner(planner_of(ScriptedModel(DOWN)), RulesPlanner())

        answer = await planner.plan(planning_request("/orders"))

        assert answer.source == "rules-fallback"
        assert answer.plan.action == "create"
        assert not answer.is_reusable

    async def test_if_the_rules_have_no_plan_the_provider_is_reported_unreachable(self) -> None:
        """The client can retry later; an error about the rules would not help."""
        planner = FallbackPlanner(planner_of(ScriptedModel(DOWN)), RulesPlanner())

        with pytest.raises(PlannerUnreachableError, match="down"):
            await planner.plan(planning_request("/orders/1/cancel"))

    async def test_the_rules_do_not_plan_after_an_unusable_answer(self) -> None:
        planner = FallbackPlanner(planner_of(ScriptedModel(completion("no"))), RulesPlanner())

        with pytest.raises(AnswerUnusableError):
            await planner.plan(planning_request("/orders"))

    async def test_with_a_fallback_it_is_always_ready(self) -> None:
        first = planner_of(ScriptedModel(DOWN))
        planner = FallbackPlanner(first, RulesPlanner())
        for _ in range(5):
            await planner.plan(planning_request("/orders"))

        assert not first.is_ready()
        assert planner.is_ready()

    async def test_the_rules_do_not_repair_a_refused_plan(self) -> None:
        planner = FallbackPlanner(planner_of(ScriptedModel(DOWN)), RulesPlanner())

        with pytest.raises(PlannerUnreachableError):
            await planner.plan(planning_request("/orders", Refusal("it failed")))


def plain(prompt: str) -> str:
    return plan_text() if "REQUEST CONTEXT:" in prompt else ""


async def coroutine(prompt: str) -> str:
    return plain(prompt)


def broken(prompt: str) -> str:
    raise RuntimeError(f"{len(prompt) > 0}")


def nothing(prompt: str) -> None:
    del prompt


class TestHandlers:
    @pytest.mark.parametrize("name", ["plain", "coroutine"])
    async def test_a_function_works_as_a_model(self, name: str) -> None:
        model = FunctionModel(load_handler(f"{__name__}.{name}"))
        prompt = prompt_for(planning_request())

        answer = await model.complete(prompt, timeout_s=5)

        assert parse_plan(answer, Usage()).resource == "orders"

    @pytest.mark.parametrize("name", ["broken", "nothing"])
    async def test_the_error_of_a_failing_function_names_the_setting(self, name: str) -> None:
        model = FunctionModel(load_handler(f"{__name__}.{name}"))

        with pytest.raises(PlannerBrokenError, match="LLM_MOCK_HANDLER"):
            await model.complete(Prompt("a", "b", {}, "1"), timeout_s=5)

    @pytest.mark.parametrize("name", ["nosuch.function", f"{__name__}.nosuch", f"{__name__}.DOWN"])
    def test_a_missing_function_prevents_the_start(self, name: str) -> None:
        with pytest.raises(ConfigError, match=f"LLM_MOCK_HANDLER={name}"):
            load_handler(name)

    def test_the_module_can_be_in_the_working_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "my_handler.py").write_text("def plan(prompt):\n    return '{}'\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.path", [])

        assert load_handler("my_handler.plan")("") == "{}"


class TestChoice:
    @pytest.mark.parametrize(
        ("variables", "provider"),
        [
            ({}, "rules"),
            ({"OPENAI_API_KEY": "k"}, "openai"),
            ({"ANTHROPIC_API_KEY": "k"}, "anthropic"),
            ({"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}, "openai"),
            ({"OPENAI_API_KEY": "k", "LARS_DEFAULT_PROVIDER": "rules"}, "rules"),
            ({"OPENAI_API_KEY": "k", "LARS_DEFAULT_PROVIDER": "anthropic"}, "anthropic"),
            ({"LARS_LLM_BASE_URL": "http://127.0.0.1:11434/v1"}, "openai"),
            ({"OPENAI_API_KEY": "k", "LLM_MOCK_HANDLER": "a.b"}, "mock"),
        ],
    )
    def test_the_settings_select_the_provider(
        self, variables: dict[str, object], provider: str
    ) -> None:
        assert choose_provider(load_settings(variables)) == provider

    @pytest.mark.parametrize(
        ("variables", "line"),
        [
            ({"LARS_DEFAULT_PROVIDER": "openai"}, "needs OPENAI_API_KEY"),
            ({"LARS_DEFAULT_PROVIDER": "anthropic"}, "needs ANTHROPIC_API_KEY"),
            ({"LARS_LLM_BASE_URL": "http://127.0.0.1:1/v1"}, "LARS_LLM_BASE_URL needs LARS_MODEL"),
            (
                {"OPENAI_API_KEY": "k", "LARS_SANDBOX_LLM_ALLOWED_HOSTS": "a.example"},
                "does not contain api.openai.com",
            ),
        ],
    )
    def test_contradicting_settings_prevent_the_start(
        self, variables: dict[str, object], line: str
    ) -> None:
        with pytest.raises(ConfigError) as failure:
            make_planner(load_settings(variables))

        assert line in failure.value.detail
        assert "\n" not in failure.value.detail

    def test_without_a_fallback_the_model_plans_alone(self) -> None:
        settings = load_settings({"LLM_MOCK_HANDLER": f"{__name__}.plain", "LARS_FALLBACK": "none"})

        assert isinstance(make_planner(settings), ModelPlanner)


async def test_the_rules_have_one_program_only() -> None:
    with pytest.raises(NoUsablePlanError):
        await RulesPlanner().plan(planning_request("/orders", Refusal("no")))
