"""A session's own document from a real service: true, its own, and fit for generators."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.service.api import Api, Service

StartService = Callable[..., Service]
TOOLS = Path(sys.executable).parent
PRODUCTS = [
    {"name": "Hammer", "price": 19.9, "stock": 5, "tags": ["a"], "maker": {"city": "Bern"}},
    {
        "name": "Saw",
        "price": 29,
        "stock": 0,
        "tags": [],
        "maker": {"city": "Rome"},
        "mail": "saw@example.com",
        "added": "2026-01-01",
    },
]


async def document(api: Api, path: str = "/swagger.json", **options: Any) -> dict[str, Any]:
    reply = await api.get(path, **options)
    assert reply.status == 200
    assert not [str(error) for error in OpenAPIV31SpecValidator(reply.body).iter_errors()]
    made: dict[str, Any] = reply.body
    return made


async def shop(http: aiohttp.ClientSession, url: str) -> Api:
    """Return a session with products, their reviews, and pages: a word that documents use, too."""
    api = Api(http, url, "shop")
    assert (await api.post("/products", PRODUCTS)).status == 201
    assert (await api.post("/products/1/reviews", {"stars": 5})).status == 201
    assert (await api.post("/pages", {"title": "Home"})).status == 201
    return api


async def test_it_grows_with_use_and_is_the_sessions_own(api: Api) -> None:
    other = api.session("somebody-else")
    empty = await document(api)
    await api.post("/members", {"name": "Alice"})

    grown = await document(api)
    again = await document(api, "/openapi.json")
    others = await document(other)

    assert "/members" not in empty["paths"]
    assert "/members/{id}" in grown["paths"]
    assert grown["components"]["schemas"]["Member"]["examples"] == [{"id": 1, "name": "Alice"}]
    assert again == grown
    assert "/members" not in others["paths"]
    assert grown["servers"] == [{"url": api.url}]


async def test_it_follows_what_is_learned_later(api: Api) -> None:
    await api.post("/members", {"name": "Alice"})
    before = await document(api)
    await api.post("/members", {"name": None, "age": 3})

    after = await document(api)

    assert before["components"]["schemas"]["Member"]["properties"]["name"]["type"] == "string"
    assert after["components"]["schemas"]["Member"]["properties"]["name"]["type"] == [
        "null",
        "string",
    ]


async def test_a_session_can_be_named_in_the_address(api: Api) -> None:
    """Many generators take an address, and no header."""
    await api.post("/members", {"name": "Alice"})
    nameless = Api(api._http, api.url, None)

    made = await document(nameless, f"/swagger.json?session={api.session_id}")

    assert "/members" in made["paths"]
    assert (await nameless.get("/swagger.json?session=no/session")).status == 400


async def test_looking_makes_nothing(own_service: Service, http: aiohttp.ClientSession) -> None:
    await document(Api(http, own_service.url, "nobody"))

    assert not (own_service.data_root / "nobody").exists()


async def test_paths_that_a_model_planned_are_in_the_document_of_who_used_them(
    start_service: StartService, http: aiohttp.ClientSession
) -> None:
    variables = {"LLM_MOCK_HANDLER": "tests.wire.planner.planned_by_prompt"}
    service = start_service(**variables)
    one, two = Api(http, service.url, "one"), Api(http, service.url, "two")
    for api in (one, two):
        assert (await api.post("/orders", {"item": "tea"})).status == 201
    assert (await one.post("/orders/1/cancel")).status == 200

    made, others = await document(one), await document(two)
    service.stop()
    again = await document(Api(http, start_service(**variables).url, "one"))

    assert list(made["paths"]["/orders/{order_id}/cancel"]) == ["post"]
    assert not [path for path in others["paths"] if "cancel" in path]
    assert "/orders/{order_id}/cancel" in again["paths"], "also after a restart"


@pytest.mark.parametrize(("proxies", "scheme"), [("", "http"), ("127.0.0.1", "https")])
async def test_behind_a_proxy_the_address_is_the_proxys(
    start_service: StartService, http: aiohttp.ClientSession, proxies: str, scheme: str
) -> None:
    """Believed of a proxy that is trusted, and of nobody else."""
    api = Api(http, start_service(LARS_TRUSTED_PROXIES=proxies).url, "one")
    forwarded = {"Host": "api.example.com", "X-Forwarded-Proto": "https"}

    made = await document(api, headers=forwarded)
    hints = await api.get("/", headers=forwarded)

    assert made["servers"] == [{"url": f"{scheme}://api.example.com"}]
    assert f"curl {scheme}://api.example.com/members/" in hints.body["try"][0]


async def test_with_a_token_the_document_asks_for_it_and_the_pages_do_not(
    start_service: StartService, http: aiohttp.ClientSession
) -> None:
    """A browser has no token to send before the page has asked for it."""
    api = Api(http, start_service(LARS_AUTH_TOKEN="t0ken").url, "one")

    refused = await api.get("/swagger.json")
    made = await document(api, headers={"Authorization": "Bearer t0ken"})

    assert refused.status == 401
    assert {"token": []} in made["security"]
    for path in ("/docs", "/redoc", "/_larst/ui/session.js"):
        assert (await api.get(path)).status == 200
    assert (await api.get("/_larst/openapi.json")).status == 401


async def test_pages_and_files_are_served_from_here_alone(api: Api) -> None:
    """They work offline: no script, style or picture of another host."""
    for path in ("/docs", "/redoc"):
        page = await api.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert page.headers["Content-Type"].startswith("text/html")
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe-eval" not in policy
        assert b"//" not in page.raw.replace(b"</", b"")
    script = await api.get("/_larst/ui/redoc.standalone.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert b"cdn.redoc.ly" not in script.raw
    for path in ("/_larst/ui/", "/_larst/ui/none.js", "/_larst/ui/..%2f__init__.py"):
        assert (await api.get(path)).status == 404


async def test_schemathesis_finds_nothing(
    start_service: StartService, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """With all its checks, on what can be said in OpenAPI.

    Where LARS_SCHEMA_MODE=enforce: else any type is taken, as the document says in words. Left out
    are changes of many (that one filter must be there, whichever, is no schema's to say; and to
    delete what matches is not to delete the collection), and `/{resource}`, which stands for every
    path there is.
    """
    service = start_service(LARS_SCHEMA_MODE="enforce")
    await shop(http, service.url)

    run = await asyncio.to_thread(
        _schemathesis, f"{service.url}/swagger.json?session=shop", tmp_path
    )

    assert run.returncode == 0, run.stdout[-6000:]
    assert "Tested: 23" in run.stdout


def _schemathesis(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            str(TOOLS / "schemathesis"), "run", url, "-H", "X-Session-ID: shop", "--no-color",
            "--checks", "all", "--max-examples", "8", "--seed", "1",
            "--exclude-path", "/{resource}", "--exclude-operation-id-regex", "_all_",
        ],
        cwd=folder, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a client by a public generator, to be imported as `shop_client`."""

    def make(url: str) -> None:
        run = subprocess.run(
            [
                str(TOOLS / "openapi-python-client"), "generate", "--url", url,
                "--meta", "none", "--output-path", str(tmp_path / "shop_client"),
            ],
            env={**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"},
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout
        assert "Warning" not in run.stdout, run.stdout

    monkeypatch.syspath_prepend(tmp_path)
    return make


async def test_a_generated_client_creates_lists_searches_and_deletes(
    own_service: Service, http: aiohttp.ClientSession, generated: Callable[[str], None]
) -> None:
    await shop(http, own_service.url)
    generated(f"{own_service.url}/swagger.json?session=shop")
    calls = {
        name: importlib.import_module(f"shop_client.api.products.{name}").sync
        for name in ("create_product", "get_product", "list_products", "search_products")
    }
    delete = importlib.import_module("shop_client.api.products.delete_product").sync_detailed
    models = importlib.import_module("shop_client.models")
    client = importlib.import_module("shop_client").Client(
        base_url=own_service.url, headers={"X-Session-ID": "shop"}
    )
    drill = {"name": "Drill", "price": 99.5, "stock": 1, "tags": [], "maker": {"city": "Bern"}}
    body = models.NewProduct.from_dict(drill)

    with client:
        created = calls["create_product"](client=client, body=body)
        listed = calls["list_products"](client=client, limit=2, sort="-price")
        found = calls["search_products"](client=client, name="Dr*")
        gone = delete(created.id, client=client)
        missing = calls["get_product"](created.id, client=client)

    assert (created.id, created.name, created.price) == (3, "Drill", 99.5)
    assert ([one.name for one in listed.items], listed.page.total) == (["Drill", "Saw"], 3)
    assert [one.id for one in found] == [3]
    assert gone.status_code == 204
    assert missing.error == "not found"
