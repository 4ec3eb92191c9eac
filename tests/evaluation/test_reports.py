"""Rates, kinds of failure, repeated runs, and the comparison of reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from larst.cli import main
from larst.domain import Usage
from larst.evaluation import CaseResult, SuiteResult, as_json
from larst.evaluation.comparison import compared, read_report
from larst.evaluation.outcomes import failure_of


def result(*reasons: str, group: str = "custom", name: str = "a", repairs: int = 0) -> CaseResult:
    return CaseResult(name, group, reasons, "openai", 20.0, Usage(), repairs=repairs)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("status 502, not 200: {}", "no plan"),
        ("status 501, not 200: {}", "no plan"),
        ("status 500, not 200: {}", "server error"),
        ("status 404, not 200: {}", "wrong status"),
        ("the body is [], not [1]", "wrong reply"),
        ("then GET /orders: the body is [], not [1]", "wrong effect"),
        ("no reply: TimeoutError", "no reply"),
    ],
)
def test_failures_have_kinds(reason: str, kind: str) -> None:
    """A model that writes no program and one that writes a wrong program need different help."""
    assert failure_of(result(reason)) == kind
    assert failure_of(result()) is None


def test_a_report_separates_first_attempts_from_repairs() -> None:
    lost = result("then GET /users: status 404, not 200", group="adversarial", name="attack")

    report = as_json(SuiteResult((result(), result(name="b", repairs=1), lost)))

    assert report["summary"]["pass_rate"] == 0.6667
    assert report["summary"]["first_attempt_rate"] == 0.3333
    assert report["summary"]["failures"] == {"wrong effect": 1}
    assert report["summary"]["data_lost"] == 1
    assert report["groups"]["custom"]["data_lost"] == 0
    assert [case["failure"] for case in report["cases"]] == [None, None, "wrong effect"]


def test_runs_repeat_with_an_empty_plan_book(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan of the first run would answer the second one, whatever the model."""
    case = {
        "group": "contract",
        "name": "create",
        "when": {"method": "POST", "path": "/members", "body": {"name": "Ann"}},
        "then": {"status": 201, "body": {"id": 1, "name": "Ann"}},
    }
    suite = tmp_path / "suite.json"
    suite.write_text(json.dumps([case]))

    assert main(["eval", "--suite", str(suite), "--repeat", "2", "--json"]) == 0

    cases = json.loads(capsys.readouterr().out)["cases"]
    assert [(case["run"], case["planner"]) for case in cases] == [(1, "rules"), (2, "rules")]


class TestComparing:
    def test_two_reports_are_compared(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        small, large = tmp_path / "small.json", tmp_path / "large.json"
        self.write(small, result(), result("status 502, not 200: {}", name="b"))
        self.write(large, result(), result(name="b"))

        assert main(["eval", "--compare", str(small), str(large), "--json"]) == 0
        comparison = json.loads(capsys.readouterr().out)
        assert main(["eval", "--compare", str(small), str(large)]) == 0
        table = capsys.readouterr().out

        assert comparison["differences"] == {"custom: b": {str(small): False, str(large): True}}
        assert comparison["summaries"][str(small)]["passed"] == 1
        assert "1/2" in table
        assert "✗" in table

    def test_a_case_counts_as_passed_if_every_run_passed(self, tmp_path: Path) -> None:
        flaky, steady = tmp_path / "flaky.json", tmp_path / "steady.json"
        self.write(flaky, result(), result("no reply: TimeoutError"))
        self.write(steady, result(), result())

        comparison = compared({path.name: read_report(path) for path in (flaky, steady)})

        assert comparison["differences"] == {
            "custom: a": {"flaky.json": False, "steady.json": True}
        }

    @pytest.mark.parametrize("content", ["[]", "{}", "nonsense", '{"summary": {}}'])
    def test_other_files_are_refused(
        self, content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        other = tmp_path / "other.json"
        other.write_text(content)

        assert main(["eval", "--compare", str(other)]) == 2
        assert str(other) in capsys.readouterr().err

    def write(self, path: Path, *results: CaseResult) -> None:
        report: dict[str, Any] = as_json(SuiteResult(results))
        path.write_text(json.dumps(report))


def test_the_number_of_runs_is_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["eval", "--repeat", "101"])

    assert "from 1 to 100" in capsys.readouterr().err
