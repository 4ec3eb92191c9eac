"""`larst plans`, run against a service that has learned two plans."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.service.api import Api, Service
from tests.service.command import CommandResult, run_larst
from tests.service.test_planners import settings_for
from tests.wire.planner import good_plan
from tests.wire.server import WireServer

TOKEN = "t0ken"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service whose plans the tests only read."""
    directory = tmp_path_factory.mktemp("plans")
    async with WireServer(good_plan) as provider:
        settings = settings_for(provider, LARS_AUTH_TOKEN=TOKEN)
        with Service(directory / "data", directory / "log", **settings) as running:
            await learn_plans(running)
            yield running


@pytest.fixture
async def own_service(start_service: Callable[..., Service]) -> AsyncIterator[Service]:
    """The same for one test, which may change the plans."""
    async with WireServer(good_plan) as provider:
        running = start_service(**settings_for(provider, LARS_AUTH_TOKEN=TOKEN))
        await learn_plans(running)
        yield running


async def learn_plans(service: Service) -> None:
    """Let the model plan how to create orders and how to cancel them."""
    async with aiohttp.ClientSession() as http:
        api = Api(http, service.url, "one")
        for path, body in (
            ("/orders", {"item": "tea"}),
            ("/orders", {"n": 1}),
            ("/orders/1/cancel", {}),
        ):
            assert (await api.post(path, body, headers=HEADERS)).status < 300


def plans(service: Service, *arguments: str, **variables: str) -> CommandResult:
    """Run `larst plans` with the token."""
    settings = {"LARS_AUTH_TOKEN": TOKEN, **variables}
    return run_larst("plans", *arguments, "--url", service.url, variables=settings)


def plans_of(service: Service) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(plans(service, "list", "--json").stdout)
    return items


def key_of(service: Service, path: str) -> str:
    return str(next(plan["key"] for plan in plans_of(service) if plan["path"] == path))


def test_the_table_shows_the_plans_and_their_costs(service: Service) -> None:
    """The most used plan comes first."""
    result = plans(service)

    assert result.exit_code == 0, result.stderr
    header, *rows = result.stdout.splitlines()
    assert header.split() == "key state request does planner uses tokens cost".split()
    assert [row.split()[2:4] for row in rows] == [
        ["POST", "/orders"],
        ["POST", "/orders/<int>/cancel"],
    ]
    assert rows[0].split()[-2:] == ["2", "1050"]


def test_a_plan_is_shown_with_its_program(service: Service) -> None:
    result = plans(service, "show", key_of(service, "/orders/<int>/cancel")[:8])

    assert result.exit_code == 0, result.stderr
    assert "POST /orders/<int>/cancel" in result.stdout
    assert 'store.update(order["id"], {"status": "cancelled"})' in result.stdout
    assert "1 call(s), 1000 + 50 tokens, price unknown" in result.stdout
    assert re.search(r"^runs +directly$", result.stdout, re.MULTILINE)


def test_plans_are_pinned_rejected_and_deleted(own_service: Service) -> None:
    service = own_service
    create, cancel = key_of(service, "/orders"), key_of(service, "/orders/<int>/cancel")

    pinned = plans(service, "pin", create[:8])
    rejected = plans(service, "reject", cancel[:8], "--reason", "it forgets the refund")

    assert [pinned.exit_code, rejected.exit_code] == [0, 0]
    assert pinned.stdout == f"{create[:10]} (POST /orders) is pinned\n"
    states = {plan["key"]: (plan["state"], plan["reason"]) for plan in plans_of(service)}
    assert states == {
        create: ("pinned", None),
        cancel: ("rejected", "it forgets the refund"),
    }
    assert plans(service, "--state", "pinned").stdout.count("POST") == 1
    assert plans(service, "delete", create, "--yes").exit_code == 0
    assert [plan["key"] for plan in plans_of(service)] == [cancel]


def test_an_error_is_printed_as_one_line(service: Service) -> None:
    failures = {
        "404": plans(service, "show", "0" * 64),
        "401": plans(service, LARS_AUTH_TOKEN="wrong"),
        "no service": run_larst("plans", "--url", "http://127.0.0.1:9"),
        "not an address": run_larst("plans", "--url", "ftp://x"),
    }

    for text, result in failures.items():
        assert result.exit_code == 1, text
        assert result.stdout == "", text
        assert len(result.stderr.splitlines()) == 1, text
        assert text in result.stderr
        assert TOKEN not in result.stderr
    assert "LARS_AUTH_TOKEN" in failures["401"].stderr
    assert "larst serve" in failures["no service"].stderr


async def test_control_characters_in_a_path_are_escaped(
    own_service: Service, http: aiohttp.ClientSession
) -> None:
    """A path that a client chooses must not reach the terminal as it is."""
    await Api(http, own_service.url, "one").get("/orders/1/cancel?%1b%5b2J=1", headers=HEADERS)

    result = plans(own_service)

    assert "\x1b[2J" not in result.stdout
    assert "\\x1b[2J=<int>" in result.stdout


async def test_a_program_is_changed_in_an_editor_and_compared(
    own_service: Service, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    """As a user would: look at the plan, edit it, look at the difference, send the request."""
    (plan,) = [
        plan for plan in json.loads(plans(own_service, "--json").stdout) if "cancel" in plan["path"]
    ]
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/"cancelled"}/"called off"}/\' "$1"\n')
    editor.chmod(0o755)

    edited = plans(own_service, "edit", plan["key"][:8], EDITOR=str(editor), VISUAL="")
    unchanged = plans(own_service, "edit", plan["key"][:8], EDITOR="true", VISUAL="")
    failed = plans(own_service, "edit", plan["key"][:8], EDITOR="false", VISUAL="")

    key, *_ = edited.stdout.split()
    assert "is pinned" in edited.stdout
    assert unchanged.stdout == "the program is unchanged\n"
    assert (failed.exit_code, "nothing was changed" in failed.stderr) == (2, True)
    difference = plans(own_service, "diff", plan["key"][:8], key).stdout
    assert (
        '+    REPLY = make_response(200, store.update(order["id"], {"status": "called off"}))'
        in (difference.splitlines())
    )
    reply = await Api(http, own_service.url, "one").post("/orders/2/cancel", {}, headers=HEADERS)
    assert reply.body["status"] == "called off"


async def test_a_program_is_replaced_by_a_file(own_service: Service, tmp_path: Path) -> None:
    (plan,) = [
        plan for plan in json.loads(plans(own_service, "--json").stdout) if "cancel" in plan["path"]
    ]
    file = tmp_path / "cancel.py"
    file.write_text("import os\n")

    refused = plans(own_service, "put", plan["key"], str(file))
    missing = plans(own_service, "put", plan["key"], str(tmp_path / "none.py"))

    assert refused.exit_code != 0
    assert "import is not allowed" in refused.stderr
    assert missing.exit_code != 0
    assert "cannot be read" in missing.stderr
