"""Which session a request belongs to: by header, by path, by token, or none of them."""

from __future__ import annotations

import hashlib
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from larst.http.session_prefix import SplitTarget, split_target, with_prefix
from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client, MakeClient

ANN = {"name": "Ann"}


class TestWithoutTokens:
    async def test_a_request_that_names_no_session_is_in_the_default_one(
        self, make_client: MakeClient, tmp_path: Path
    ) -> None:
        client = await make_client()

        created = await client.post("/members", json=ANN)

        assert created.headers["X-Session-ID"] == "default"
        assert (tmp_path / "data" / "default").is_dir()
        named = await client.get("/members/1", headers={"X-Session-ID": "default"})
        assert named.status == 200

    @pytest.mark.parametrize("header", ["Bearer abc", "bearer ", "Basic YTpi", "Bearer \xe4"])
    async def test_a_token_that_is_not_configured_changes_nothing(
        self, make_client: MakeClient, header: str
    ) -> None:
        """A front end that begins to send a token must still see its data."""
        client = await make_client()
        await client.post("/members", json=ANN)

        reply = await client.get("/members/1", headers={"Authorization": header})

        assert (reply.status, reply.headers["X-Session-ID"]) == (200, "default")

    async def test_a_session_of_an_older_version_is_reached_by_its_name(
        self, make_client: MakeClient
    ) -> None:
        """Its name is the hash of the address, or of the token."""
        old = hashlib.sha256(b"127.0.0.1").hexdigest()
        client = await make_client()

        created = await client.post("/members", json=ANN, headers={"X-Session-ID": old})

        assert created.headers["X-Session-ID"] == old
        assert (await client.get(f"/@{old}/members/1")).status == 200


class TestWithTokens:
    async def test_the_session_of_a_token_is_not_a_plain_hash_of_it(
        self, make_client: MakeClient, tmp_path: Path
    ) -> None:
        """Anyone who guesses a token could otherwise test the guess by a session's name."""
        client = await make_client(LARS_AUTH_TOKEN="s3cret")
        headers = {"Authorization": "Bearer s3cret"}

        name = (await client.get("/members", headers=headers)).headers["X-Session-ID"]

        key = tmp_path / "data" / ".key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert re.fullmatch(r"token-[0-9a-f]{32}", name)
        for plain in (b"s3cret", hashlib.sha256(b"s3cret").hexdigest().encode()):
            assert name[6:] not in hashlib.sha256(plain).hexdigest()
        other = await make_client(LARS_AUTH_TOKEN="s3cret", SANDBOX_DATA_ROOT=str(tmp_path / "b"))
        assert (await other.get("/members", headers=headers)).headers["X-Session-ID"] != name

    async def test_the_session_of_a_token_survives_a_restart(self, make_client: MakeClient) -> None:
        headers = {"Authorization": "Bearer s3cret"}
        first = await make_client(LARS_AUTH_TOKEN="s3cret")
        name = (await first.get("/members", headers=headers)).headers["X-Session-ID"]
        await first.close()

        again = await make_client(LARS_AUTH_TOKEN="s3cret")

        assert (await again.get("/members", headers=headers)).headers["X-Session-ID"] == name


