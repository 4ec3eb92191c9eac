"""The evaluation end to end: the rules pass the contract, and a good planner passes everything."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
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
from larst.evaluation.meter import MeteredPlanner
from larst.evaluation.report import as_json, print_table, progress
from larst.evaluation.runner import CaseResult, Evaluation, evaluate
from larst.evaluation.suite import Case, load_suite
from larst.http.app import default_components, make_app
from larst.http.components import Components
from larst.planning.planner import Maker, Planner, PlannerAnswer, PlanningRequest
from larst.planning.rules.planner import RulesPlanner
from tests.fakes import ScriptedPlanner
from tests.planning.models.test_model_planner import question
from tests.prompts.test_examples import EXAMPLES

EXTRA = {
    "POST /users/<int>/deactivate": (
        'user = store.update(plan["identifier"], {"active": False})\n'
        "REPLY = make_response(200, user) if user else make_response(404)"
    ),
    "GET /orders/count": 'REPLY = make_response(200, {"count": store.count(plan["criteria"])})',
    "GET /orders/latest": (
        'items = store.search({}, limit=1, sort="-id")\n'
        "REPLY = make_response(200, items[0]) if items else make_response(404)"
    ),
    "POST /posts/<int>/like": (
        'post = store.get(plan["identifier"])\n'
        "if post is None:\n"
        "    REPLY = make_response(404)\n"
        "else:\n"
        '    likes = post.get("likes", 0) + 1\n'
        '    REPLY = make_response(200, store.update(post["id"], {"likes": likes}))'
    ),
    "POST /products/raise-prices": (
        'percent = plan["payload"]["percent"]\n'
        "for item in store.search({}):\n"
        '    price = item["price"] * (100 + percent) // 100\n'
        '    store.update(item["id"], {"price": price})\n'
        'REPLY = make_response(200, {"updated": store.count()})'
    ),
}


class GoodPlanner:
    """Plans by the worked examples and a few more, the rest by the rules."""

    maker = Maker("good", None, "1")

    def __init__(self) -> None:
        self._rules = RulesPlanner()
        by_example = {
            heading.partition(" {")[0].partition("?")[0]: example.program
            for heading, example in EXAMPLES.items()
        }
        self._programs = {**by_example, **EXTRA}

    def is_ready(self) -> bool:
        return True

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        asked = request.shape.as_json()
        program = self._programs.get(f"{asked['method']} {asked['path']}")
        is_custom = program and not request.shape.path[0].text.startswith(("members", "notes"))
        if program is None or not is_custom or asked["path"].endswith("comments"):
            return await self._rules.plan(request)
        plan = Plan(action="custom", resource=request.shape.path[0].text, code=Code(block=program))
        return PlannerAnswer(plan, self.maker, "good", "sketch", Usage(1, 100, 10, 0.001))

    async def close(self) -> None: ...


Run = Callable[..., "AsyncIterator[Evaluation]"]


@asynccontextmanager
async def running(folder: Path, planner: Planner) -> AsyncIterator[str]:
    """Serve with the planner; give the address."""
    settings = load_settings({"SANDBOX_DATA_ROOT": str(folder / "data")})
    parts = Components(planner, default_components(settings).sandbox)
    async with TestServer(make_app(settings, parts)) as server:
        yield str(server.make_url("")).rstrip("/")


async def run(folder: Path, planner: Planner, cases: list[Case]) -> Evaluation:
    metered = MeteredPlanner(planner)
    async with running(folder, metered) as url:
        return await evaluate(url, cases, on_case=lambda _: None, usage=metered.usage, timeout_s=20)


def failures(evaluation: Evaluation) -> dict[str, tuple[str, ...]]:
    return {result.name: result.reasons for result in evaluation.results if not result.passed}


async def test_the_rules_pass_the_contract_and_what_tries_to_talk_them_over(
    tmp_path: Path,
) -> None:
    """What anybody gets without a key."""
    cases = [case for case in load_suite() if case.group != "custom"]

    assert failures(await run(tmp_path, RulesPlanner(), cases)) == {}


async def test_a_good_planner_passes_every_case(tmp_path: Path) -> None:
    """A case that nobody can pass would tell nothing of a model."""
    evaluation = await run(tmp_path, GoodPlanner(), load_suite())

    assert failures(evaluation) == {}
    custom = [result for result in evaluation.results if result.group == "custom"]
    assert {result.planner for result in custom} <= {"good", "hit"}
    assert sum(result.usage.input_tokens for result in custom) >= 1000


async def test_a_planner_that_answers_200_to_everything_passes_next_to_nothing(
    tmp_path: Path,
) -> None:
    class Yes(GoodPlanner):
        async def plan(self, request: PlanningRequest) -> PlannerAnswer:
            code = Code(block="REPLY = make_response(200, {})")
            return PlannerAnswer(
                Plan(action="custom", resource="x", code=code), self.maker, "yes", "shape"
            )

    evaluation = await run(tmp_path, Yes(), load_suite())

    passed = {result.name for result in evaluation.results if result.passed}
    # A body that is no JSON is refused before any planner is asked.
    assert passed <= {"a body that is no JSON", "head"}


async def test_a_service_that_is_not_there_fails_the_cases_and_not_the_run() -> None:
    evaluation = await evaluate(
        "http://127.0.0.1:9",
        load_suite()[:3],
        on_case=lambda _: None,
        usage=Usage,
        timeout_s=2,
    )

    assert len(evaluation.results) == 3
    assert all("no reply" in result.reasons[0] for result in evaluation.results)


async def test_the_meter_counts_answers_of_no_use_too() -> None:
    """They are paid for."""

    class Useless(ScriptedPlanner):
        async def plan(self, request: PlanningRequest) -> PlannerAnswer:
            raise AnswerUnusableError("no plan", Usage(1, 30, 3, 0.5), may_ask_again=False)

    metered = MeteredPlanner(Useless({}))
    with pytest.raises(AnswerUnusableError):
        await metered.plan(question())
    refusing = MeteredPlanner(RulesPlanner())
    with pytest.raises(NoRuleError):
        await refusing.plan(question())

    assert metered.usage() == Usage(1, 30, 3, 0.5)
    assert refusing.usage() == Usage(1, 0, 0, 0.0)


RESULTS = Evaluation(
    (
        CaseResult("one", "contract", (), "openai", 100.0, Usage(2, 1000, 50, 0.25)),
        CaseResult("two", "custom", ("status 500, not 200",), "hit", 3.0, Usage()),
    )
)


class TestReport:
    def test_as_json_it_has_the_sums_and_each_case(self) -> None:
        told = as_json(RESULTS)

        assert told["summary"] == {
            "cases": 2,
            "passed": 1,
            "pass_rate": 0.5,
            "planner_calls": 2,
            "input_tokens": 1000,
            "output_tokens": 50,
            "cost_usd": 0.25,
            "latency_ms": {"p50": 51.5, "p95": 95.2},
        }
        assert told["groups"]["custom"]["passed"] == 0
        assert told["cases"][1]["reasons"] == ["status 500, not 200"]
        json.dumps(told)

    def test_as_a_table_it_says_what_failed_and_why(self) -> None:
        text = StringIO()

        print_table(RESULTS, Console(file=text, width=120))

        assert "✗ custom: two" in text.getvalue()
        assert "status 500, not 200" in text.getvalue()
        assert "1/2" in text.getvalue()
        assert "$0.2500" in text.getvalue()

    def test_an_unknown_price_is_no_price(self) -> None:
        result = CaseResult("one", "custom", (), "openai", 1.0, Usage(1, 10, 1, None))
        text = StringIO()

        print_table(Evaluation((result,)), Console(file=text, width=120))

        assert "price unknown" in text.getvalue()

    def test_progress_is_shown_as_it_goes(self) -> None:
        text = StringIO()
        console = Console(file=text, width=100, force_terminal=True)

        with progress(console, 2) as on_case:
            for result in RESULTS.results:
                on_case(result)

        assert "2/2" in text.getvalue()
        assert "1 failed" in text.getvalue()


class TestCommand:
    def test_it_exits_with_0_where_all_pass(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        code = main(["eval", "--only", "contract get", "--json"])

        told = json.loads(capsys.readouterr().out)
        assert code == 0
        assert told["summary"]["pass_rate"] == 1.0
        assert told["summary"]["cases"] == 2
        assert not list(tmp_path.iterdir())

    def test_and_with_1_where_one_fails(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        assert main(["eval", "--only", "like a post"]) == 1
        assert "✗ custom: like a post" in capsys.readouterr().out

    def test_a_suite_without_such_a_case_is_said(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        assert main(["eval", "--only", "nosuch"]) == 2
        assert "nosuch" in capsys.readouterr().err
