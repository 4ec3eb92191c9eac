"""Tenants: nothing of one is seen, used, changed or counted by another; and scopes of tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes import ScriptedPlanner
from tests.http.tenants import ALL, Start, entry

SHOP = "shop"
COUNT = 'REPLY = make_response(200, {"count": store.count()})'
OTHER = 'REPLY = make_response(200, {"other": store.count()})'


class TestSessions:
    async def test_one_name_under_two_tenants_is_two_sessions(
        self, start: Start, tmp_path: Path
    ) -> None:
        service = await start()
        for path in ("/members", "/@shop/members"):
            headers = {} if path.startswith("/@") else {"X-Session-ID": SHOP}
            reply = await service.send("ann", "POST", path, json={"of": "ann"}, headers=headers)
            assert (reply.status, reply.headers["X-Session-ID"]) == (201, SHOP)

        other = await service.send("ben", "POST", "/@shop/members", json={"of": "ben"})

        assert await other.json() == {"id": 1, "of": "ben"}
        data = tmp_path / "data"
        assert (data / "@acme" / SHOP).is_dir()
        assert (data / "@globex" / SHOP).is_dir()
        assert not (data / SHOP).exists()
        assert (await service.json("operator", "/@shop/members"))["items"] == []

    async def test_the_default_tenant_keeps_the_layout(self, start: Start, tmp_path: Path) -> None:
        service = await start()

        await service.send("operator", "POST", "/@shop/members", json={})

        assert (tmp_path / "data" / SHOP).is_dir()

    async def test_two_tokens_of_a_tenant_share_its_sessions_by_name(self, start: Start) -> None:
        service = await start()
        await service.send("writer", "POST", "/@shop/members", json={"n": 1})

        assert (await service.json("reader", "/@shop/members"))["page"]["total"] == 1
        own = [
            (await service.send(token, "GET", "/members")).headers["X-Session-ID"]
            for token in ("ann", "reader")
        ]
        assert len(set(own)) == 2

    async def test_data_of_tenants_survives_a_restart_and_erasure_is_complete(
        self, start: Start, tmp_path: Path
    ) -> None:
        first = await start()
        await first.send("ann", "POST", "/@shop/members", json={"n": 1})
        await first.client.close()

        again = await start()

        assert (await again.json("ann", "/@shop/members"))["page"]["total"] == 1
        assert (await again.send("ann", "DELETE", "/_larst/sessions/shop")).status == 204
        assert (await again.json("ann", "/@shop/members"))["page"]["total"] == 0
        assert not (tmp_path / "data" / "@acme" / SHOP).exists()

    async def test_no_client_can_name_the_session_of_another_tenant(self, start: Start) -> None:
        service = await start()
        await service.send("ann", "POST", "/@shop/members", json={})

        for name in ("@acme/shop", "@acme", "../@acme/shop", "%40acme%2Fshop"):
            for path in (f"/_larst/sessions/{name}", f"/_larst/sessions/{name}/export"):
                assert (await service.send("ben", "GET", path)).status in (400, 404), path
            reply = await service.send("ben", "GET", "/members", headers={"X-Session-ID": name})
            assert reply.status == 400


class TestControlApi:
    async def test_an_admin_sees_and_changes_the_sessions_of_its_tenant_only(
        self, start: Start
    ) -> None:
        service = await start()
        await service.send("ann", "POST", "/@shop/members", json={"n": 1})
        await service.send("ann", "POST", "/@acme-only/members", json={})
        await service.send("ben", "POST", "/@shop/books", json={})

        async def ids(token: str) -> list[str]:
            listed = await service.json(token, "/_larst/sessions")
            return [session["id"] for session in listed["items"]]

        assert await ids("ann") == ["acme-only", SHOP]
        assert await ids("ben") == [SHOP]
        assert await ids("operator") == []
        session = await service.json("ben", "/_larst/sessions/shop")
        assert (session["state"], session["resources"]) == ("awake", {"books": 1})
        for method, path in (
            ("GET", "/_larst/sessions/acme-only"),
            ("GET", "/_larst/sessions/acme-only/export"),
            ("GET", "/_larst/sessions/acme-only/settings"),
            ("DELETE", "/_larst/sessions/acme-only"),
        ):
            assert (await service.send("ben", method, path)).status == 404, path
        imported = {"planets": [{"id": 1}]}
        path = "/_larst/sessions/shop/import?replace=true"
        assert (await service.send("ben", "POST", path, json=imported)).status == 200
        assert (await service.send("ben", "DELETE", "/_larst/sessions/shop")).status == 204
        assert (await service.json("ann", "/@shop/members/1")) == {"id": 1, "n": 1}

    async def test_the_metrics_are_for_the_operator(self, start: Start) -> None:
        """Their labels name the resources of all tenants."""
        service = await start()

        refused = await service.send("ann", "GET", "/_larst/metrics")

        assert refused.status == 403
        assert "default tenant" in (await refused.json())["detail"]
        assert (await service.send("operator", "GET", "/_larst/metrics")).status == 404  # off here

    async def test_a_document_shows_the_session_of_the_tenant(self, start: Start) -> None:
        service = await start()
        await service.send("ann", "POST", "/@shop/secrets", json={"code": 1})
        await service.send("ben", "POST", "/@shop/books", json={})

        documents = {
            token: (await service.json(token, "/swagger.json?session=shop"))["paths"]
            for token in ("ann", "ben")
        }

        assert "/secrets" in documents["ann"]
        assert "/secrets" not in documents["ben"]


class TestScopes:
    @pytest.mark.parametrize(
        ("token", "method", "path", "status"),
        [
            ("reader", "GET", "/members", 200),
            ("reader", "HEAD", "/members", 200),
            ("reader", "OPTIONS", "/members", 204),
            ("reader", "GET", "/", 200),
            ("reader", "GET", "/swagger.json", 200),
            ("reader", "POST", "/members", 403),
            ("reader", "PUT", "/members/1", 403),
            ("reader", "PATCH", "/members/1", 403),
            ("reader", "DELETE", "/members/1", 403),
            ("reader", "GET", "/_larst/sessions", 403),
            ("reader", "GET", "/_larst/nothing", 403),
            ("writer", "GET", "/members", 200),
            ("writer", "POST", "/members", 201),
            ("writer", "GET", "/_larst/plans", 403),
            ("watcher", "GET", "/_larst/plans", 200),
            ("watcher", "GET", "/members", 403),
            ("watcher", "POST", "/@shop/members", 403),
            ("stranger", "GET", "/members", 401),
            ("stranger", "GET", "/_larst/plans", 401),
            ("", "GET", "/members", 401),
        ],
    )
    async def test_a_scope_allows_what_it_says(
        self, start: Start, token: str, method: str, path: str, status: int
    ) -> None:
        service = await start()
        options: dict[str, Any] = {"json": {}} if method in ("POST", "PUT", "PATCH") else {}

        reply = await service.send(token, method, path, **options)

        assert reply.status == status
        if status == 403:
            detail = (await reply.json())["detail"]
            assert "needs the scope" in detail
            assert token in detail

    async def test_a_read_token_cannot_change_data_by_another_spelling_of_the_method(
        self, start: Start
    ) -> None:
        service = await start()
        await service.send("writer", "POST", "/@shop/members", json={})

        for headers in ({"X-HTTP-Method-Override": "DELETE"}, {"X-Method-Override": "DELETE"}):
            await service.send("reader", "GET", "/@shop/members/1", headers=headers)
        await service.send("reader", "GET", "/@shop/members/1?_method=DELETE")

        assert (await service.send("reader", "GET", "/@shop/members/1")).status == 200

    async def test_a_change_of_the_file_counts_for_open_connections(self, start: Start) -> None:
        service = await start()
        for _ in range(3):  # until the reply is remembered
            assert (await service.send("reader", "GET", "/members")).status == 200

        await service.put_tokens(entry("reader", "acme", ["admin"]))
        narrowed = await service.send("reader", "GET", "/members")
        await service.put_tokens(entry("ann", "acme", ALL))
        revoked = await service.send("reader", "GET", "/members")

        assert (narrowed.status, revoked.status) == (403, 401)

    async def test_the_token_of_the_environment_is_the_operators(self, start: Start) -> None:
        service = await start(LARS_AUTH_TOKEN="root")

        assert (await service.send("root", "GET", "/_larst/plans")).status == 200
        assert (await service.send("root", "POST", "/@shop/members", json={})).status == 201
        assert (await service.json("ann", "/@shop/members"))["page"]["total"] == 0


class TestPlans:
    async def test_a_plan_of_a_model_serves_its_own_tenant_only(self, start: Start) -> None:
        planner = ScriptedPlanner({"GET /orders/total": [COUNT, OTHER]})
        service = await start(planner=planner)
        await service.send("ann", "GET", "/@a/orders/total")
        await service.send("ann", "GET", "/@b/orders/total")
        assert len(planner.requests) == 1

        other = await service.json("ben", "/@a/orders/total")

        assert other == {"other": 0}
        assert len(planner.requests) == 2
        for token, program in (("ann", COUNT), ("ben", OTHER)):
            (plan,) = (await service.json(token, "/_larst/plans"))["items"]
            answer = await service.json(token, f"/_larst/plans/{plan['key']}")
            assert answer["plan"]["code"]["block"] == program
            stranger = "ben" if token == "ann" else "ann"
            hidden = await service.send(stranger, "GET", f"/_larst/plans/{plan['key']}")
            assert hidden.status == 404

    async def test_requests_of_two_tenants_at_once_share_no_planner_call(
        self, start: Start
    ) -> None:
        """The call shows the names of one tenant's data to the model."""
        planner = ScriptedPlanner({"GET /orders/total": [COUNT]})
        service = await start(planner=planner)
        for token, resource in (("ann", "secrets"), ("ben", "books")):
            body = {"n": 1}
            planner.script[f"POST /{resource}"] = [
                'REPLY = make_response(201, store.insert(plan["payload"]))'
            ]
            await service.send(token, "POST", f"/@a/{resource}", json=body)
        planner.requests.clear()

        for token in ("ann", "ben"):
            await service.send(token, "GET", "/@a/orders/total")

        schemas = [set(request.schemas) for request in planner.requests]
        assert schemas == [{"secrets"}, {"books"}]

    async def test_a_pin_of_the_tenant_serves_that_tenant_only(self, start: Start) -> None:
        planner = ScriptedPlanner({"GET /orders/total": [COUNT, OTHER]})
        service = await start(planner=planner)
        await service.send("ann", "GET", "/@a/orders/total")
        (plan,) = (await service.json("ann", "/_larst/plans"))["items"]

        pinned = await service.send("ann", "POST", f"/_larst/plans/{plan['key']}/pin")

        assert pinned.status == 200
        assert await service.json("ben", "/@a/orders/total") == {"other": 0}

    async def test_a_plan_that_the_operator_pins_serves_all_tenants(self, start: Start) -> None:
        planner = ScriptedPlanner({"GET /orders/total": [COUNT, OTHER]})
        service = await start(planner=planner)
        await service.send("ann", "GET", "/@a/orders/total")
        assert await service.json("ben", "/@a/orders/total") == {"other": 0}
        listed = await service.json("operator", "/_larst/plans?tenant=acme")
        key = listed["items"][0]["key"]

        await service.send("operator", "POST", f"/_larst/plans/{key}/pin?tenant=acme")

        assert await service.json("ben", "/@b/orders/total") == {"count": 0}
        assert "/orders/total" in (await service.json("ben", "/@b/swagger.json"))["paths"]
        answer = await service.json("operator", f"/_larst/plans/{key}")
        assert (answer["state"], answer["sessions"]) == ("pinned", [])

    async def test_only_the_operator_may_look_at_plans_of_another_tenant(
        self, start: Start
    ) -> None:
        service = await start()

        refused = await service.send("ann", "GET", "/_larst/plans?tenant=globex")
        unknown = await service.send("operator", "GET", "/_larst/plans?tenant=unknown")

        assert (refused.status, unknown.status) == (403, 400)
        assert (await service.send("ann", "GET", "/_larst/plans?tenant=acme")).status == 200

    async def test_a_tenant_that_floods_its_book_evicts_no_plan_of_another(
        self, start: Start
    ) -> None:
        service = await start(LARS_PLAN_BOOK_SIZE=2)
        await service.send("ben", "GET", "/@a/members")

        for number in range(5):
            await service.send("ann", "GET", f"/@a/things{number}")

        assert (await service.json("ben", "/_larst/plans"))["page"]["total"] == 1
        assert (await service.json("ann", "/_larst/plans"))["page"]["total"] == 2