class TestPrefix:
    @pytest.mark.parametrize("path", ["/@shop/members", "/%40shop/members"])
    async def test_a_path_names_the_session_as_the_header_does(
        self, make_client: MakeClient, path: str
    ) -> None:
        client = await make_client()

        created = await client.post(path, json=ANN)

        assert created.headers["X-Session-ID"] == "shop"
        by_header = await client.get("/members/1", headers={"X-Session-ID": "shop"})
        assert await by_header.json() == {"id": 1, **ANN}
        assert (await client.get("/members/1")).status == 404

    async def test_location_and_link_keep_the_prefix(self, make_client: MakeClient) -> None:
        """A client that follows them must stay in the session."""
        client = await make_client()

        created = await client.post("/@shop/members", json=ANN)
        await client.post("/@shop/members", json=ANN)
        page = await client.get("/@shop/members?limit=1")
        following = URL(str(page.links["next"]["url"]))

        assert created.headers["Location"] == "/@shop/members/1"
        assert (await client.get(created.headers["Location"])).status == 200
        assert following.path == "/@shop/members"
        assert (await client.get(following.relative())).headers["X-Session-ID"] == "shop"

    async def test_links_in_bodies_keep_the_prefix(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.post("/@shop/members", json=[ANN, ANN])

        page = await client.get(
            "/@shop/members?limit=1&offset=0", headers={"X-LARST-Dialect": "drf"}
        )

        assert "/@shop/members?" in (await page.json())["next"]

    async def test_headers_of_a_program_keep_the_prefix(self, make_client: MakeClient) -> None:
        block = (
            'REPLY = make_response(200, {"path": ctx["path"]},'
            ' {"Location": "/a/1", "Link": "</a?page=2>; rel=next, <https://b.test/>; rel=up"})'
        )
        client = await make_client(ScriptedPlanner({"GET /a": [block]}))

        reply = await client.get("/@shop/a")

        assert await reply.json() == {"path": "/a"}
        assert reply.headers["Location"] == "/@shop/a/1"
        assert reply.headers["Link"] == "</@shop/a?page=2>; rel=next, <https://b.test/>; rel=up"

    async def test_header_and_prefix_must_agree(self, make_client: MakeClient) -> None:
        client = await make_client()

        differing = await client.get("/@shop/members", headers={"X-Session-ID": "other"})
        same = await client.get("/@shop/members", headers={"X-Session-ID": "shop"})

        assert (differing.status, (await differing.json())["error"]) == (400, "bad session id")
        assert same.status == 200

    @pytest.mark.parametrize("name", ["a.b", "a%20b", "", "x" * 129, "a%2Fb", "@b", "%ff"])
    async def test_an_invalid_name_is_refused(self, make_client: MakeClient, name: str) -> None:
        client = await make_client()

        for path in (f"/@{name}/members", f"/@{name}", f"/@{name}/swagger.json"):
            reply = await client.get(path)
            assert (reply.status, (await reply.json())["error"]) == (400, "bad session id"), path

    async def test_the_pages_of_a_session_are_below_its_prefix(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        await client.post("/@shop/members", json=ANN)

        document = await (await client.get("/@shop/swagger.json")).json()
        docs = await (await client.get("/@shop/docs")).text()
        redoc = await client.get("/@shop/redoc")

        url = document["servers"][0]["url"]
        assert url.endswith("/@shop")
        assert "/members" in document["paths"]
        assert (await client.get(f"{url.removeprefix(str(client.make_url('/')))}/members")).status
        assert 'data-prefix="/@shop"' in docs
        assert 'href="/@shop/redoc"' in docs
        assert redoc.status == 200

    @pytest.mark.parametrize("path", ["/@shop", "/@shop/"])
    async def test_the_landing_page_is_below_the_prefix(
        self, make_client: MakeClient, path: str
    ) -> None:
        client = await make_client()

        welcome = await (await client.get(path)).json()
        html = await (await client.get(path, headers={"Accept": "text/html"})).text()

        assert welcome["session_id"] == "shop"
        assert welcome["links"]["docs"] == "/@shop/docs"
        assert welcome["links"]["health"] == "/healthz"
        assert "/@shop/members/" in welcome["try"][0]
        assert "X-Session-ID" not in welcome["try"][0]
        assert 'href="/@shop/swagger.json"' in html

    @pytest.mark.parametrize(
        "path", ["/healthz", "/readyz", "/_larst/plans", "/_larst", "/_larst/x"]
    )
    async def test_no_other_reserved_path_is_planned_below_a_prefix(
        self, make_client: MakeClient, path: str
    ) -> None:
        client = await make_client()

        reply = await client.get(f"/@shop{path}")

        assert reply.status == 404
        assert "reserved" in (await reply.json())["detail"]

    async def test_the_pages_need_the_token_where_the_service_does(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")

        statuses = [await _status(client, path) for path in ("/", "/swagger.json", "/members")]

        assert statuses == [401, 401, 401]
        assert await _status(client, "/docs") == 200


async def _status(client: Client, path: str) -> int:
    status: int = (await client.get(f"/@shop{path}")).status
    return status


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/members", (None, "/members")),
        ("/@shop", ("shop", "/")),
        ("/@shop?a=/@b", ("shop", "/?a=/@b")),
        ("/@shop/a%2Fb?x=1?y", ("shop", "/a%2Fb?x=1?y")),
        ("/@a/@b/c", ("a", "/@b/c")),
        ("/a/@shop", (None, "/a/@shop")),
        ("//@shop/a", (None, "//@shop/a")),
    ],
)
def test_a_prefix_is_split_off_once(target: str, expected: tuple[Any, str]) -> None:
    assert split_target(target) == SplitTarget(*expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/a", "/@s/a"),
        ("/@s/a", "/@s/a"),
        ("//b.test/a", "//b.test/a"),
        ("https://b.test/", "https://b.test/"),
        ("a", "a"),
    ],
)
def test_only_paths_on_this_service_get_the_prefix(value: str, expected: str) -> None:
    assert with_prefix({"Location": value}, "/@s") == {"Location": expected}
