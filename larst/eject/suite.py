"""The tests of a project as Python source, from replayed cases. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from larst.eject.description import Api
from larst.eject.replays import Answer, Replay, Request
from larst.eject.source import literal, module
from larst.openapi.names import words

_TAKEN = len("    reply = client.request(, json=)")


def test_modules(api: Api, replays: Sequence[Replay]) -> Iterator[tuple[str, str]]:
    """Yield the name and the source of each test module."""
    modules: dict[str, list[Replay]] = {}
    for replay in replays:
        modules.setdefault(replay.case.module, []).append(replay)
    for name, part in sorted(modules.items()):
        docstring = f"{words(name).capitalize()}, as the API has answered before."
        own = {"TestClient": "fastapi.testclient"}
        yield f"test_{name}.py", module(docstring, list(map(_test, part)), own)


def _test(replay: Replay) -> str:
    steps = [
        step
        for request, answer in zip(replay.case.requests, replay.answers, strict=True)
        for step in (*_sent(request), *_expected(answer, is_timed=replay.case.is_timed), "")
    ]
    body = "\n".join(f"    {line}" if line else "" for line in steps[:-1])
    return f"def test_{replay.case.name}(client: TestClient) -> None:\n{body}\n"


def _sent(request: Request) -> list[str]:
    method, path = request.method.lower(), json.dumps(request.path)
    if not request.has_body:
        return [f"reply = client.{method}({path})"]
    body = literal(request.body, used=_TAKEN + len(path))
    if method == "delete":
        return _lines(f'reply = client.request("DELETE", {path}, json={body})')
    return _lines(f"reply = client.{method}({path}, json={body})")


def _expected(answer: Answer, *, is_timed: bool) -> Iterator[str]:
    yield f"assert reply.status_code == {answer.status}"
    if is_timed:
        return
    for name, value in answer.headers.items():
        yield f'assert reply.headers["{name}"] == {json.dumps(value)}'
    if not answer.has_body:
        return
    if answer.status >= 400 and isinstance(answer.body, dict) and "error" in answer.body:
        error = json.dumps(answer.body["error"], ensure_ascii=False)
        yield f'assert reply.json()["error"] == {error}'
    else:
        yield from _lines(f"assert reply.json() == {literal(answer.body, used=_TAKEN)}")


def _lines(text: str) -> list[str]:
    return text.splitlines()


CONFTEST = '''\
"""An application with a database of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from __PACKAGE__.app import app
from __PACKAGE__.database import load

DATA = Path(__file__).parent / "data.sql"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Return a client of the application with the data of the tests."""
    monkeypatch.setenv("__UPPER___DATABASE", str(tmp_path / "test.db"))
    with TestClient(app) as client:
        load(DATA)
        yield client
'''

TEST_OPENAPI = '''\
"""The document in openapi.json, which clients may have been generated from."""

import json
from pathlib import Path

from __PACKAGE__.app import app

DOCUMENT = Path(__file__).parent.parent / "openapi.json"


def test_the_document_has_every_route() -> None:
    documented = json.loads(DOCUMENT.read_text("utf-8"))["paths"]
    served = app.openapi()["paths"]
    assert {path: set(item) for path, item in documented.items()} == {
        path: set(item) for path, item in served.items()
    }
'''
