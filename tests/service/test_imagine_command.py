"""`larst imagine`: a proposal of a model is shown, and kept in a session only after a yes."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from larst import cli
from tests.imagine.proposals import SHOP
from tests.service.api import Service
from tests.service.command import CommandResult, run_larst
from tests.wire.server import WireServer

DESCRIPTION = "a book shop with reviews"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("imagine")
    with Service(directory / "data", directory / "log") as service:
        yield service


@pytest.fixture
async def model() -> AsyncIterator[WireServer]:
    async with WireServer(lambda _system, _user: SHOP) as running:
        yield running


def variables(model: WireServer) -> dict[str, str]:
    return {"LARS_LLM_BASE_URL": model.base_url("chat"), "LARS_MODEL": "small"}


async def larst(model: WireServer | None, *arguments: str) -> CommandResult:
    """Run the command in a thread: the model is in this one."""
    environment = {} if model is None else variables(model)
    return await asyncio.to_thread(run_larst, "imagine", *arguments, variables=environment)


def get(service: Service, path: str) -> Any:
    with urlopen(f"{service.url}{path}") as reply:  # noqa: S310 - on loopback
        return json.load(reply)


async def test_with_yes_it_is_shown_and_kept(service: Service, model: WireServer) -> None:
    result = await larst(model, DESCRIPTION, "shop", "--yes", "--url", service.url)

    assert result.exit_code == 0, result.stderr
    assert "id of books" in result.stdout
    assert "ann@example.com" in result.stdout
    assert "small: 1000 tokens in, 50 out" in result.stderr
    assert "shop has 2 books, 2 reviews" in result.stderr
    (call,) = model.calls
    assert call.user == DESCRIPTION
    assert call.body["response_format"]["json_schema"]["strict"] is True
    expanded = await asyncio.to_thread(get, service, "/@shop/reviews/1?_expand=book")
    assert expanded["book"]["title"] == "Emma"
    settings = await asyncio.to_thread(get, service, "/_larst/sessions/shop/resources")
    assert settings["reviews"]["unique"] == ["by"]


async def test_a_session_with_records_is_not_overwritten(
    service: Service, model: WireServer
) -> None:
    """Unless that is asked for."""
    arguments = (DESCRIPTION, "full", "--yes", "--url", service.url)
    assert (await larst(model, *arguments)).exit_code == 0
    again = await larst(model, *arguments)
    assert (again.exit_code, "409" in again.stderr) == (1, True)
    assert (await larst(model, *arguments, "--replace")).exit_code == 0


async def test_without_a_yes_nothing_is_kept(service: Service, model: WireServer) -> None:
    result = await larst(model, DESCRIPTION, "none", "--url", service.url)
    assert result.exit_code == cli.WRONG_USAGE
    assert "nothing was kept: without a terminal to ask at, --yes is required" in result.stderr
    assert "books" in result.stdout
    listed = await asyncio.to_thread(get, service, "/_larst/sessions")
    assert "none" not in [item["id"] for item in listed["items"]]


class Terminal(io.StringIO):
    """Input and output of a person."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("reply", "is_kept"), [("y\n", True), ("n\n", False), ("\n", False)])
async def test_a_person_is_asked(
    service: Service,
    model: WireServer,
    monkeypatch: pytest.MonkeyPatch,
    reply: str,
    is_kept: bool,
) -> None:
    session = f"asked-{len(reply)}-{is_kept:d}"
    screen = Terminal()
    monkeypatch.setattr("sys.stdin", Terminal(reply))
    monkeypatch.setattr("sys.stderr", screen)
    for name, value in variables(model).items():
        monkeypatch.setenv(name, value)

    code = await asyncio.to_thread(
        cli.main, ["imagine", DESCRIPTION, session, "--url", service.url]
    )

    assert code == (0 if is_kept else 1)
    assert f"Keep this in {session}? [y/N]" in screen.getvalue()
    assert ("nothing was kept" in screen.getvalue()) != is_kept
    listed = await asyncio.to_thread(get, service, "/_larst/sessions")
    assert (session in [item["id"] for item in listed["items"]]) == is_kept


async def test_as_json_and_into_a_file_no_service_is_needed(
    service: Service, model: WireServer, tmp_path: Path
) -> None:
    file = tmp_path / "shop.ndjson"
    result = await larst(model, DESCRIPTION, "--json", "--output", str(file), "--url", "http://x")

    assert result.exit_code == 0, result.stderr
    printed = json.loads(result.stdout)["resources"]
    assert printed["books"]["records"][0]["title"] == "Dune"
    assert printed["reviews"]["links"] == {"bookId": "books"}
    imported = await asyncio.to_thread(
        run_larst, "import", str(file), "filed", "--url", service.url
    )
    assert imported.stdout == "imported into filed: 2 books, 2 reviews\n"


async def test_without_a_model_the_error_says_what_to_set() -> None:
    result = await larst(None, DESCRIPTION)
    assert result.exit_code == cli.WRONG_USAGE
    assert "set OPENAI_API_KEY or ANTHROPIC_API_KEY, or LARS_LLM_BASE_URL" in result.stderr


async def test_an_answer_that_cannot_be_used_is_explained(
    service: Service, model: WireServer
) -> None:
    model.answer = lambda _system, _user: '{"resources": []}'
    result = await larst(model, DESCRIPTION, "--yes", "--url", service.url)
    assert result.exit_code == 1
    assert "after 3 of 3 attempts (LARS_PLAN_ATTEMPTS)" in result.stderr
    assert len(model.calls) == 3
