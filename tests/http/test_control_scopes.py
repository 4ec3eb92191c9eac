"""Every route of the control API: who may use it, and that no tenant reaches another's session.

The tests walk the table of routes, so that a new route is covered at once.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from larst.http.access import Access
from larst.http.control.routes import CONTROL_ROUTES, Route
from tests.http.tenants import Service, Start

SECRET = "the-secret-of-acme"
NAMES = {"{id}": "vault", "{key}": "abcdef123456", "{name}": "first"}
OF_A_SESSION = [route for route in CONTROL_ROUTES if "{id}" in route.path]
"""The routes of a session; that of a request takes its number in the place of the name."""

BODIES: dict[str, Any] = {
    "settings": {"dialect": None, "unknown_query": None},
    "clock": {"now": "2026-01-01T00:00:00Z"},
    "faults": {"rules": [{"status": 503}]},
    "recording": {"recording": "on"},
    "contract": {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}},
    "fake": {"secrets": 3},
}


def address(route: Route) -> str:
    path = route.path
    for part, name in NAMES.items():
        path = path.replace(part, name)
    return path


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


async def send(service: Service, token: str, route: Route) -> tuple[int, str]:
    """Send a request that the route understands; return the status and the text of the reply."""
    body = BODIES.get(route.path.rpartition("/")[2]) if route.method in ("PUT", "POST") else None
    options: dict[str, Any] = {} if body is None else {"json": body}
    reply = await service.send(token, route.method, address(route), **options)
    content = await reply.read()
    if reply.content_type == "application/zip":
        with zipfile.ZipFile(io.BytesIO(content)) as pack:
            content = b"".join(map(pack.read, pack.namelist()))
    return reply.status, content.decode(errors="replace")


async def with_vault(start: Start) -> Service:
    """Return a service where the tenant `acme` has a session `vault` with a secret."""
    service = await start()
    await service.send("ann", "PUT", "/_larst/sessions/vault/recording", json={"recording": "on"})
    await service.send("ann", "POST", "/@vault/secrets", json={"text": SECRET})
    await service.send("ann", "PUT", "/_larst/sessions/vault/snapshots/first")
    return service


async def state_of(service: Service) -> tuple[Any, ...]:
    """Return what the tenant sees of its session: anything that a route could change."""
    base = "/_larst/sessions/vault"
    described = await service.json("ann", base)
    for changing in ("last_used_at", "size_bytes", "state"):
        described.pop(changing)
    parts = [await service.json("ann", f"{base}/{part}") for part in ("settings", "faults")]
    snapshots = (await service.json("ann", f"{base}/snapshots"))["items"]
    recording = await service.json("ann", f"{base}/recording")
    clock = (await service.json("ann", f"{base}/clock"))["frozen"]
    records = await service.json("ann", "/@vault/secrets/1")
    return described, parts, snapshots, recording["recording"], clock, records


async def test_a_token_without_the_scope_is_refused_by_every_route(start: Start) -> None:
    service = await with_vault(start)

    for route in CONTROL_ROUTES:
        may_view = route.access is Access.VIEW and route.method == "GET"
        for token, expected in (("", 401), ("stranger", 401), ("reader", 403), ("writer", 403)):
            status, text = await send(service, token, route)
            if expected == 403 and may_view:
                assert status not in (401, 403), (token, name_of(route))
            else:
                assert status == expected, (token, name_of(route), text)


async def test_no_route_reaches_the_session_of_another_tenant(start: Start) -> None:
    """The same name is another session, whatever the route does with it."""
    service = await with_vault(start)
    before = await state_of(service)

    for route in OF_A_SESSION:
        for token in ("ben", "operator"):
            status, text = await send(service, token, route)
            assert status < 500, (name_of(route), text)
            assert SECRET not in text, (token, name_of(route))
        assert await state_of(service) == before, name_of(route)


@pytest.mark.parametrize("name", ["@acme%2Fvault", "..%2Facme%2Fvault", "acme%2Fvault", "@acme"])
async def test_no_name_is_a_way_into_another_tenant(start: Start, name: str) -> None:
    service = await with_vault(start)

    for route in OF_A_SESSION:
        path = address(route).replace("/vault", f"/{name}")
        reply = await service.send("ben", route.method, path)
        assert 400 <= reply.status < 500, name_of(route)
        assert SECRET not in await reply.text()


async def test_an_admin_sees_no_request_of_another_tenant(start: Start) -> None:
    service = await with_vault(start)
    (newest, *_) = (await service.json("ann", "/_larst/requests"))["items"]

    assert (await service.json("ben", "/_larst/requests?session=vault"))["items"] == []
    for name in (newest["number"], newest["id"]):
        reply = await service.send("ben", "GET", f"/_larst/requests/{name}")
        assert SECRET not in await reply.text()


async def test_no_admin_of_a_tenant_reaches_the_plans_of_another(start: Start) -> None:
    """Neither by the key of a plan, nor by the name of its tenant."""
    service = await with_vault(start)
    base = "/_larst/plans"
    before = await service.json("ann", base)
    key = before["items"][0]["key"]

    for route in CONTROL_ROUTES:
        if "{key}" in route.path:
            path = route.path.replace("{key}", key)
            status = (
                await service.send("ben", route.method, f"{path}?tenant=acme", json={})
            ).status
            assert status in (400, 403), name_of(route)  # 400: the body is read first
            own = await service.send("ben", route.method, path, json={"reason": "x"})
            assert own.status in (400, 404), name_of(route)
    assert (await service.send("ben", "GET", f"{base}?tenant=acme")).status == 403
    assert await service.json("ann", base) == before


@pytest.mark.parametrize("path", ["/vaults/search", "/secrets/_search"])
async def test_a_search_by_post_needs_the_scope_write(start: Start, path: str) -> None:
    """The method decides: whether a plan changes data is known only when it has run."""
    service = await with_vault(start)

    assert (await service.send("reader", "POST", f"/@vault{path}", json={})).status == 403
    assert (await service.send("writer", "POST", f"/@vault{path}", json={})).status != 403