class TestBudgets:
    async def test_a_tenant_has_no_more_sessions_than_its_budget(self, start: Start) -> None:
        service = await start(
            entry("ann", "acme", ALL, sessions=2), entry("ben", "globex", ALL, sessions=1)
        )
        statuses = [
            (await service.send("ann", "POST", f"/@s{number}/members", json={})).status
            for number in range(3)
        ]
        # A search changes no record, but its reply is stored under the key.
        replayable = await service.send(
            "ann", "POST", "/@s5/members/search", json={}, headers={"Idempotency-Key": "k"}
        )

        full = await service.send("ann", "POST", "/_larst/sessions/s3/import", json={"a": [{}]})
        settings = await service.send("ann", "PUT", "/_larst/sessions/s4/settings", json={})

        assert statuses == [201, 201, 507]
        assert (full.status, settings.status, replayable.status) == (507, 507, 507)
        assert "2 are allowed (sessions in LARS_AUTH" in (await full.json())["detail"]
        assert (await service.send("ann", "POST", "/@s1/members", json={})).status == 201
        assert (await service.send("ann", "GET", "/@s9/members")).status == 200
        assert (await service.send("ben", "POST", "/@s/members", json={})).status == 201
        await service.send("ann", "DELETE", "/_larst/sessions/s1")
        assert (await service.send("ann", "POST", "/@s2/members", json={})).status == 201
