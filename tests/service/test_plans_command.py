"""`larst plans` as a person types it, against a running service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.service.api import Api, Service
from tests.service.test_planners import settings_for
from tests.wire.planner import good_plan
from tests.wire.server import WireServer

TOKEN = "t0ken"


@pytest.fixture
async def provider() -> AsyncIterator[WireServer]:
    async with WireServer(good_plan) as running:
        yield running


@pytest.fixture
async def service(
    start_service: Callable[..., Service], provider: WireServer, http: aiohttp.ClientSession
) -> Service:
    """A service with a token, which has learned to create orders and to cancel them."""
    running = start_service(**settings_for(provider, LARS_AUTH_TOKEN=TOKEN))
    api = Api(http, running.url, "one")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for path, body in (
        ("/orders", {"item": "tea"}),
        ("/orders", {"n": 1}),
        ("/orders/1/cancel", {}),
    ):
        assert (await api.post(path, body, headers=headers)).status < 300
    return running


def larst(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "larst", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "160", "LARS_AUTH_TOKEN": TOKEN, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def plans(service: Service, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return larst(
        "plans", *arguments, "--url", service.url, cwd=service.data_root.parent, **variables
    )


def listed(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(plans(service, "list", "--json").stdout)
    return found


def key_of(service: Service, path: str) -> str:
    return str(next(plan["key"] for plan in listed(service) if plan["path"] == path))


def test_the_table_says_what_was_learned_and_what_it_cost(service: Service) -> None:
    """The most used first, as a person reads it."""
    shown = plans(service)

    assert shown.returncode == 0, shown.stderr
    header, *rows = shown.stdout.splitlines()
    assert header.split() == "key state request does planner uses tokens cost".split()
    assert [row.split()[2:4] for row in rows] == [
        ["POST", "/orders"],
        ["POST", "/orders/<int>/cancel"],
    ]
    assert rows[0].split()[-2:] == ["2", "1050"]


def test_a_plan_is_shown_with_its_program(service: Service) -> None:
    shown = plans(service, "show", key_of(service, "/orders/<int>/cancel")[:8])

    assert shown.returncode == 0, shown.stderr
    assert "POST /orders/<int>/cancel" in shown.stdout
    assert 'store.update(order["id"], {"status": "cancelled"})' in shown.stdout
    assert "1 call(s), 1000 + 50 tokens, price unknown" in shown.stdout


def test_plans_are_pinned_rejected_and_deleted(service: Service) -> None:
    create, cancel = key_of(service, "/orders"), key_of(service, "/orders/<int>/cancel")

    told = [
        plans(service, "pin", create[:8]),
        plans(service, "reject", cancel[:8], "--reason", "it forgets the refund"),
    ]

    assert [one.returncode for one in told] == [0, 0]
    assert told[0].stdout == f"{create[:10]} (POST /orders) is pinned\n"
    states = {plan["key"]: (plan["state"], plan["reason"]) for plan in listed(service)}
    assert states == {
        create: ("pinned", None),
        cancel: ("rejected", "it forgets the refund"),
    }
    assert plans(service, "--state", "pinned").stdout.count("POST") == 1
    assert plans(service, "delete", create).returncode == 0
    assert [plan["key"] for plan in listed(service)] == [cancel]


def test_what_goes_wrong_is_said_in_a_line(service: Service) -> None:
    wrong = {
        "no plan": plans(service, "show", "0" * 64),
        "401": plans(service, LARS_AUTH_TOKEN="wrong"),
        "no service": larst("plans", "--url", "http://127.0.0.1:9", cwd=service.data_root.parent),
        "no address": larst("plans", "--url", "ftp://x", cwd=service.data_root.parent),
    }

    for said, run in wrong.items():
        assert run.returncode == 1, said
        assert run.stdout == "", said
        assert len(run.stderr.splitlines()) == 1, said
        assert said in run.stderr
        assert TOKEN not in run.stderr
    assert "LARS_AUTH_TOKEN" in wrong["401"].stderr
    assert "larst serve" in wrong["no service"].stderr


async def test_control_characters_in_a_strangers_path_are_spelled_out(
    service: Service, http: aiohttp.ClientSession
) -> None:
    """A path must not be able to write to a person's terminal."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    await Api(http, service.url, "one").get("/orders?%1b%5b2J=1", headers=headers)

    shown = plans(service)

    assert "\x1b[2J" not in shown.stdout
    assert "\\x1b[2J=<int>" in shown.stdout
