"""Custom routes: the programs of plans as ordinary functions, which answer as the plans do."""

from __future__ import annotations

import ast
import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from larst import prompts
from larst.cli import main
from larst.config import load_settings
from larst.eject import Api, frozen_api, project_files
from larst.eject.custom import action_routes
from larst.http.app import default_components, make_app
from larst.http.components import Components
from larst.planning import RulesPlanner
from larst.planning.rules_first import RulesFirstPlanner
from larst.prompts import Example
from larst.store.schema.learning import LearnedSchema, learn_schema
from tests.eject.projects import Project, answers_of, run_in
from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client
from tests.lazy_sandbox import LazySandbox

EXAMPLES = [example for example in prompts.examples() if not example.is_plain]
QUICK = {"book-room", "checkout-cart", "export-contacts", "sales-by-category", "transfer-money"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)

_CANCEL = """
order = store.get(plan["identifier"])
if order is None:
    REPLY = make_response(404, {"error": "not found"})
elif order["status"] != "open":
    REPLY = make_response(409, {"error": "cannot cancel", "detail": f"it is {order['status']}"})
else:
    for line in order["lines"]:
        product = session_store.resource("products").get(line["product_id"])
        if product is not None:
            stock = product["stock"] + line["quantity"]
            session_store.resource("products").update(product["id"], {"stock": stock})
    REPLY = make_response(200, store.update(order["id"], {"status": "cancelled"}))
"""
_REVENUE = """
total = 0
for order in store.search({"status__ne": "cancelled"}):
    for line in order["lines"]:
        product = session_store.resource("products").get(line["product_id"])
        total += line["quantity"] * product["price"]
REPLY = make_response(200, {"revenue": round(total, 2)})
"""
_NAMES = "REPLY = make_response(200, session_store.names())"


def lines_of(records: dict[str, list[dict[str, Any]]]) -> Iterator[bytes]:
    """Yield the lines of an export of the records."""
    for name, rows in records.items():
        schema: LearnedSchema | None = None
        stored = [{"id": number, **row} for number, row in enumerate(rows, 1)]
        for row in stored:
            schema = learn_schema(schema, row, NOW)
        head = {"resource": name, "auto_id": len(stored) + 1, "schema": schema}
        yield json.dumps(head).encode()
        yield from (json.dumps({"record": row}).encode() for row in stored)


def api_of(example: Example) -> Api:
    """Return the API of a session with the records and the plan of an example."""
    shape = {
        "method": example.context["method"],
        "path": example.context["path"],
        "query": example.context.get("query", {}),
        "body": "object" if "body_json" in example.context else "none",
    }
    plan = {
        "key": "0" * 64,
        "shape": shape,
        "planner": "openai",
        "state": "learned",
        "made_at": "",
        "plan": {"resource": example.resource, "code": {"block": example.program}},
    }
    return frozen_api(f"x-{example.name}", lines_of(dict(example.records)), [plan])


def test_nearly_every_example_is_translated() -> None:
    lacks = {
        example.name: route.lack
        for example in EXAMPLES
        for route in action_routes(api_of(example))
        if route.lack is not None
    }

    assert len(lacks) <= 2, lacks


@pytest.mark.slow
def test_translated_examples_answer_as_documented(tmp_path: Path) -> None:
    """The examples that models learn from are a corpus of what programs do."""
    assert_answers(EXAMPLES, tmp_path)


def test_some_translated_examples_answer_as_documented(tmp_path: Path) -> None:
    assert_answers([example for example in EXAMPLES if example.name in QUICK], tmp_path)


def write(folder: Path, api: Api) -> None:
    """Write the project of an API into a folder, where its package is among others."""
    for name, text in project_files(api, ()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def assert_answers(examples: Sequence[Example], folder: Path) -> None:
    """Assert that the projects of the examples answer as the examples say."""
    pytest.importorskip("fastapi")
    projects: list[Project] = []
    translated = [e for e in examples if not any(r.lack for r in action_routes(api_of(e)))]
    for example in translated:
        api = api_of(example)
        write(folder, api)
        requests = [
            (*request["request"].split(" ", 1), request.get("body")) for request in example.requests
        ]
        projects.append(Project(api.package, [[request] for request in requests]))
    for example, answers in zip(translated, answers_of(folder, projects), strict=True):
        for request, (status, body, _) in zip(example.requests, answers, strict=True):
            assert status == request["status"], (example.name, request, body)
            if "reply" in request:
                assert body == request["reply"], (example.name, request)


@pytest.mark.slow
def test_the_types_of_translated_examples_hold(tmp_path: Path) -> None:
    packages = []
    for example in EXAMPLES:
        api = api_of(example)
        packages += ["-p", api.package]
        write(tmp_path, api)

    run_in(tmp_path, "-m", "mypy", "--strict", *packages)


async def test_proven_plans_become_functions(
    aiohttp_client: Callable[..., Awaitable[Client]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A program that cannot be translated becomes a route that says so, and is reported."""
    pytest.importorskip("fastapi")
    script = {
        "POST /orders/<int>/cancel": [_CANCEL],
        "GET /orders/revenue": [_REVENUE],
        "GET /names/all": [_NAMES],
    }
    settings = load_settings({"SANDBOX_DATA_ROOT": str(tmp_path / "data"), "LARS_PROOF": "off"})
    planner = RulesFirstPlanner(RulesPlanner(), ScriptedPlanner(script))
    sandbox = LazySandbox(default_components(settings).sandbox)
    components = Components(planner=planner, sandbox=sandbox)
    client = await aiohttp_client(make_app(settings, components))
    shop = {"X-Session-ID": "shop"}
    products = [
        {"name": "Saw", "price": 29.5, "stock": 1},
        {"name": "Nail", "price": 1, "stock": 9},
    ]
    order = {"status": "open", "lines": [{"product_id": 1, "quantity": 2}]}
    await client.post("/products", json=products, headers=shop)
    for _ in range(3):
        await client.post("/orders", json=order, headers=shop)
    assert (await client.post("/orders/1/cancel", headers=shop)).status == 200
    assert (await client.get("/orders/revenue", headers=shop)).status == 200
    assert (await client.get("/names/all", headers=shop)).status == 200
    await client.close()

    project, root = tmp_path / "project", tmp_path / "data"
    arguments = ["eject", "shop", "--to", str(project), "--root", str(root)]
    assert await asyncio.to_thread(main, arguments) == 0

    printed = capsys.readouterr().out
    assert "GET /names/all: its program: it calls names; the route answers 501" in printed
    source = (project / "shop" / "orders" / "actions.py").read_text()
    functions = [n.name for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]
    assert sorted(functions) == ["cancel_order", "get_orders_revenue"]
    tests = (project / "tests" / "test_custom.py").read_text()
    assert '"/orders/1/cancel"' in tests
    run_in(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", "-n", "0")
