"""Longer work of a user: a blog, a shop, tasks, a catalogue, and restarts between requests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable

import aiohttp
import orjson
import pytest

from tests.service.api import Api, Service


async def test_a_blog_with_comments(api: Api) -> None:
    await api.post("/posts", {"title": "Hello", "tags": ["intro"], "published": False})
    await api.post("/posts", {"title": "Second", "tags": ["intro", "more"], "published": True})
    for text in ("First!", "Nice"):
        assert (await api.post("/posts/1/comments", {"text": text})).status == 201
    await api.post("/posts/2/comments", {"text": "Elsewhere"})

    published = await api.patch("/posts/1", {"published": True})
    comments = await api.get("/posts/1/comments?sort=-id")
    tagged = await api.get("/posts/search?tags=more")
    cleaned = await api.delete("/posts/1/comments?text=First!")

    assert published.body["published"] is True
    assert [comment["text"] for comment in comments.body["items"]] == ["Nice", "First!"]
    assert [post["id"] for post in tagged.body] == [2]
    assert cleaned.body == {"deleted": 1}
    assert (await api.get("/comments")).body["page"]["total"] == 2


async def test_a_shop_with_orders(api: Api) -> None:
    products = [
        {"name": "Hammer", "price": 19.9, "stock": 5, "category": "tools"},
        {"name": "Saw", "price": 29.5, "stock": 0, "category": "tools"},
        {"name": "Lamp", "price": 45, "stock": 2, "category": "light"},
    ]
    assert (await api.post("/api/v1/products", products)).status == 201

    cheap = await api.get("/api/v1/products?category=tools&price_max=20")
    in_stock = await api.get("/api/v1/products?stock_gt=0&sort=-price")
    order = await api.post("/api/v1/orders", {"lines": [{"product_id": 1, "quantity": 2}]})
    sold = await api.patch("/api/v1/products/1", {"stock": 3})
    cancelled = await api.post(f"{order.headers['Location']}/cancel")

    assert [item["name"] for item in cheap.body["items"]] == ["Hammer"]
    assert [item["name"] for item in in_stock.body["items"]] == ["Lamp", "Hammer"]
    assert order.headers["Location"] == "/api/v1/orders/1"
    assert sold.body["stock"] == 3
    assert cancelled.status == 501


async def test_a_task_list_of_two_people(api: Api) -> None:
    ann, ben = api.session(f"{api.session_id}-ann"), api.session(f"{api.session_id}-ben")
    for person, titles in ((ann, ["Shop", "Cook"]), (ben, ["Clean"])):
        for title in titles:
            await person.post("/tasks", {"title": title, "done": False})

    await ann.patch("/tasks/1", {"done": True})
    archived = await ann.delete("/tasks?done=true")

    assert archived.body == {"deleted": 1}
    assert [task["title"] for task in (await ann.get("/tasks")).body["items"]] == ["Cook"]
    assert [task["title"] for task in (await ben.get("/tasks")).body["items"]] == ["Clean"]


async def test_a_deeply_nested_catalogue(api: Api) -> None:
    node: dict[str, object] = {"leaf": True}
    for level in range(60):
        node = {"level": level, "children": [node]}
    await api.post("/catalogues", {"root": node, "maker": {"address": {"city": "Bern"}}})

    matching = await api.get("/catalogues/search?maker.address.city=Be*")
    patched = await api.patch("/catalogues/1", {"maker": None})

    assert matching.body[0]["root"] == node
    assert patched.body["maker"] is None
    assert patched.body["root"] == node


async def test_three_levels_of_nesting(api: Api) -> None:
    await api.post("/shops", [{"name": "A"}, {"name": "B"}])
    await api.post("/shops/1/products", {"name": "Hammer"})
    review = await api.post("/shops/1/products/1/reviews", {"stars": 5})

    assert review.body == {"id": 1, "stars": 5, "product_id": 1}
    assert (await api.get("/shops/1/products/1/reviews")).body["page"]["total"] == 1
    assert (await api.get("/shops/2/products/1/reviews")).status == 404


async def test_all_records_exist_after_a_stop_and_after_a_kill(
    own_service: Service, http: aiohttp.ClientSession
) -> None:
    """A stop completes the documented files; after kill -9 the journal has the latest changes."""
    shop = Api(http, own_service.url, "shop")
    await shop.post("/products", [{"name": "Hammer"}, {"name": "Saw"}])
    assert own_service.stop() == 0
    folder = own_service.data_root / "shop"
    stored = orjson.loads((folder / "products.json").read_bytes())
    assert stored == [{"id": 1, "name": "Hammer"}, {"id": 2, "name": "Saw"}]
    schema = orjson.loads((folder / ".schemas" / "products.json").read_bytes())
    assert schema["fields"] == ["id", "name"]

    own_service.start()
    shop = Api(http, own_service.url, "shop")
    await shop.delete("/products/2")
    assert (await shop.post("/products", {"name": "Drill"})).body["id"] == 3
    own_service.stop(signal.SIGKILL)
    own_service.start()
    shop = Api(http, own_service.url, "shop")

    names = [item["name"] for item in (await shop.get("/products")).body["items"]]
    assert names == ["Hammer", "Drill"]
    assert (await shop.post("/products", {"name": "Nail"})).body["id"] == 4


async def test_a_thousand_simultaneous_creates_are_a_thousand_records_after_a_kill(
    start_service: Callable[..., Service],
) -> None:
    """No id twice and no record lost: the mailbox serializes simultaneous requests."""
    service = start_service(LARS_MAILBOX_SIZE="1000")
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        api = Api(http, service.url, "crowd")
        replies = await asyncio.gather(
            *(api.post("/things", {"number": number}) for number in range(1000))
        )
        service.stop(signal.SIGKILL)
        service.start()
        items = (await Api(http, service.url, "crowd").get("/things")).body["items"]

    assert {reply.status for reply in replies} == {201}
    assert sorted(reply.body["id"] for reply in replies) == list(range(1, 1001))
    assert {item["number"] for item in items} == set(range(1000))
    assert len(items) == 1000


async def test_a_second_service_on_the_same_data_is_refused(own_service: Service) -> None:
    """Two writers would overwrite the records of each other."""
    second = Service(own_service.data_root, own_service.log_path)

    with pytest.raises(AssertionError, match=str(own_service.pid)):
        second.start()


async def test_a_stop_under_load_keeps_every_record_that_was_acknowledged(
    start_service: Callable[..., Service], http: aiohttp.ClientSession
) -> None:
    """SIGTERM: accepted requests finish, the files are complete, the exit code is 0."""
    service = start_service()
    api = Api(http, service.url, "load")
    acknowledged: list[int] = []

    async def create(number: int) -> None:
        with contextlib.suppress(aiohttp.ClientError):
            reply = await api.post("/things", {"number": number})
            if reply.status == 201:
                acknowledged.append(number)

    tasks = [asyncio.create_task(create(number)) for number in range(200)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert await asyncio.to_thread(service.stop) == 0
    await asyncio.gather(*tasks)

    stored = orjson.loads((service.data_root / "load" / "things.json").read_bytes())
    assert acknowledged
    assert {record["number"] for record in stored} >= set(acknowledged)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the workers in /proc")
async def test_a_killed_worker_fails_at_most_the_current_request(
    start_service: Callable[..., Service], http: aiohttp.ClientSession
) -> None:
    """The pool replaces the worker; the sessions and the service continue."""
    service = start_service(LARS_SANDBOX_WORKERS="2")
    api = Api(http, service.url, "workers")
    statuses: list[int] = []
    for _ in range(5):
        assert (await api.post("/things", {})).status == 201
        for worker in service.children():
            os.kill(worker, signal.SIGKILL)
        statuses += [(await api.get("/things")).status for _ in range(4)]

    assert set(statuses) <= {200, 500}
    assert statuses.count(500) <= 10
    assert statuses[-1] == 200
    assert (await api.get("/things")).body["page"]["total"] == 5
    assert (await api.get("/readyz")).status == 200
