"""The planner factory: user functions, and the choice of a provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from larst.config import load_settings
from larst.domain import Usage
from larst.errors import (
    ConfigError,
    PlannerBrokenError,
    PlannerUnreachableError,
)
from larst.planning.factory import choose_provider, make_planner
from larst.planning.fallback import FallbackPlanner
from larst.planning.models.answers import parse_plan
from larst.planning.models.base import Prompt
from larst.planning.models.conversation import prompt_for
from larst.planning.models.function import FunctionModel, load_handler
from larst.planning.models.planner import ModelPlanner
from larst.planning.rules_first import RulesFirstPlanner
from tests.planning.models.fakes import (
    plan_text,
    planning_request,
)

DOWN = PlannerUnreachableError("down", is_transient=False)


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

    @pytest.mark.parametrize(
        ("variables", "kind"),
        [
            ({}, RulesFirstPlanner),
            ({"LARS_FALLBACK": "none"}, RulesFirstPlanner),
            ({"LARS_RULES": "fallback"}, FallbackPlanner),
            ({"LARS_RULES": "fallback", "LARS_FALLBACK": "none"}, ModelPlanner),
            ({"LARS_RULES": "never"}, ModelPlanner),
        ],
    )
    def test_the_settings_say_when_the_rules_plan_beside_a_model(
        self, variables: dict[str, object], kind: type
    ) -> None:
        settings = load_settings({"LLM_MOCK_HANDLER": f"{__name__}.plain", **variables})

        assert type(make_planner(settings)) is kind
