"""The tests of a small shop. They know only its API, and run against LARST and its project.

`test_shop_suite.py` runs them, in a process of their own: SHOP_URL and SHOP_SESSION name a LARST,
SHOP_PACKAGE the package of an ejected project.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import httpx
import pytest

PRODUCTS, ORDERS = "/api/v1/products", "/api/v1/orders"


@pytest.fixture(scope="module")
def shop() -> Iterator[Any]:
    """Return a client of the shop: the only place that knows what serves it."""
    if package := os.environ.get("SHOP_PACKAGE"):
        from fastapi.testclient import TestClient

        with TestClient(import_module(f"{package}.app").app) as client:
            import_module(f"{package}.database").load()
            yield client
        return
    headers = {"X-Session-ID": os.environ["SHOP_SESSION"]}
    with httpx.Client(base_url=os.environ["SHOP_URL"], headers=headers) as client:
        yield client


def create(shop: Any, path: str, record: dict[str, Any]) -> dict[str, Any]:
    reply = shop.post(path, json=record)
    assert reply.status_code == 201
    created: dict[str, Any] = reply.json()
    assert reply.headers["Location"].endswith(f"{path}/{created['id']}")
    return created


def test_a_product_is_created_and_read(shop: Any) -> None:
    product = {"name": "Nail", "price": 0.1, "stock": 900, "category": "tools"}
    created = create(shop, PRODUCTS, product)
    assert {**created, **product} == created
    assert shop.get(f"{PRODUCTS}/{created['id']}").json() == created


def test_products_are_filtered_sorted_and_counted(shop: Any) -> None:
    for price in (7, 3, 5):
        create(shop, PRODUCTS, {"name": "Bulb", "price": price, "stock": 1, "category": "bulbs"})
    query = {"category": "bulbs", "price_gte": 5, "sort": "price"}
    page = shop.get(PRODUCTS, params=query).json()
    assert [product["price"] for product in page["items"]] == [5, 7]
    assert page["page"]["total"] == 2
    assert shop.get(f"{PRODUCTS}/count", params={"category": "bulbs"}).json() == {"count": 3}


def test_a_page_has_a_limit(shop: Any) -> None:
    page = shop.get(PRODUCTS, params={"limit": 2}).json()
    assert len(page["items"]) == 2
    assert page["page"]["total"] > 2


def test_stock_changes_and_the_rest_stays(shop: Any) -> None:
    created = create(shop, PRODUCTS, {"name": "Axe", "price": 9, "stock": 4, "category": "tools"})
    path = f"{PRODUCTS}/{created['id']}"
    assert shop.patch(path, json={"stock": 3}).json() == {**created, "stock": 3}
    assert shop.get(path).json()["stock"] == 3


def test_an_order_has_lines(shop: Any) -> None:
    lines = [{"product_id": 1, "quantity": 2}, {"product_id": 2, "quantity": 1}]
    order = create(shop, ORDERS, {"lines": lines})
    assert shop.get(f"{ORDERS}/{order['id']}").json()["lines"] == lines


def test_an_id_is_used_once(shop: Any) -> None:
    order = create(shop, ORDERS, {"lines": []})
    assert shop.post(ORDERS, json={"id": order["id"], "lines": []}).status_code == 409


def test_a_deleted_order_is_gone(shop: Any) -> None:
    order = create(shop, ORDERS, {"lines": []})
    path = f"{ORDERS}/{order['id']}"
    assert shop.delete(path).status_code == 204
    assert shop.get(path).status_code == 404
    assert shop.patch(path, json={"lines": []}).status_code == 404
