"""The answers of a run, recorded and judged again without a call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from larst.cli import main

PLANNER = """\
import json


def plan(prompt):
    with open("calls.txt", "a") as file:
        file.write("call\\n")
    program = "REPLY = make_response(200, store.update(plan['identifier'], {'status': 'closed'}))"
    code = {"language": "python", "block": program}
    return json.dumps({"action": "custom", "resource": "orders", "code": code})
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a suite of one custom case; the planner of the directory counts its calls."""
    (tmp_path / "recorded_planner.py").write_text(PLANNER)
    case = {
        "group": "custom",
        "name": "close an order",
        "given": [{"method": "POST", "path": "/orders", "body": {"status": "open"}}],
        "when": {"method": "POST", "path": "/orders/1/close"},
        "then": {"status": 200, "has": {"status": "closed"}},
    }
    (tmp_path / "suite.json").write_text(json.dumps([case]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "suite.json"


def evaluated(suite: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    main(["eval", "--suite", str(suite), "--json", *flags])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def test_recorded_answers_are_judged_again_without_a_call(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a change of the checks, a model need not be paid again."""
    monkeypatch.setenv("LLM_MOCK_HANDLER", "recorded_planner.plan")
    first = evaluated(suite, capsys, "--record", "answers")
    calls = Path("calls.txt").read_text()
    monkeypatch.delenv("LLM_MOCK_HANDLER")

    again = evaluated(suite, capsys, "--replay", "answers")

    assert first["summary"]["passed"] == again["summary"]["passed"] == 1
    assert Path("calls.txt").read_text() == calls
    (record,) = Path("answers/1").iterdir()
    assert json.loads(record.read_text())["request"] == "POST /orders/<int>/close, attempt 1"


def test_a_request_without_a_recorded_answer_fails(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("answers/1").mkdir(parents=True)

    report = evaluated(suite, capsys, "--replay", "answers")

    assert report["summary"]["failures"] == {"no plan": 1}


def test_a_missing_recording_is_an_error(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--suite", str(suite), "--replay", "nowhere"]) == 2
    assert "record run 1 with --record" in capsys.readouterr().err
