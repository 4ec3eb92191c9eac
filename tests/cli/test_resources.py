"""`larst resources`: its requests and what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from larst import cli
from larst.cli.client import Service

SETTINGS = {"unique": ["email"]}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Return the requests that the command sends; each is answered with settings."""
    requests: list[tuple[Any, ...]] = []

    def answer(_: Service, method: str, path: str, body: object = None, **__: object) -> Any:
        requests.append((method, path, body))
        return SETTINGS if path.endswith("members") else {"members": SETTINGS}

    monkeypatch.setattr(Service, "request_json", answer)
    return requests


def test_settings_are_put_from_an_argument_or_a_file(
    sent: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "members.json"
    file.write_text(json.dumps(SETTINGS))
    for value in (json.dumps(SETTINGS), str(file)):
        assert cli.main(["resources", "members", "--put", value, "--session", "shop"]) == 0
    assert sent == [("PUT", "/_larst/sessions/shop/resources/members", SETTINGS)] * 2
    assert '["email"]' in capsys.readouterr().out


def test_settings_are_shown_and_deleted(
    sent: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["resources", "--session", "shop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"members": SETTINGS}
    assert cli.main(["resources", "members", "--delete", "--session", "shop"]) == 0
    assert [request[0] for request in sent] == ["GET", "DELETE"]


@pytest.mark.parametrize(
    "arguments", [["--delete"], ["members", "--put", "missing.json"], ["m", "--put", "{"]]
)
def test_wrong_arguments_exit_2(sent: list[tuple[Any, ...]], arguments: list[str]) -> None:
    assert cli.main(["resources", "--session", "shop", *arguments]) == 2
    assert sent == []
