"""Sessions with more records than the event loop could look at in one go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.service.api import Api, Service

COUNT = 12_000
MINIMAL = {"Prefer": "return=minimal"}


def _record(number: int) -> dict[str, Any]:
    return {
        "name": f"User {number * 7919 % COUNT:05}",
        "email": f"user{number}@example.com",
        "group": number % 1_000,
        "city": ("Berlin", "Rome")[number % 2],
        "age": number % 90,
    }


@pytest.fixture(scope="module")
def filled(service: Service) -> Callable[[aiohttp.ClientSession], Any]:
    """Return the client of a session with `COUNT` records, which is made once."""
    session_id = "large-and-shared"

    async def client(http: aiohttp.ClientSession) -> Api:
        api = Api(http, service.url, session_id)
        if (await api.get("/users/1")).status == 404:
            for first in range(1, COUNT, 2_000):
                records = [_record(number) for number in range(first, first + 2_000)]
                assert (await api.post("/users", records)).status == 201
        return api

    return client


@pytest.fixture(scope="module")
def papers(service: Service) -> Callable[[aiohttp.ClientSession], Any]:
    """Return the client of a session with 500 records of 45,000 characters, made once."""

    async def client(http: aiohttp.ClientSession) -> Api:
        api = Api(http, service.url, "papers")
        if (await api.get("/papers/1")).status == 404:
            for first in range(0, 500, 100):
                numbers = range(first, first + 100)
                records = [{"text": "lorem Ipsum é " * 3_200 + str(n), "n": n} for n in numbers]
                assert (await api.post("/papers", records, headers=MINIMAL)).status == 201
        return api

    return client


@pytest.mark.parametrize("attempt", ["first", "again"])
async def test_searches_and_pages_are_right_before_and_after_they_are_indexed(
    filled: Any, http: aiohttp.ClientSession, attempt: str
) -> None:
    del attempt
    api = await filled(http)
    by_name = sorted(range(1, COUNT + 1), key=lambda number: number * 7919 % COUNT)

    page = await api.get("/users?sort=-name&limit=3&offset=2")
    group = await api.get("/users/search?group=7")
    text = await api.get("/users?q=user11999%40&limit=5")
    older = await api.get("/users?age_gte=89&sort=name&limit=2")
    one_of = await api.get("/users?group_in=5,6&limit=1")
    cursor = await api.get("/users?sort=name&limit=1&after=1")

    assert [row["id"] for row in page.body["items"]] == by_name[::-1][2:5]
    assert [row["id"] for row in group.body] == list(range(7, COUNT, 1_000))
    assert [row["id"] for row in text.body["items"]] == [11_999]
    assert older.body["page"]["total"] == sum(number % 90 == 89 for number in by_name)
    assert [row["age"] for row in older.body["items"]] == [89, 89]
    assert one_of.body["page"]["total"] == 24
    assert cursor.body["items"][0]["id"] == by_name[by_name.index(1) + 1]


async def test_one_request_changes_more_records_than_it_may_make_store_calls(
    service: Service, http: aiohttp.ClientSession, session_id: str
) -> None:
    """A bulk change of 10,001 matches ended in a 500, and one of 50,000 in a 504."""
    api = Api(http, service.url, session_id)
    records = [_record(number) for number in range(1, COUNT + 1)]
    created = await api.post("/users", records, headers=MINIMAL)
    updated = await api.patch("/users?age_gte=0", {"seen": True})
    seen = await api.get("/users/count?seen=true")
    rome = await api.get("/users/count?city=Rome")
    deleted = await api.delete("/users?age_gte=1")
    left = await api.get("/users/count")

    remaining = sum(number % 90 == 0 for number in range(1, COUNT + 1))
    assert created.status == 201
    assert (updated.status, updated.body) == (200, {"updated": COUNT})
    assert (seen.body, rome.body) == ({"count": COUNT}, {"count": COUNT // 2})
    assert (deleted.status, deleted.body) == (200, {"deleted": COUNT - remaining})
    assert left.body == {"count": remaining}


async def test_a_list_with_one_wrong_record_names_it_and_stores_none(
    service: Service, http: aiohttp.ClientSession, session_id: str
) -> None:
    api = Api(http, service.url, session_id)
    records = [_record(number) for number in range(1, COUNT + 1)]
    records[9_000]["id"] = records[9_500]["id"] = "twice"

    refused = await api.post("/users", records)

    assert refused.status == 409
    assert refused.body["detail"].startswith("[9500]:")
    assert (await api.get("/users/count")).body == {"count": 0}


async def test_a_list_over_the_limit_says_how_to_page(
    filled: Any, http: aiohttp.ClientSession
) -> None:
    api = await filled(http)

    reply = await api.get("/users")

    assert reply.status == 400
    assert "?limit=100&offset=0" in reply.body["detail"]


LARGE_RECORDS = [
    "GET /papers?q=zzz",
    "GET /papers?text_contains=zzz&limit=1",
    "GET /papers?text_like=*a*b*c*d*e*zzz*&limit=1",
    "GET /papers?text=zzz&limit=1",
    "GET /papers?sort=text&limit=1&select=id",
    "GET /papers?sort=-text,n&text_ne=x&limit=1&select=id",
    "GET /papers/count?text_icontains=zzz",
    "GET /papers?n_gt=5&sort=text,n,id,text,n&limit=1",
    "GET /papers?n_gt=5&select=n&limit=50&sort=text",
]


@pytest.mark.parametrize("target", LARGE_RECORDS)
async def test_few_records_of_much_text_do_not_hold_the_event_loop(
    papers: Any, http: aiohttp.ClientSession, target: str
) -> None:
    """The watch of the service fails the test if they do; counting records would not see it."""
    api, (method, path) = await papers(http), target.split()

    assert (await api.send(method, path)).status == 200


async def test_a_patch_of_many_operations_for_many_records_is_applied_once(
    service: Service, http: aiohttp.ClientSession, session_id: str
) -> None:
    api = Api(http, service.url, session_id)
    await api.post("/notes", [{"tags": []} for _ in range(300)])
    patch = [{"op": "add", "path": "/tags/-", "value": number} for number in range(60)]

    reply = await api.patch(
        "/notes?id_gte=1", patch, headers={"Content-Type": "application/json-patch+json"}
    )

    assert reply.body == {"updated": 300}
    assert (await api.get("/notes/300")).body["tags"] == list(range(60))


async def test_changes_of_large_sessions_are_there_after_a_restart(
    own_service: Service, http: aiohttp.ClientSession
) -> None:
    api = Api(http, own_service.url, "large")
    records = [_record(number) for number in range(1, COUNT + 1)]
    assert (await api.post("/users", records, headers=MINIMAL)).status == 201
    await api.patch("/users?city=Rome", {"city": "Roma"})
    own_service.stop()

    own_service.start()
    api = Api(http, own_service.url, "large")

    assert (await api.get("/users/count?city=Roma")).body == {"count": COUNT // 2}
    assert (await api.get("/users/count")).body == {"count": COUNT}


RESOURCES = 900
MADE_UP = [f"made{number}up" for number in range(450)]
FILTERS = [{name: {"$gt": 1}} for name in MADE_UP]

NAMES_IN_A_WIDE_SESSION: list[tuple[str, str, Any]] = [
    ("GET", "/wides?" + "&".join(f"{name}=1" for name in MADE_UP), None),
    ("GET", "/wides?" + "&".join(f"{name}.a=1" for name in MADE_UP), None),
    ("GET", "/wides?" + "&".join(f"filters[$or][0][{n}][$eq]=1" for n in MADE_UP[:300]), None),
    ("GET", "/wides?" + "&".join(f"things_{number}.a=1" for number in range(300)), None),
    ("GET", "/wides?$expand=" + ",".join(f"{name}($select=a)" for name in MADE_UP), None),
    ("GET", "/wides?_embed=" + ",".join(MADE_UP[:19]), None),
    ("GET", "/wides/1?_embed=all", None),
    ("POST", "/wides/search", {"filter": {"and": FILTERS}}),
    ("POST", "/wides/search", dict.fromkeys(MADE_UP, 1)),
    ("GET", "/made-up-things", None),
]


@pytest.fixture(scope="module")
def wide(service: Service) -> Callable[[aiohttp.ClientSession], Any]:
    """Return the client of a session with many resources, one of which has many fields."""

    async def client(http: aiohttp.ClientSession) -> Api:
        resources = {f"things_{number}": [{"id": 1, "part_id": 1}] for number in range(RESOURCES)}
        resources["wides"] = [{"id": 1, **{f"field_{number}": 1 for number in range(3_000)}}]
        api = Api(http, service.url, "wide")
        if (await api.get("/wides/1")).status == 404:
            await api.post("/_larst/sessions/wide/import", resources)
        return api

    return client


@pytest.mark.parametrize(("method", "target", "body"), NAMES_IN_A_WIDE_SESSION)
async def test_names_that_a_client_makes_up_do_not_hold_the_event_loop(
    wide: Any, http: aiohttp.ClientSession, method: str, target: str, body: Any
) -> None:
    """Each was looked for among all resources, one by one: a GET of 5 KB took five seconds."""
    api = await wide(http)

    reply = await (api.post(target, body) if method == "POST" else api.get(target))

    assert reply.status in (200, 400)
