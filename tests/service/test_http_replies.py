"""What holds for the replies of every path: methods, exact JSON, sessions, headers, own paths."""

from __future__ import annotations

import pytest

from tests.service.api import Api


class TestMethods:
    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("/members", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
            ("/members/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            ("/members/search", "GET, HEAD, POST, OPTIONS"),
        ],
    )
    async def test_options_lists_the_methods(self, api: Api, path: str, allowed: str) -> None:
        reply = await api.send("OPTIONS", path)

        assert (reply.status, reply.raw, reply.headers["Allow"]) == (204, b"", allowed)

    @pytest.mark.parametrize(
        ("method", "path"), [("PUT", "/members"), ("POST", "/members/1"), ("DELETE", "/a/search")]
    )
    async def test_a_method_that_the_path_does_not_support_is_405(
        self, api: Api, method: str, path: str
    ) -> None:
        await api.post("/members", [{"a": 1}, {"a": 2}])

        reply = await api.send(method, path, {"a": 1})

        assert (reply.status, reply.body["error"]) == (405, "method not allowed")
        assert reply.headers["Allow"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/orders/1/cancel"),
            ("GET", "/products/cheapest?category=tools"),
            ("POST", "/accounts/transfer"),
        ],
    )
    async def test_a_request_without_a_rule_is_501_and_never_a_guess(
        self, api: Api, method: str, path: str
    ) -> None:
        reply = await api.send(method, path)

        assert (reply.status, reply.body["error"]) == (501, "no rule for this request")
        assert "OPENAI_API_KEY" in reply.body["detail"]


class TestExactness:
    async def test_json_is_returned_exactly_as_stored(self, api: Api) -> None:
        record = {
            "": "empty key",
            "a.b": "dotted",
            "__class__": "x",
            "deep": {"list": [[{"x": [1, 2.5, None, True, -0.0, 1e300]}]]},
            "text": "quotes \" ' \\ and\nnew\tlines, \u0000 \u2028 Ünïcödé 🎉",
            "big": 2**63 - 1,
            "small": -(2**63),
            "unsigned": 2**64 - 1,
        }
        await api.post("/things", record)

        reply = await api.get("/things/1")

        assert reply.body == {"id": 1, **record}

    @pytest.mark.parametrize(
        "raw", [b'{"n": 18446744073709551616}', b'{"n": NaN}', b'{"n": 1e999}', b'{"n": Infinity}']
    )
    async def test_a_number_that_cannot_be_stored_exactly_is_refused(
        self, api: Api, raw: bytes
    ) -> None:
        reply = await api.post("/things", raw=raw, headers={"Content-Type": "application/json"})

        assert (reply.status, reply.body["error"]) == (400, "Invalid JSON in request body")
        assert reply.body["detail"].startswith("Invalid JSON: ")
        assert (await api.get("/things")).body["page"]["total"] == 0


class TestSessions:
    async def test_two_sessions_never_see_each_other(self, api: Api) -> None:
        second = api.session(f"{api.session_id}-second")
        await api.post("/products", {"name": "mine"})
        await second.post("/products", {"name": "the other"})

        assert (await api.get("/products/1")).body["name"] == "mine"
        assert (await second.get("/products/1")).body["name"] == "the other"

    async def test_a_reply_names_its_session(self, api: Api) -> None:
        explicit = await api.get("/members")
        default = await Api(api._http, api.url, None).get("/members")

        assert explicit.headers["X-Session-ID"] == api.session_id
        assert default.headers["X-Session-ID"] == "default"


class TestReplyHeaders:
    async def test_every_reply_has_ids_and_timings(self, api: Api) -> None:
        trace_id = "0af7651916cd43dd8448eb211c80319c"
        headers = {
            "X-Request-ID": "my-request-1",
            "traceparent": f"00-{trace_id}-b7ad6b7169203331-01",
        }

        reply = await api.get("/members", headers=headers)

        assert reply.headers["X-Request-ID"] == "my-request-1"
        assert reply.headers["traceparent"].split("-")[1] == trace_id
        for stage in ("queue", "plan", "validate", "exec", "commit"):
            assert f"{stage};dur=" in reply.headers["Server-Timing"]

    async def test_a_shape_is_planned_once(self, api: Api) -> None:
        path = f"/things-{api.session_id}/1"

        first, second = await api.get(path), await api.get(path.replace("/1", "/2"))

        assert 'desc="rules"' in first.headers["Server-Timing"]
        assert 'desc="hit"' in second.headers["Server-Timing"]

    async def test_a_page_of_a_developer_may_call(self, api: Api) -> None:
        """A page of a development server works without a setting."""
        origin = "http://localhost:5173"
        preflight_headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "x-session-id",
        }

        preflight = await api.send("OPTIONS", "/members/1", headers=preflight_headers)
        reply = await api.get("/members", headers={"Origin": origin})

        assert preflight.status == 204
        assert preflight.headers["Access-Control-Allow-Origin"] == origin
        assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
        assert preflight.headers["Access-Control-Allow-Headers"] == "x-session-id"
        assert reply.headers["Access-Control-Allow-Origin"] == origin
        assert "X-Total-Count" in reply.headers["Access-Control-Expose-Headers"]


class TestReservedPaths:
    async def test_health_and_readiness_are_reported(self, api: Api) -> None:
        health, ready = await api.get("/healthz"), await api.get("/readyz")

        assert (health.status, health.body) == (200, {"status": "ok"})
        jail = ready.body.pop("sandbox")["jail"]
        assert (ready.status, ready.body) == (200, {"status": "ready", "not_ready": []})
        assert jail.startswith(("full", "partial: no ", "none: "))

    async def test_the_root_returns_hints_and_a_page_for_browsers(self, api: Api) -> None:
        hints = await api.get("/")
        page = await api.get("/", headers={"Accept": "text/html"})

        assert hints.body["name"] == "LARST"
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert b"curl" in page.raw
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert (await api.send("HEAD", "/", headers={"Accept": "text/html"})).raw == b""

    async def test_the_root_links_to_everything_else(self, api: Api) -> None:
        """A program that knows only the address can find the other paths."""
        links = (await api.get("/")).body["links"]

        assert links == {
            "console": "/_larst/",
            "docs": "/docs",
            "redoc": "/redoc",
            "openapi": "/swagger.json",
            "agents": "/llms.txt",
            "control": "/_larst/openapi.json",
            "metrics": "/_larst/metrics",
            "health": "/healthz",
            "ready": "/readyz",
        }

    async def test_the_root_names_the_session_of_the_request(self, api: Api) -> None:
        """Neither a cache nor another visitor may see it."""
        hints = await api.get("/")
        refused = await api.get("/", headers={"X-Session-ID": "no/name"})

        assert hints.body["session_id"] == api.session_id
        assert hints.headers["X-Session-ID"] == api.session_id
        assert hints.headers["Cache-Control"] == "no-store"
        assert refused.status == 400

    async def test_the_root_uses_the_host_of_the_request(self, api: Api) -> None:
        """Copied commands work behind a proxy, with a host name or an IP address."""
        hints = await api.get("/", headers={"Host": "larst.localhost:8080"})
        script = {"Host": "a<script>", "Accept": "text/html"}
        page = await api.get("/", headers=script)

        assert hints.body["try"][1].startswith("curl http://larst.localhost:8080/members/1")
        assert page.status == 400
        assert b"a<script>" not in page.raw

    @pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
    async def test_reserved_paths_are_never_planned(self, api: Api, path: str) -> None:
        assert (await api.post(path, {"a": 1})).status == 405
