"""What a webhook may be: addresses that are refused, and definitions that make no sense."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from aiohttp.abc import ResolveResult
from yarl import URL

from larst.config import load_settings
from larst.errors import BadRequestError, ConfigError
from larst.http.webhooks import Receivers, Sender, addresses
from larst.http.webhooks.messages import Message, signature
from larst.http.webhooks.sender import DeliveryFailedError
from tests.http.helpers import Client, MakeClient
from tests.http.tenants import Start
from tests.http.webhooks.receiver import HOOKS, Receiver, becomes, put

LISTED = Receivers(["hooks.example.com", "*.hooks.example.org", "10.1.1.1", "169.254.1.1"])


def answers(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    """Have every name lead to these addresses."""

    async def resolve(host: str, port: int, family: object) -> list[ResolveResult]:
        del family
        return [
            ResolveResult(hostname=host, host=item, port=port, family=2, proto=0, flags=0)
            for item in found
        ]

    monkeypatch.setattr(addresses, "resolve", resolve)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fe80::1]/",
        "http://[fe80::1%25eth0]/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://192.168.1.1:8080/",
        "http://[64:ff9b::10.0.0.1]/",
        "http://8.8.8.8/",
    ],
)
async def test_an_address_of_another_machine_is_refused(make_client: MakeClient, url: str) -> None:
    client = await make_client()
    reply = await client.put(f"{HOOKS}/audit", json={"url": url})
    assert reply.status == 400
    assert "is not a loopback address" in (await reply.json())["detail"]
    assert (await client.get(HOOKS)).status == 404  # nothing was made


@pytest.mark.parametrize(
    "url",
    ["http://2130706433/", "http://127.1/", "http://0x7f000001/", "http://010.0.0.1/"],
)
def test_other_spellings_of_an_ipv4_address_are_refused(url: str) -> None:
    """Readers differ in what they mean."""
    with pytest.raises(BadRequestError, match=r"four parts|loopback"):
        Receivers(()).checked_url(url)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "127.0.0.1:80",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://user:word@127.0.0.1/",
        "http://127.0.0.1/#a",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "http://127.0.0.1/" + "a" * 2000,
    ],
)
def test_only_a_plain_url_is_accepted(url: object) -> None:
    with pytest.raises(BadRequestError, match="url must be such as"):
        Receivers(()).checked_url(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/a?b=c", "https://[::1]/", "http://[::ffff:127.0.0.1]/"]
)
def test_loopback_addresses_are_allowed(url: str) -> None:
    assert Receivers(()).checked_url(url) == URL(url)


@pytest.mark.parametrize("found", [["10.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["::ffff:10.0.0.1"]])
async def test_a_name_that_leads_elsewhere_is_refused(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    client = await make_client()
    answers(monkeypatch, *found)
    reply = await client.put(f"{HOOKS}/audit", json={"url": "http://hooks.example.com/"})
    assert (reply.status, "LARS_WEBHOOK_HOSTS=hooks" in await reply.text()) == (400, True)


async def test_a_name_that_leads_elsewhere_later_is_not_connected_to(
    client: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the answer that is checked is the one that is used."""
    answers(monkeypatch, "127.0.0.1")
    await put(client, f"http://rebound.localhost:{receiver.server.port}/")
    answers(monkeypatch, "10.0.0.1")
    await client.post("/tasks", json={"n": 1}, headers={"X-Session-ID": "one"})
    webhook = await becomes(client, state="retrying")
    assert "leads to 10.0.0.1, which is not a loopback address" in webhook["reason"]
    assert receiver.received == []

    answers(monkeypatch, "127.0.0.1")
    await receiver.take(1)


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    return await make_client()


@pytest.mark.parametrize(
    ("host", "found", "is_allowed"),
    [
        ("hooks.example.com", "93.184.216.34", True),
        ("hooks.example.com", "10.0.0.1", True),
        ("a.hooks.example.org", "10.0.0.1", True),
        ("hooks.example.com.", "10.0.0.1", True),
        ("hooks.example.org", "10.0.0.1", False),
        ("hooks.example.com.evil.net", "10.0.0.1", False),
        ("hooks.example.com", "169.254.169.254", False),
        ("hooks.example.com", "::ffff:169.254.169.254", False),
        ("hooks.example.com", "fe80::1", False),
        ("hooks.example.com", "0.0.0.0", False),  # noqa: S104 - an address that is refused
        ("hooks.example.com", "169.254.1.1", True),
    ],
)
async def test_listed_hosts_are_allowed(
    monkeypatch: pytest.MonkeyPatch, host: str, found: str, is_allowed: bool
) -> None:
    """Also with private addresses, but a name must not lead to the metadata of a cloud."""
    answers(monkeypatch, found)
    if is_allowed:
        await LISTED.check_lookup(LISTED.checked_url(f"https://{host}/a"))
        assert (await LISTED.lookup(host, 443, socket.AF_UNSPEC))[0]["host"] == found
    else:
        with pytest.raises(BadRequestError):
            await LISTED.check_lookup(LISTED.checked_url(f"https://{host}/a"))


