"""Which client gets a page, and which the same reply as JSON."""

from __future__ import annotations

import io

import pytest

from larst.http.pages.replies import MAX_BODY_BYTES
from tests.http.helpers import Client, MakeClient

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SHOP = "/@shop"


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A service whose session `shop` has two posts and a comment."""
    client = await make_client()
    await client.post(f"{SHOP}/posts", json=[{"title": "A"}, {"title": "B"}])
    await client.post(f"{SHOP}/comments", json={"text": "hi", "post_id": 1})
    return client


class TestWhoGetsAPage:
    async def test_a_browser(self, client: Client) -> None:
        reply = await client.get(f"{SHOP}/posts", headers=BROWSER)
        html = await reply.text()

        assert (reply.status, reply.content_type) == (200, "text/html")
        assert 'href="/@shop/posts/1"' in html
        assert "Accept" in reply.headers["Vary"]
        assert "ETag" not in reply.headers
        policy = reply.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self';")
        assert "script" not in policy
        assert "unsafe" not in policy

    @pytest.mark.parametrize(
        "accept",
        [
            None,
            "*/*",
            "application/json",
            "application/json, text/plain, */*",
            "application/json, text/html",
            "text/html;q=0.5, application/json",
            "text/html;q=0, */*",
            "text/html, application/vnd.api+json",
            "text/html;q=0.9, application/problem+json",
        ],
    )
    async def test_not_a_client_that_takes_json(self, client: Client, accept: str | None) -> None:
        headers = {} if accept is None else {"Accept": accept}

        for path in ("posts", "posts/1", "posts/9", "posts?limit=x"):
            reply = await client.get(f"{SHOP}/{path}", headers=headers)
            assert "json" in reply.content_type
            assert "Accept" in reply.headers["Vary"]

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    async def test_not_a_change(self, client: Client, method: str) -> None:
        """A form in a browser asks for HTML, too; its replies stay what they were."""
        reply = await client.request(method, f"{SHOP}/posts/9", json={}, headers=BROWSER)

        assert reply.status in (404, 405, 409)
        assert reply.content_type == "application/json"

    async def test_not_a_browser_that_follows_the_link_to_json(self, client: Client) -> None:
        for path in ("posts", "posts/1", "posts/9", "posts?limit=x"):
            sign = "&" if "?" in path else "?"
            linked = await client.get(f"{SHOP}/{path}{sign}alt=json", headers=BROWSER)
            plain = await client.get(f"{SHOP}/{path}")
            assert linked.content_type == "application/json"
            assert linked.status == plain.status
            if plain.status == 200:
                assert await linked.json() == await plain.json()

    async def test_head_has_the_headers_of_get(self, client: Client) -> None:
        head = await client.head(f"{SHOP}/posts", headers=BROWSER)
        get = await client.get(f"{SHOP}/posts", headers=BROWSER)

        for name in ("Content-Type", "Content-Length", "Vary", "Content-Security-Policy"):
            assert head.headers[name] == get.headers[name]
        assert await head.read() == b""

    async def test_a_browser_that_has_the_json_gets_a_page_and_not_304(
        self, client: Client
    ) -> None:
        """Chromium sends the ETag of another variant that it has."""
        etag = (await client.get(f"{SHOP}/posts")).headers["ETag"]

        page = await client.get(f"{SHOP}/posts", headers=BROWSER | {"If-None-Match": etag})
        plain = await client.get(f"{SHOP}/posts", headers={"If-None-Match": etag})

        assert (page.status, page.content_type) == (200, "text/html")
        assert plain.status == 304

    @pytest.mark.parametrize("path", ["posts.csv", "_larst/nothing", "swagger.json"])
    async def test_not_a_reply_in_another_media_type(self, client: Client, path: str) -> None:
        reply = await client.get(f"{SHOP}/{path}", headers=BROWSER)

        assert (
            reply.content_type
            == {
                "posts.csv": "text/csv",
                "_larst/nothing": "text/html",
                "swagger.json": "application/json",
            }[path]
        )

    async def test_the_control_api_stays_json_but_for_errors(self, client: Client) -> None:
        listed = await client.get("/_larst/sessions", headers=BROWSER)
        missing = await client.get("/_larst/sessions/none", headers=BROWSER)

        assert (listed.status, listed.content_type) == (200, "application/json")
        assert (missing.status, missing.content_type) == (404, "text/html")


class TestLinks:
    @pytest.mark.parametrize(
        ("path", "links"),
        [
            ("posts?limit=1", ["?limit=1&amp;offset=1", "?limit=1&amp;sort=title", "posts/1"]),
            ("comments/1", ["posts/1", "comments"]),
            ("posts/1", ["posts/1/comments", "posts"]),
            ("posts/9", ["posts", "comments", ""]),
            ("api/v1/posts", ["api/v1/posts/1"]),
            ("posts/search?title=A", ["posts/1"]),
        ],
    )
    async def test_they_lead_to_the_same_session(
        self, client: Client, path: str, links: list[str]
    ) -> None:
        html = await (await client.get(f"{SHOP}/{path}", headers=BROWSER)).text()

        for link in links:
            address = link if link.startswith("?") else f"/@shop/{link}"
            assert f'href="{address}"' in html
            target = f"{SHOP}/{path.partition('?')[0]}{link}" if link[:1] == "?" else address
            reply = await client.get(target.replace("&amp;", "&"), headers=BROWSER)
            assert reply.status == 200

    async def test_a_cut_list_goes_on_where_it_was_cut(self, client: Client) -> None:
        await client.post(f"{SHOP}/posts", json=[{"title": f"t{n}"} for n in range(120)])

        first = await (await client.get(f"{SHOP}/posts", headers=BROWSER)).text()
        second = await client.get(f"{SHOP}/posts?limit=100&offset=100", headers=BROWSER)

        assert 'href="?limit=100&amp;offset=100" rel="next"' in first
        assert "Records 101 to 122 of 122" in await second.text()


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "status", "fact"),
        [
            ("/@shop/posts/9", 404, "Not found"),
            ("/@shop/posts?limit=x", 400, "limit must be a whole number"),
            ("/@no%20name/posts", 400, "1 to 128 of the characters"),
            ("/_larst/nothing", 404, "reserved for the service"),
            ("/@shop/login", 501, "model"),
        ],
    )
    async def test_their_pages_have_the_facts(
        self, client: Client, path: str, status: int, fact: str
    ) -> None:
        reply = await client.get(path, headers=BROWSER)

        assert (reply.status, reply.content_type) == (status, "text/html")
        assert fact in await reply.text()

    async def test_a_missing_token(self, make_client: MakeClient) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")

        reply = await client.get("/posts", headers=BROWSER)

        assert (reply.status, reply.content_type) == (401, "text/html")
        assert reply.headers["WWW-Authenticate"] == "Bearer"
        assert "Type the token in the docs" in await reply.text()

    async def test_a_session_that_cannot_exist_is_reported(self, client: Client) -> None:
        """The page must not need the session that its error is about."""
        reply = await client.get("/posts", headers=BROWSER | {"X-Session-ID": "a b"})

        assert (reply.status, reply.content_type) == (400, "text/html")


async def test_a_reply_of_megabytes_has_a_short_page(make_client: MakeClient) -> None:
    client = await make_client(LARS_MAX_BODY_BYTES=2 * MAX_BODY_BYTES)
    for size in (MAX_BODY_BYTES // 2, MAX_BODY_BYTES + 1):
        body = io.BytesIO(b'{"text":"' + b"x" * size + b'"}')
        await client.post("/texts", data=body, headers={"Content-Type": "application/json"})

    cut = await (await client.get("/texts/1", headers=BROWSER)).text()
    refused = await (await client.get("/texts/2", headers=BROWSER)).text()

    assert "more characters" in cut
    assert "too many for a page" in refused
    assert max(len(cut), len(refused)) < 20_000
