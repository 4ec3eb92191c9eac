"""The console: its page, its login, and what a login is good for."""

from __future__ import annotations

from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from larst.http.logins import COOKIE, LIFETIME_S, MAX_LOGINS, Logins
from tests.http.helpers import Client, MakeClient
from tests.http.tenants import ALL, entry, write

TOKEN = "s3cret"
MARK = {"Larst-Console": "1"}


async def logged_in(client: Client, token: str = TOKEN) -> dict[str, str]:
    """Log in; return the headers of the console's requests."""
    reply = await client.post("/_larst/login", json={"token": token})
    assert reply.status == 200, await reply.text()
    client.session.cookie_jar.clear()
    return {**MARK, "Cookie": f"{COOKIE}={reply.cookies[COOKIE].value}"}


class Request:
    """The headers of a request."""

    def __init__(self, id: str, **headers: str) -> None:
        fields = {**MARK, "Host": "a", "Cookie": f"{COOKIE}={id}", **headers}
        self.headers = CIMultiDict(fields)


class TestPage:
    async def test_it_allows_no_inline_script_and_no_other_host(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        reply = await client.get("/_larst/")
        policy = reply.headers["Content-Security-Policy"]

        assert reply.content_type == "text/html"
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "<script>" not in await reply.text()

    async def test_its_files_are_served(self, make_client: MakeClient) -> None:
        client = await make_client()

        for name in ("console.css", "console.js", "console-data.js", "console-requests.js"):
            assert (await client.get(f"/_larst/ui/{name}")).status == 200

    async def test_the_address_without_a_slash_leads_to_it(self, make_client: MakeClient) -> None:
        client = await make_client()
        reply = await client.get("/_larst", allow_redirects=False)

        assert (reply.status, reply.headers["Location"]) == (308, "/_larst/")

    async def test_the_landing_page_links_to_it(self, make_client: MakeClient) -> None:
        client = await make_client()
        page = await (await client.get("/@shop/", headers={"Accept": "text/html"})).text()

        assert '<a href="/_larst/?session=shop">' in page

    @pytest.mark.parametrize("path", ["/_larst", "/_larst/", "/_larst/login"])
    async def test_it_can_be_off(self, make_client: MakeClient, path: str) -> None:
        client = await make_client(LARS_CONSOLE="off")
        page = await (await client.get("/", headers={"Accept": "text/html"})).text()

        assert (await client.get(path)).status == 404
        assert "/_larst/" not in page.replace("/_larst/metrics", "").replace("/_larst/openapi", "")
        assert "console" not in (await (await client.get("/")).json())["links"]


class TestLogin:
    async def test_a_login_stands_for_its_token(self, make_client: MakeClient) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")
        headers = await logged_in(client)

        for method, path in (("GET", "/_larst/requests"), ("GET", "/"), ("GET", "/books")):
            assert (await client.request(method, path)).status == 401
            reply = await client.request(method, path, headers=headers)
            assert reply.status != 401
        assert (await client.post("/books", json={"n": 1}, headers=headers)).status == 201
        by_token = {"Authorization": "Bearer s3cret"}
        assert (await client.get("/books/1", headers=by_token)).status == 200

    async def test_the_cookie_is_hidden_from_scripts_and_other_sites(
        self, make_client: MakeClient
    ) -> None:
        """Browsers send cookies to every port of a host: it must not contain the token."""
        client = await make_client(LARS_AUTH_TOKEN="s3cret")
        reply = await client.post("/_larst/login", json={"token": "s3cret"})
        (header,) = reply.headers.getall("Set-Cookie")
        morsel = SimpleCookie(header)[COOKIE]

        assert morsel["httponly"]
        assert morsel["samesite"] == "Strict"
        assert "s3cret" not in header

    @pytest.mark.parametrize(
        "body", [{"token": "wrong"}, {"token": ""}, {"token": 1}, {}, [], "s3cret"]
    )
    async def test_a_wrong_token_is_refused(self, make_client: MakeClient, body: Any) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")
        reply = await client.post("/_larst/login", json=body)

        assert reply.status in (400, 401)
        assert COOKIE not in reply.cookies

    @pytest.mark.parametrize(
        "added",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "http://127.0.0.1:1"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    async def test_pages_of_other_origins_cannot_use_a_login(
        self, make_client: MakeClient, added: dict[str, str]
    ) -> None:
        """A page on another port of the same host is the same site: it gets the cookie sent."""
        client = await make_client(LARS_AUTH_TOKEN="s3cret", LARS_CORS_ORIGINS="*")
        headers = {**await logged_in(client), **added}

        assert (await client.post("/books", json={"n": 1}, headers=headers)).status in (401, 403)
        assert (await client.get("/_larst/sessions", headers=headers)).status in (401, 403)
        reply = await client.post("/_larst/login", json={"token": "s3cret"}, headers=added)
        assert (reply.status, COOKIE in reply.cookies) == (403, False)

    async def test_the_cookie_alone_is_worth_nothing(self, make_client: MakeClient) -> None:
        """A form of another page sends the cookie, but cannot send the console's header."""
        client = await make_client(LARS_AUTH_TOKEN="s3cret")
        cookie = {"Cookie": (await logged_in(client))["Cookie"]}

        assert (await client.post("/books", data="n=1", headers=cookie)).status == 401

    async def test_a_logout_ends_it_on_open_connections_too(self, make_client: MakeClient) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")
        headers = await logged_in(client)
        assert (await client.post("/books", json={"n": 1}, headers=headers)).status == 201
        for _ in range(3):
            assert (await client.get("/books/1", headers=headers)).status == 200
        assert (await client.post("/_larst/logout", headers=headers)).status == 200

        assert (await client.get("/books/1", headers=headers)).status == 401
        state = await (await client.get("/_larst/login", headers=headers)).json()
        assert state == {"has_login": False, "requires_token": True, "scopes": []}

    async def test_it_is_for_admins_of_their_own_tenant(
        self, make_client: MakeClient, tmp_path: Path
    ) -> None:
        file = tmp_path / "tokens"
        write(file, entry("ann", "acme", ALL), entry("ben", "b", ALL), entry("r", "acme", ["read"]))
        client = await make_client(LARS_AUTH_TOKENS_FILE=str(file))
        ann, ben = await logged_in(client, "ann"), await logged_in(client, "ben")
        await client.post("/books", json={"n": 1}, headers=ann)

        totals = [
            (await (await client.get("/_larst/requests", headers=who)).json())["page"]["total"]
            for who in (ann, ben)
        ]

        assert totals == [1, 0]

    async def test_a_token_that_may_only_read_logs_in_and_changes_nothing(
        self, make_client: MakeClient, tmp_path: Path
    ) -> None:
        file = tmp_path / "tokens"
        write(file, entry("ann", "acme", ALL), entry("r", "acme", ["read"]))
        client = await make_client(LARS_AUTH_TOKENS_FILE=str(file))
        await client.post("/@shop/books", json={"n": 1}, headers=await logged_in(client, "ann"))
        reader = await logged_in(client, "r")
        shop = "/_larst/sessions/shop"

        async def status(method: str, path: str) -> int:
            return (await client.request(method, path, headers=reader)).status

        state = await (await client.get("/_larst/login", headers=reader)).json()
        assert state == {"has_login": True, "requires_token": True, "scopes": ["read"]}
        for path in ("/@shop/books", shop, f"{shop}/export", f"{shop}/snapshots"):
            assert await status("GET", path) == 200, path
        for path in ("/_larst/sessions", "/_larst/requests", "/_larst/plans", "/_larst/status"):
            assert await status("GET", path) == 403, path
        for method, path in (
            ("DELETE", shop),
            ("POST", f"{shop}/reset"),
            ("POST", f"{shop}/import"),
            ("PUT", f"{shop}/settings"),
            ("PUT", f"{shop}/snapshots/a"),
            ("DELETE", "/@shop/books/1"),
        ):
            assert await status(method, path) == 403, path


class TestLogins:
    def test_a_login_ends_by_itself(self) -> None:
        now_s = [0.0]
        logins = Logins(lambda: now_s[0])
        request = Request(logins.open("t"))

        assert logins.token_of(request) == "t"
        now_s[0] = LIFETIME_S
        assert logins.token_of(request) is None

    def test_their_number_is_bounded(self) -> None:
        logins = Logins()
        first, *others = (logins.open("t") for _ in range(MAX_LOGINS + 1))

        assert logins.token_of(Request(first)) is None
        assert logins.token_of(Request(others[0])) == "t"

    @pytest.mark.parametrize("cookie", ["", "=", "a=b; ;", '"\\x00', f"{COOKIE}=x", "é=1"])
    def test_an_odd_cookie_opens_nothing(self, cookie: str) -> None:
        assert Logins().token_of(Request("", Cookie=cookie)) is None
