"""`larst faults`: its requests and what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from larst import cli
from larst.cli.client import Service

PATH = "/_larst/sessions/shop/faults"
RULE = {"method": "GET", "path": "/books", "delay": "1s"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Return the requests that the command sends, to a session with one rule."""
    requests: list[tuple[Any, ...]] = []

    def answer(_: Service, method: str, path: str, body: Any = None, **__: object) -> Any:
        requests.append((method, path, body))
        return body or {"seed": 7, "rules": [{**RULE, "matches": 3, "strikes": 2}]}

    monkeypatch.setattr(Service, "request_json", answer)
    return requests


def larst(*arguments: str) -> int:
    return cli.main(["faults", *arguments, "--session", "shop"])


def test_rules_are_shown_with_their_strikes(
    sent: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert larst() == larst("show") == 0
    printed = capsys.readouterr().out
    assert "seed 7" in printed
    assert '"delay": "1s"' in printed
    assert larst("show", "--json") == 0
    assert json.loads(capsys.readouterr().out)["rules"][0]["strikes"] == 2
    assert sent == [("GET", PATH, None)] * 3


def test_a_rule_is_added_behind_the_others(
    sent: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert larst("add", "--path", "/orders", "--status", "503", "--body", '{"a":1}', "--drop") == 0
    added = {"path": "/orders", "status": 503, "body": {"a": 1}, "drop": True}
    assert sent[1] == ("PUT", PATH, {"seed": 7, "rules": [RULE, added]})
    assert capsys.readouterr().out == "2 rules, seed 7\n"


def test_rules_are_put_from_a_file_and_cleared(sent: list[tuple[Any, ...]], tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text(json.dumps({"seed": 1, "rules": [RULE]}))
    assert larst("put", str(file)) == 0
    assert larst("clear") == 0
    assert sent == [("PUT", PATH, {"seed": 1, "rules": [RULE]}), ("DELETE", PATH, None)]
    file.write_text("{")
    assert larst("put", str(file)) == larst("put", "missing.json") == 2
