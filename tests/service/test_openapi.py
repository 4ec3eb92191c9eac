"""The document of a session from a real service: correct, isolated, and usable by generators."""

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
    body: dict[str, Any] = reply.body
    return body


async def shop(http: aiohttp.ClientSession, url: str) -> Api:
    """Return a session with products, reviews of products, and pages, a word of documents too."""
    api = Api(http, url, "shop")
    assert (await api.post("/products", PRODUCTS)).status == 201
    assert (await api.post("/products/1/reviews", {"stars": 5})).status == 201
    assert (await api.post("/pages", {"title": "Home"})).status == 201
    return api


async def test_it_grows_with_use_and_shows_only_its_session(api: Api) -> None:
    neighbour = api.session("neighbour")
    empty = await document(api)
    await api.post("/members", {"name": "Alice"})

    grown = await document(api)
    again = await document(api, "/openapi.json")
    neighbours = await document(neighbour)

    assert "/members" not in empty["paths"]
    assert "/members/{id}" in grown["paths"]
    assert grown["components"]["schemas"]["Member"]["examples"] == [{"id": 1, "name": "Alice"}]
    assert again == grown
    assert "/members" not in neighbours["paths"]
    assert grown["servers"] == [{"url": api.url}]


async def test_a_refused_request_is_not_an_operation(api: Api) -> None:
    """A client generated from the document would offer a call that always fails."""
    await api.post("/members", [{"name": "Alice"}, {"name": "Bob"}])

    refused = [
        await api.send("POST", "/members/1", {"name": "Eve"}),
        await api.send("DELETE", "/members/count"),
        await api.get("/nosuch/1/things"),
    ]

    paths = (await document(api))["paths"]
    assert [reply.status for reply in refused] == [405, 405, 404]
    assert "post" not in paths["/members/{id}"]
    assert "delete" not in paths["/members/count"]
    assert not [path for path in paths if "nosuch" in path]


async def test_it_changes_when_the_session_learns_more(api: Api) -> None:
    await api.post("/members", {"name": "Alice"})
    before = await document(api)
    await api.post("/members", {"name": None, "age": 3})

    after = await document(api)

    assert before["components"]["schemas"]["Member"]["properties"]["name"]["type"] == "string"
    assert after["components"]["schemas"]["Member"]["properties"]["name"]["type"] == [
        "null",
        "string",
    ]


async def test_the_query_can_name_the_session(api: Api) -> None:
    """Many generators accept an address but no headers."""
    await api.post("/members", {"name": "Alice"})
    nameless = Api(api._http, api.url, None)

    grown = await document(nameless, f"/swagger.json?session={api.session_id}")

    assert "/members" in grown["paths"]
    assert grown["servers"] == [{"url": f"{api.url}/@{api.session_id}"}]
    assert (await nameless.get(f"/@{api.session_id}/members/1")).body == {"id": 1, "name": "Alice"}
    assert (await document(api))["servers"] == [{"url": api.url}]
    assert (await nameless.get("/swagger.json?session=no/session")).status == 400


async def test_reading_it_creates_no_session(
    own_service: Service, http: aiohttp.ClientSession
) -> None:
    await document(Api(http, own_service.url, "unused"))

    assert not (own_service.data_root / "unused").exists()


async def test_paths_that_a_model_planned_appear_for_the_session_that_used_them(
    start_service: StartService, http: aiohttp.ClientSession
) -> None:
    variables = {"LLM_MOCK_HANDLER": "tests.wire.planner.planned_by_prompt"}
    service = start_service(**variables)
    buyer, neighbour = Api(http, service.url, "one"), Api(http, service.url, "two")
    for api in (buyer, neighbour):
        assert (await api.post("/orders", {"item": "tea"})).status == 201
    assert (await buyer.post("/orders/1/cancel")).status == 200

    used, unused = await document(buyer), await document(neighbour)
    service.stop()
    again = await document(Api(http, start_service(**variables).url, "one"))

    assert list(used["paths"]["/orders/{order_id}/cancel"]) == ["post"]
    assert not [path for path in unused["paths"] if "cancel" in path]
    assert "/orders/{order_id}/cancel" in again["paths"], "it is there after a restart"


