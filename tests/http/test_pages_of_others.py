"""What pages of other sites can do: nothing, unless their host or origin is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from larst.config import load_settings
from larst.errors import ConfigError
from larst.http.cors import AllowedOrigins
from larst.http.hosts import AllowedHosts, host_name
from tests.fakes import ScriptedPlanner
from tests.http.helpers import LIST, MakeClient

ALLOWED = AllowedHosts(("api.example.com", "*.shop.example"), ("Box", "box.local"))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8000", "10.1.2.3", "[::1]:8000", "[fe80::1]", "localhost", "LocalHost:5173",
        "localhost.", "app.localhost:80", "api.example.com", "API.example.com.:443",
        "a.shop.example", "a.b.shop.example:1", "box", "BOX.local:8000",
    ],
)  # fmt: skip
def test_a_name_of_the_service_is_allowed(host: str) -> None:
    name = host_name(host)

    assert name is not None
    assert ALLOWED.allows(name)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "shop.example", "evilshop.example", "localhost.evil.example", "example.com",
        "x.api.example.com", "127.0.0.1.evil.example", "notlocalhost", "1.2.3", "metadata",
    ],
)  # fmt: skip
def test_another_name_is_not(host: str) -> None:
    name = host_name(host)

    assert name is not None
    assert not ALLOWED.allows(name)


MALFORMED = ["a:65536", "[::1]x", "[1:2]", "[:::]", ".", f"{'a' * 256}"]


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "a@b", "a:b", "[::1", "a:1:2", "a\x00", "é", *MALFORMED]
)
def test_a_malformed_host_has_no_name(host: str) -> None:
    assert host_name(host) is None


@pytest.mark.parametrize(
    "host", ["a:b:c", "[::1", "user@a", 'a"><script>', "a?x", "a,b", *MALFORMED]
)
async def test_a_malformed_host_is_refused_where_every_name_is_allowed(
    make_client: MakeClient, host: str
) -> None:
    """It would be part of the links of pages and documents; `[::1` was answered with 500."""
    client = await make_client(LARS_ALLOWED_HOSTS="*")

    for method, path in [("POST", "/members"), ("GET", "/"), ("GET", "/openapi.json")]:
        reply = await client.request(method, path, headers={"Host": host}, json={})
        assert (reply.status, (await reply.json())["error"]) == (400, "bad request")


@pytest.mark.parametrize("path", ["/", "/healthz", "/members", "/_larst/sessions", "/docs", "/x/y"])
async def test_a_rebound_name_reaches_nothing(make_client: MakeClient, path: str) -> None:
    """A page whose name resolves to this machine counts as a page of this service."""
    client = await make_client()

    reply = await client.get(path, headers={"Host": "rebound.example:8000"})

    assert reply.status == 421
    assert "LARS_ALLOWED_HOSTS" in (await reply.json())["detail"]


@pytest.mark.parametrize("hosts", ["*", "rebound.example", "*.EXAMPLE"])
async def test_the_setting_allows_names(make_client: MakeClient, hosts: str) -> None:
    client = await make_client(LARS_ALLOWED_HOSTS=hosts)

    for _ in range(3):  # the lane answers the last
        assert (await client.get("/members", headers={"Host": "Rebound.example:1"})).status == 200


@pytest.mark.parametrize("value", ["https://a.example", "a.example:80", "a b", "*x", "a,,/"])
def test_the_setting_takes_names_only(value: str) -> None:
    with pytest.raises(ConfigError, match="LARS_ALLOWED_HOSTS"):
        load_settings({"LARS_ALLOWED_HOSTS": value})


LOCAL = [
    "http://localhost:5173",
    "http://127.0.0.1:3000",
    "https://app.localhost",
    "http://[::1]:1",
]
FOREIGN = ["https://evil.example", "null", "http://localhost.evil.example", "x", "http://[", ""]


@pytest.mark.parametrize(
    "host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "10.0.0.5:8000"]
)
def test_pages_of_developers_work_without_settings(host: str) -> None:
    origins = AllowedOrigins((), has_token=False)

    assert all(origins.allows(origin, host) for origin in LOCAL)
    assert origins.allows("http://10.0.0.5:3000", "10.0.0.5:8000")
    assert not any(origins.allows(origin, host) for origin in FOREIGN)


async def test_a_foreign_page_can_neither_read_nor_change(make_client: MakeClient) -> None:
    """A browser sends a form or a text without asking first."""
    client, page = await make_client(), {"Origin": "https://evil.example"}

    preflight = await client.options(
        "/members", headers={**page, "Access-Control-Request-Method": "POST"}
    )
    for _ in range(3):
        write = await client.post("/members", data='{"a":1}', headers=page)
        assert write.status == 403
        assert "LARS_CORS_ORIGINS" in (await write.json())["detail"]
    read = await client.get("/members", headers=page)

    assert (await read.json())["items"] == []
    for reply in (preflight, write, read):
        assert "Access-Control-Allow-Origin" not in reply.headers
        assert "Origin" in reply.headers["Vary"]


async def test_all_pages_may_call_by_choice(make_client: MakeClient) -> None:
    client, page = await make_client(LARS_CORS_ORIGINS="*"), {"Origin": "https://a.example"}

    reply = await client.post("/members", json={}, headers=page)

    assert reply.status == 201
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in reply.headers


async def test_listed_pages_may_send_credentials(make_client: MakeClient) -> None:
    client, page = await make_client(LARS_CORS_ORIGINS="https://a.example"), "https://a.example"

    reply = await client.get("/members", headers={"Origin": page})
    local = await client.get("/members", headers={"Origin": "http://localhost:5173"})

    assert reply.headers["Access-Control-Allow-Origin"] == page
    assert reply.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Access-Control-Allow-Origin" not in local.headers


async def test_the_services_own_page_may_change_data(make_client: MakeClient) -> None:
    """Swagger UI sends its requests from there, also where other origins are listed."""
    client = await make_client(LARS_CORS_ORIGINS="https://a.example")
    own = f"http://{client.server.host}:{client.server.port}"
    proxied = {"Origin": "https://shop.example", "Sec-Fetch-Site": "same-origin"}

    assert (await client.post("/members", json={}, headers={"Origin": own})).status == 201
    assert (await client.post("/members", json={}, headers=proxied)).status == 201


async def test_a_preflight_from_the_internet_is_answered(make_client: MakeClient) -> None:
    """Private Network Access, section 3.2: a public page asks before it calls this machine."""
    client = await make_client(LARS_CORS_ORIGINS="https://a.example")
    asks = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Private-Network": "true",
    }

    listed = await client.options("/members", headers={"Origin": "https://a.example", **asks})
    foreign = await client.options("/members", headers={"Origin": "https://b.example", **asks})

    assert listed.headers["Access-Control-Allow-Private-Network"] == "true"
    assert "Access-Control-Allow-Private-Network" not in foreign.headers


async def test_replies_of_a_session_stay_with_it(make_client: MakeClient) -> None:
    """A cache between client and service must not give one session the data of another."""
    client = await make_client()
    await client.post("/members", json={"name": "Ann"})

    for path in ("/members/1", "/members", "/members/9", "/swagger.json"):
        for _ in range(3):  # the second and third may be remembered
            reply = await client.get(path)
            assert "X-Session-ID" in reply.headers["Vary"]
            assert "private" in reply.headers["Cache-Control"]
    etag = (await client.get("/members/1")).headers["ETag"]
    unchanged = await client.get("/members/1", headers={"If-None-Match": etag})
    assert unchanged.status == 304
    assert "X-Session-ID" in unchanged.headers["Vary"]


async def test_no_reply_of_a_program_can_act_in_the_origin(
    make_client: MakeClient, tmp_path: Path
) -> None:
    """Whatever its type, made by rules or by a model, an error or not.

    Replies of the lane are the same to the byte (tests/http/lane).
    """
    page = 'REPLY = make_response(200, "<b>", {"Content-Type": "text/html"})'
    planner = ScriptedPlanner({"GET /page": [page], "GET /list": [LIST]})
    by_model = await make_client(planner)
    by_rules = await make_client(SANDBOX_DATA_ROOT=str(tmp_path / "other"))
    await by_rules.post("/members", json={"name": "Ann"})
    paths = ("/members", "/members/1", "/members/9", "/members?limit=x", "/members/1?a=1")

    replies = [await by_model.get(path) for path in ("/page", "/list", "/none") for _ in "123"]
    replies += [await by_rules.get(path) for path in paths for _ in "123"]
    replies += [await by_rules.delete("/members/1"), await by_rules.options("/members")]

    for reply in replies:
        assert reply.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


SECRET = "s3cret-value"


async def test_programs_see_only_headers_of_a_list(make_client: MakeClient) -> None:
    """No list of the headers that carry secrets is ever complete."""
    show = "REPLY = make_response(200, ctx['headers'])"
    client = await make_client(ScriptedPlanner({"GET /ctx": [show]}))
    secrets = (
        "Authorization Cookie Proxy-Authorization X-Api-Key Api-Key X-Vault-Token X-Auth-Token"
        " X-Amz-Security-Token X-CSRF-Token X-Goog-IAP-JWT-Assertion CF-Access-Jwt-Assertion"
        " X-GitLab-Token X-Functions-Key Ocp-Apim-Subscription-Key X-Forwarded-Access-Token Referer"
    ).split()
    shown = {"accept": "a/b", "prefer": "x", "if-match": '"1"', "x-larst-dialect": "larst"}

    reply = await client.get("/ctx", headers={**dict.fromkeys(secrets, SECRET), **shown})

    assert SECRET not in await reply.text()
    assert shown.items() <= (await reply.json()).items()


@pytest.mark.parametrize(
    ("own", "sent"),
    [
        ("public, max-age=99999", "private, max-age=99999"),
        ("Public,S-MaxAge=60 ,immutable", "private, immutable"),
        ("max-age=5, must-revalidate", "private, max-age=5, must-revalidate"),
        ("no-store", "private, no-store"),
        ("private=x, no-cache", "private, no-cache"),
        ("", "private"),
    ],
)
async def test_a_program_cannot_let_a_shared_cache_keep_its_reply(
    make_client: MakeClient, own: str, sent: str
) -> None:
    """Tenants may share a cache, and `public` lets it serve a reply to the token of another one."""
    program = f'REPLY = make_response(200, 1, {{"Cache-Control": "{own}"}})'
    client = await make_client(ScriptedPlanner({"GET /page": [program]}))

    replies = [await client.get("/page") for _ in range(3)]

    assert [reply.headers["Cache-Control"] for reply in replies] == [sent] * 3