@pytest.mark.parametrize("host", ["internal.example.com", "hooks.example.com.evil.net", "intranet"])
def test_a_host_that_is_not_listed_is_not_looked_up(host: str) -> None:
    """A client could ask any name server, and each lookup of a slow one takes a thread."""
    with pytest.raises(BadRequestError, match="LARS_WEBHOOK_HOSTS"):
        LISTED.checked_url(f"https://{host}/a")


def test_a_listed_address_is_allowed() -> None:
    assert LISTED.checked_url("http://10.1.1.1/")
    with pytest.raises(BadRequestError):
        LISTED.checked_url("http://10.1.1.2/")


async def test_a_list_that_became_shorter_counts_for_old_webhooks() -> None:
    """The list is read at each start, and the webhooks are kept."""
    sender = Sender(Receivers(()))
    with pytest.raises(DeliveryFailedError, match="not a loopback address"):
        await sender.send("http://10.1.1.1/", Message("a-1", b"{}"), {})
    await sender.close()


async def test_none_switches_webhooks_off(make_client: MakeClient, receiver: Receiver) -> None:
    client = await make_client(LARS_WEBHOOK_HOSTS="none")
    reply = await client.put(f"{HOOKS}/audit", json={"url": receiver.url})
    assert (reply.status, "LARS_WEBHOOK_HOSTS=none" in await reply.text()) == (400, True)


def test_every_host_cannot_be_listed() -> None:
    with pytest.raises(ConfigError, match="LARS_WEBHOOK_HOSTS"):
        load_settings({"LARS_WEBHOOK_HOSTS": "*"})


async def test_the_service_does_not_send_to_itself(client: Client) -> None:
    """What it stores would be sent again, for ever."""
    for host in ("127.0.0.1", "localhost"):
        url = f"http://{host}:{client.port}/@two/log"
        reply = await client.put(f"{HOOKS}/audit", json={"url": url})
        assert (reply.status, "its own webhooks" in await reply.text()) == (400, True)


URL_OF = {"url": "http://127.0.0.1:9/"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "a webhook is an object"),
        ({**URL_OF, "colour": 1}, "it may have url, resources"),
        ({**URL_OF, "resources": []}, "a list of 1 to 50 names"),
        ({**URL_OF, "resources": ["../a"]}, "name"),
        ({**URL_OF, "filter": []}, "filter must be an object"),
        ({**URL_OF, "filter": {"a": {"b": 1}}}, "plain value"),
        ({**URL_OF, "filter": {"n__in": 5}}, "filter:"),
        (
            {**URL_OF, "filter": {"*__icontains": [*"abcdefghijklmnopqrstuvwxyz"]}},
            "too many values",
        ),
        ({**URL_OF, "secret": "short"}, "whsec_ and 24 to 64 bytes"),
        ({**URL_OF, "secret": "whsec_YWJj"}, "whsec_ and 24 to 64 bytes"),
    ],
)
async def test_a_wrong_definition_is_refused(client: Client, value: Any, text: str) -> None:
    reply = await client.put(f"{HOOKS}/audit", json=value)
    assert (reply.status, text in await reply.text()) == (400, True)


async def test_a_wrong_name_is_refused(client: Client) -> None:
    assert (await client.put(f"{HOOKS}/a%20b", json=URL_OF)).status == 400


async def test_only_admins_see_and_set_those_of_their_own_tenant(
    start: Start, receiver: Receiver
) -> None:
    service = await start()
    for token in ("reader", "writer"):
        for method in ("GET", "PUT"):
            path = HOOKS if method == "GET" else f"{HOOKS}/audit"
            assert (await service.send(token, method, path, json={})).status == 403
    reply = await service.send("ann", "PUT", f"{HOOKS}/audit", json={"url": receiver.url})
    assert reply.status == 200, await reply.text()
    assert (await service.send("ben", "GET", HOOKS)).status == 404

    session = {"headers": {"X-Session-ID": "one"}, "json": {"n": 1}}
    await service.send("ben", "POST", "/tasks", **session)
    await service.send("ann", "POST", "/tasks", **session)
    (received,) = await receiver.take(1)
    assert received.event == ("record.created", {"id": 1, "n": 1})
    assert (await service.send("ben", "DELETE", f"{HOOKS}/audit")).status == 404


def test_a_message_is_signed_as_the_standard_says() -> None:
    """The example of Svix, from which Standard Webhooks comes."""
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(message, secret, "1614265330") == expected