@pytest.mark.parametrize(("proxies", "scheme"), [("", "http"), ("127.0.0.1", "https")])
async def test_behind_a_trusted_proxy_its_address_is_the_proxys(
    start_service: StartService, http: aiohttp.ClientSession, proxies: str, scheme: str
) -> None:
    """Only a trusted proxy may set the scheme."""
    settings = {"LARS_TRUSTED_PROXIES": proxies, "LARS_ALLOWED_HOSTS": "api.example.com"}
    api = Api(http, start_service(**settings).url, "one")
    forwarded = {"Host": "api.example.com", "X-Forwarded-Proto": "https"}

    proxied = await document(api, headers=forwarded)
    hints = await api.get("/", headers=forwarded)

    assert proxied["servers"] == [{"url": f"{scheme}://api.example.com"}]
    assert f"curl {scheme}://api.example.com/members/" in hints.body["try"][0]


async def test_with_a_token_the_document_requires_it_and_the_pages_do_not(
    start_service: StartService, http: aiohttp.ClientSession
) -> None:
    """A browser has no token before the page has asked the user for it."""
    api = Api(http, start_service(LARS_AUTH_TOKEN="t0ken").url, "one")

    refused = await api.get("/swagger.json")
    guarded = await document(api, headers={"Authorization": "Bearer t0ken"})

    assert refused.status == 401
    assert {"token": []} in guarded["security"]
    for path in ("/docs", "/redoc", "/_larst/ui/session.js"):
        assert (await api.get(path)).status == 200
    assert (await api.get("/_larst/openapi.json")).status == 401


async def test_pages_load_nothing_from_other_hosts(api: Api) -> None:
    """They work offline: no script, style or image comes from another host."""
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


@pytest.mark.parametrize(
    ("phases", "max_examples"),
    [
        ("examples,fuzzing", 4),
        pytest.param("examples,coverage,fuzzing,stateful", 8, marks=pytest.mark.slow),
    ],
)
async def test_schemathesis_finds_no_violation(
    start_service: StartService,
    http: aiohttp.ClientSession,
    tmp_path: Path,
    phases: str,
    max_examples: int,
) -> None:
    """All checks of Schemathesis pass, where OpenAPI can express the behaviour.

    It runs with LARS_SCHEMA_MODE=enforce; in the default mode any type is accepted, which only the
    description says. Changes of all matching records are excluded: a schema cannot require one
    filter of many, and Schemathesis takes their DELETE for the deletion of the collection.
    `/{resource}` is excluded because it stands for every path. Reads may have unknown filters, see
    `UNKNOWN_FILTERS`.
    """
    service = start_service(LARS_SCHEMA_MODE="enforce")
    await shop(http, service.url)

    run = await asyncio.to_thread(
        _schemathesis,
        f"{service.url}/swagger.json?session=shop",
        tmp_path,
        phases,
        max_examples,
    )

    assert run.returncode == 0, run.stdout[-6000:]
    assert "Tested: 26" in run.stdout


UNKNOWN_FILTERS = """
[[operations]]
include-operation-id-regex = "^(list|search|count)"
checks.negative_data_rejection.enabled = false
"""
"""A read with a filter on a field that no record has is not refused: it matches nothing."""


def _schemathesis(
    url: str, folder: Path, phases: str, max_examples: int
) -> subprocess.CompletedProcess[str]:
    (folder / "schemathesis.toml").write_text(UNKNOWN_FILTERS)
    return subprocess.run(
        [
            str(TOOLS / "schemathesis"), "run", url, "-H", "X-Session-ID: shop", "--no-color",
            "--max-examples", str(max_examples), "--seed", "1",
            "--phases", phases, "--exclude-path", "/{resource}",
            "--exclude-operation-id-regex", "Several|Matching|ByBody",
        ],
        cwd=folder, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Generates a client with a public generator, to be imported as `shop_client`."""

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
    named = models.ProductFilter.from_dict({"name": "Dr*", "price_gte": "99.5"})

    with client:
        created = calls["create_product"](client=client, body=body)
        listed = calls["list_products"](client=client, limit=2, sort="-price")
        matches = calls["search_products"](client=client, filter_=named)
        deletion = delete(created.id, client=client)
        missing = calls["get_product"](created.id, client=client)

    assert (created.id, created.name, created.price) == (3, "Drill", 99.5)
    assert ([item.name for item in listed.items], listed.page.total) == (["Drill", "Saw"], 3)
    assert [item.id for item in matches] == [3]
    assert deletion.status_code == 204
    assert missing.error == "not found"
