"""The evaluation end to end: the rules pass the contract, a good planner passes all cases."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from rich.console import Console

from larst.cli import main
from larst.config import load_settings
from larst.domain import Code, Plan, Usage
from larst.errors import AnswerUnusableError, NoRuleError
from larst.evaluation import (
    Case,
    CaseResult,
    MeteredPlanner,
    SuiteResult,
    as_json,
    load_suite,
    print_table,
    progress_bar,
    run_suite,
)
from larst.http.app import default_components, make_app
from larst.http.components import Components
from larst.planning import Maker, Planner, PlannerAnswer, PlanningRequest, RulesPlanner
from larst.planning.shapes import ShapedRequest
from tests.evaluation.programs import PROGRAMS
from tests.fakes import ScriptedPlanner
from tests.lazy_sandbox import LazySandbox
from tests.planning.models.fakes import planning_request


class GoodPlanner:
    """Plans with the reference programs of the custom cases, and otherwise with the rules."""

    maker = Maker("good", None, "1")

    def __init__(self) -> None:
        self._rules = RulesPlanner()

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        return maker == self.maker

    def is_ready(self) -> bool:
        return True

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        shape = request.shape.as_json()
        program = PROGRAMS.get(f"{shape['method']} {shape['path']}")
        if program is None:
            return await self._rules.plan(request)
        plan = Plan(action="custom", resource=request.shape.path[0].text, code=Code(block=program))
        return PlannerAnswer(plan, self.maker, "good", "sketch", Usage(1, 100, 10, 0.001))

    async def close(self) -> None: ...


@asynccontextmanager
async def serving(folder: Path, planner: Planner) -> AsyncIterator[str]:
    """Start a service with the planner; yield its address."""
    settings = load_settings({"SANDBOX_DATA_ROOT": str(folder / "data")})
    components = Components(planner, LazySandbox(default_components(settings).sandbox))
    async with TestServer(make_app(settings, components)) as server:
        yield str(server.make_url("")).rstrip("/")


async def run(folder: Path, planner: Planner, cases: list[Case]) -> SuiteResult:
    metered = MeteredPlanner(planner)
    async with serving(folder, metered) as url:
        return await run_suite(
            url, cases, on_case=lambda _: None, usage=metered.usage, timeout_s=20
        )


def failures(suite: SuiteResult) -> dict[str, tuple[str, ...]]:
    return {result.name: result.reasons for result in suite.results if not result.passed}


async def test_the_rules_pass_the_contract_and_the_adversarial_cases(tmp_path: Path) -> None:
    """Users without a key have only the rules."""
    cases = [case for case in load_suite() if case.group != "custom"]

    assert failures(await run(tmp_path, RulesPlanner(), cases)) == {}


@pytest.mark.slow
async def test_a_good_planner_passes_every_case(tmp_path: Path) -> None:
    """A case that the service itself refuses would say nothing about a model."""
    suite = await run(tmp_path, GoodPlanner(), load_suite())

    assert failures(suite) == {}


async def test_a_good_planner_passes_cases_that_import_their_records(tmp_path: Path) -> None:
    cases = [case for case in load_suite() if case.records][::12]

    suite = await run(tmp_path, GoodPlanner(), cases)

    assert failures(suite) == {}
    custom = [result for result in suite.results if result.group == "custom"]
    assert {result.planner for result in custom} <= {"good", "hit"}
    assert sum(result.usage.input_tokens for result in custom) >= 1000


async def test_a_planner_that_answers_200_to_everything_fails_almost_all_cases(
    tmp_path: Path,
) -> None:
    class YesPlanner(GoodPlanner):
        async def plan(self, request: PlanningRequest) -> PlannerAnswer:
            code = Code(block="REPLY = make_response(200, {})")
            return PlannerAnswer(
                Plan(action="custom", resource="x", code=code), self.maker, "yes", "shape"
            )

    cases = [case for case in load_suite() if case.group != "custom"]  # test_custom_cases.py
    suite = await run(tmp_path, YesPlanner(), cases)

    passed = {result.name for result in suite.results if result.passed}
    # The service refuses invalid JSON before it plans.
    assert passed <= {"a body that is not JSON", "head"}


async def test_an_unreachable_service_fails_the_cases_but_not_the_run() -> None:
    suite = await run_suite(
        "http://127.0.0.1:9",
        load_suite()[:3],
        on_case=lambda _: None,
        usage=Usage,
        timeout_s=2,
    )

    assert len(suite.results) == 3
    assert all("no reply" in result.reasons[0] for result in suite.results)


async def test_the_meter_counts_unusable_answers_too() -> None:
    """The provider charges for them."""

    class UselessPlanner(ScriptedPlanner):
        async def plan(self, request: PlanningRequest) -> PlannerAnswer:
            raise AnswerUnusableError("no plan", Usage(1, 30, 3, 0.5), may_ask_again=False)

    metered = MeteredPlanner(UselessPlanner({}))
    with pytest.raises(AnswerUnusableError):
        await metered.plan(planning_request())
    refusing = MeteredPlanner(RulesPlanner())
    with pytest.raises(NoRuleError):
        await refusing.plan(planning_request())

    assert metered.usage() == Usage(1, 30, 3, 0.5)
    assert refusing.usage() == Usage()  # no model was called


RESULTS = SuiteResult(
    (
        CaseResult("one", "contract", (), "openai", 100.0, Usage(2, 1000, 50, 0.25)),
        CaseResult("two", "custom", ("status 500, not 200",), "hit", 3.0, Usage()),
    )
)


class TestReport:
    def test_the_json_has_the_sums_and_each_case(self) -> None:
        report = as_json(RESULTS)

        assert report["summary"] == {
            "cases": 2,
            "passed": 1,
            "pass_rate": 0.5,
            "first_attempt_rate": 0.5,
            "failures": {"server error": 1},
            "data_lost": 0,
            "seconds": 0.1,
            "model_calls": 2,
            "input_tokens": 1000,
            "output_tokens": 50,
            "cost_usd": 0.25,
            "latency_ms": {"p50": 51.5, "p95": 95.2},
        }
        assert report["groups"]["custom"]["passed"] == 0
        assert report["cases"][1]["reasons"] == ["status 500, not 200"]
        json.dumps(report)

    def test_the_table_lists_failed_cases_with_their_reasons(self) -> None:
        text = StringIO()

        print_table(RESULTS, Console(file=text, width=120))

        assert "✗ custom: two" in text.getvalue()
        assert "status 500, not 200" in text.getvalue()
        assert "1/2" in text.getvalue()
        assert "$0.2500" in text.getvalue()

    def test_an_unknown_price_is_shown_as_unknown(self) -> None:
        result = CaseResult("one", "custom", (), "openai", 1.0, Usage(1, 10, 1, None))
        text = StringIO()

        print_table(SuiteResult((result,)), Console(file=text, width=120))

        assert "price unknown" in text.getvalue()

    def test_the_progress_bar_counts_cases_and_failures(self) -> None:
        text = StringIO()
        console = Console(file=text, width=100, force_terminal=True)

        with progress_bar(console, 2) as on_case:
            for result in RESULTS.results:
                on_case(result)

        assert "2/2" in text.getvalue()
        assert "1 failed" in text.getvalue()


class TestCommand:
    def test_the_exit_code_is_0_if_all_cases_pass(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        code = main(["eval", "--only", "contract get", "--json"])

        report = json.loads(capsys.readouterr().out)
        assert code == 0
        assert report["summary"]["pass_rate"] == 1.0
        assert report["summary"]["cases"] == 2
        assert not list(tmp_path.iterdir())

    def test_the_exit_code_is_1_if_a_case_fails(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        assert main(["eval", "--only", "give a star"]) == 1
        assert "✗ custom: give a star" in capsys.readouterr().out

    def test_the_exit_code_is_2_if_no_case_matches(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        assert main(["eval", "--only", "nosuch"]) == 2
        assert "nosuch" in capsys.readouterr().err
