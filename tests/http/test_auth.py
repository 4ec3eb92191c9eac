"""Access to the service: tokens, CORS, and headers with secrets."""

from __future__ import annotations

import pytest

from tests.fakes import ScriptedPlanner
from tests.http.helpers import MakeClient


class TestAuth:
    async def test_every_path_but_health_needs_the_token(self, make_client: MakeClient) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")

        for path in ("/", "/members", "/_larst/plans", "/swagger.json"):
            reply = await client.get(path)
            assert reply.status == 401, path
            assert (await reply.json())["error"] == "unauthorized"
            assert reply.headers["WWW-Authenticate"] == "Bearer"
        assert (await client.get("/healthz")).status == 200
        assert (await client.get("/readyz")).status == 200

    @pytest.mark.parametrize("header", ["Bearer wrong", "Basic s3cret", "s3cret", "Bearer ", "ä"])
    async def test_a_wrong_token_is_refused(self, make_client: MakeClient, header: str) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")

        assert (await client.get("/members", headers={"Authorization": header})).status == 401

    async def test_the_correct_token_grants_access_and_selects_a_session(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")

        reply = await client.get("/members", headers={"Authorization": "Bearer s3cret"})

        assert reply.status == 200
        assert reply.headers["X-Session-ID"].startswith("token-")

    async def test_a_preflight_needs_no_token(self, make_client: MakeClient) -> None:
        """Browsers send preflights without credentials (Fetch standard)."""
        client = await make_client(LARS_AUTH_TOKEN="s3cret")
        headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}

        assert (await client.options("/members", headers=headers)).status == 204

    async def test_only_configured_origins_get_cors_headers(self, make_client: MakeClient) -> None:
        client = await make_client(LARS_CORS_ORIGINS="https://a.example")

        allowed = await client.get("/members", headers={"Origin": "https://a.example"})
        refused = await client.get("/members", headers={"Origin": "https://b.example"})

        assert allowed.headers["Access-Control-Allow-Origin"] == "https://a.example"
        assert "Access-Control-Allow-Origin" not in refused.headers

    async def test_programs_cannot_read_headers_with_secrets(self, make_client: MakeClient) -> None:
        show = "REPLY = make_response(200, ctx)"
        client = await make_client(ScriptedPlanner({"GET /ctx": [show]}), LARS_AUTH_TOKEN="s3cret")
        headers = {"Authorization": "Bearer s3cret", "Cookie": "sid=s3cret", "X-Api-Key": "s3cret"}

        reply = await client.get("/ctx", headers=headers)

        assert "s3cret" not in await reply.text()


class TestLandingPage:
    async def test_the_landing_page_needs_the_token_if_one_is_configured(
        self, make_client: MakeClient
    ) -> None:
        """It names the planner and a session. Its commands send the token."""
        client = await make_client(LARS_AUTH_TOKEN="s3cret")

        refused = await client.get("/", headers={"Accept": "text/html"})
        admitted = await client.get(
            "/", headers={"Accept": "text/html", "Authorization": "Bearer s3cret"}
        )

        assert (refused.status, refused.content_type) == (401, "text/html")
        assert "planner" not in await refused.text()
        assert admitted.status == 200
        page = await admitted.text()
        assert "Authorization: Bearer $TOKEN" in page
        assert "s3cret" not in page
