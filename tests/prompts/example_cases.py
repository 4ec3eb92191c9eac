"""Requests for the worked examples in plan.md, with the expected replies."""

from __future__ import annotations

from collections.abc import Mapping

from larst.domain import Json

NOT_FOUND = {"error": "not found"}


MEMBERS = [{"name": "Ann", "lastName": "Hart"}, {"name": "Ben", "lastName": "Stone"}]


PRODUCTS = [{"price": 9, "category": "tools", "stock": 5}, {"price": 3, "category": "tools"}]


ACCOUNTS = [{"balance": 100}, {"balance": 0}]


class Case:
    """A real request for an example, the records that exist, and the expected reply."""

    def __init__(
        self,
        example: str,
        target: str,
        status: int,
        body: Json = ...,
        *,
        payload: Json = None,
        stored: Mapping[str, list[dict[str, Json]]] | None = None,
    ) -> None:
        self.example = example
        self.method, self.target = example.split(" ")[0], target
        self.payload, self.stored = payload, stored or {}
        self.status, self.body = status, body

    def __repr__(self) -> str:
        return f"{self.method} {self.target} {self.status}"


CASES = [
    Case("POST /members/ {", "/members/", 201, {"id": 1, "name": "Al"}, payload={"name": "Al"}),
    Case("GET /members/<int>", "/members/2", 200, stored={"members": MEMBERS}),
    Case("GET /members/<int>", "/members/9", 404, NOT_FOUND),
    Case(
        "GET /members/",
        "/members/",
        200,
        {"items": [], "page": {"total": 0, "limit": None, "offset": 0}},
    ),
    Case(
        "GET /members?limit",
        "/members?limit=1&offset=0&sort=-name",
        200,
        {
            "items": [{"id": 2, "name": "Ben", "lastName": "Stone"}],
            "page": {"total": 2, "limit": 1, "offset": 0},
        },
        stored={"members": MEMBERS},
    ),
    Case(
        "GET /members?limit",
        "/members?_page=2&_limit=1&_sort=name&_order=desc",
        200,
        {
            "items": [{"id": 1, "name": "Ann", "lastName": "Hart"}],
            "page": {"total": 2, "limit": 1, "offset": 1},
        },
        stored={"members": MEMBERS},
    ),
    Case(
        "GET /members?select",
        "/members?select=name&embed=posts",
        200,
        {
            "items": [
                {"name": "Ann", "posts": [{"id": 1, "member_id": 1}]},
                {"name": "Ben", "posts": []},
            ],
            "page": {"total": 2, "limit": None, "offset": 0},
        },
        stored={"members": MEMBERS, "posts": [{"member_id": 1}]},
    ),
    Case(
        "GET /members?select",
        "/members?expand=team",
        200,
        {
            "items": [{"id": 1, "team_id": 1, "team": {"id": 1, "name": "A"}}],
            "page": {"total": 1, "limit": None, "offset": 0},
        },
        stored={"members": [{"team_id": 1}], "teams": [{"name": "A"}]},
    ),
    Case(
        "GET /members/search",
        "/members/search?lastName=Ha*",
        200,
        [{"id": 1, "name": "Ann", "lastName": "Hart"}],
        stored={"members": MEMBERS},
    ),
    Case(
        "PUT /members/<int>",
        "/members/1",
        200,
        {"id": 1, "name": "C"},
        payload={"name": "C"},
        stored={"members": MEMBERS},
    ),
    Case("PUT /members/<int>", "/members/1", 400, payload=[1]),
    Case(
        "PATCH /members/<int>",
        "/members/1",
        200,
        {"id": 1, "name": "C", "lastName": "Hart"},
        payload={"name": "C"},
        stored={"members": MEMBERS},
    ),
    Case("DELETE /members/<int>", "/members/1", 204, stored={"members": MEMBERS}),
    Case("DELETE /members/<int>", "/members/1", 404, NOT_FOUND),
    Case("POST /members [", "/members", 201, [{"id": 1, "a": 1}], payload=[{"a": 1}]),
    Case(
        "DELETE /members?status",
        "/members?name=Ann",
        200,
        {"deleted": 1},
        stored={"members": MEMBERS},
    ),
    Case("DELETE /members?status", "/members", 400),
    Case("GET /posts/<int>/comments", "/posts/1/comments", 404, NOT_FOUND),
    Case(
        "GET /posts/<int>/comments",
        "/posts/1/comments",
        200,
        {
            "items": [{"id": 1, "post_id": 1}],
            "page": {"total": 1, "limit": None, "offset": 0},
        },
        stored={"posts": [{}], "comments": [{"post_id": 1}, {"post_id": 2}]},
    ),
    Case(
        "POST /posts/<int>/comments",
        "/posts/1/comments",
        201,
        {"id": 1, "text": "Hi", "post_id": 1},
        payload={"text": "Hi"},
        stored={"posts": [{}]},
    ),
    Case(
        "POST /posts/<int>/comments",
        "/posts/1/comments",
        409,
        payload={"text": "Hi", "post_id": 2},
        stored={"posts": [{}, {}]},
    ),
    Case("OPTIONS /members", "/members", 204),
    Case(
        "POST /orders/<int>/cancel",
        "/orders/1/cancel",
        200,
        {"id": 1, "status": "cancelled"},
        stored={"orders": [{"status": "open"}]},
    ),
    Case(
        "POST /orders/<int>/cancel",
        "/orders/1/cancel",
        409,
        stored={"orders": [{"status": "shipped"}]},
    ),
    Case(
        "GET /products/cheapest",
        "/products/cheapest?category=tools",
        200,
        {"id": 2, "price": 3, "category": "tools"},
        stored={"products": PRODUCTS},
    ),
    Case("GET /users/birthdays-this-month", "/users/birthdays-this-month", 200, []),
    Case(
        "POST /accounts/transfer",
        "/accounts/transfer",
        200,
        {"from": {"id": 1, "balance": 70}, "to": {"id": 2, "balance": 30}},
        payload={"from": 1, "to": 2, "amount": 30},
        stored={"accounts": ACCOUNTS},
    ),
    Case(
        "POST /accounts/transfer",
        "/accounts/transfer",
        409,
        payload={"from": 2, "to": 1, "amount": 30},
        stored={"accounts": ACCOUNTS},
    ),
    Case("POST /accounts/transfer", "/accounts/transfer", 422, payload={"amount": "much"}),
    Case("POST /accounts/transfer", "/accounts/transfer", 422, payload=["odd"]),
    Case(
        "POST /carts/<int>/checkout",
        "/carts/1/checkout",
        201,
        {
            "id": 1,
            "cart_id": 1,
            "items": [{"product_id": 1, "quantity": 2}],
            "total": 18,
            "status": "placed",
        },
        stored={"carts": [{"items": [{"product_id": 1, "quantity": 2}]}], "products": PRODUCTS},
    ),
    Case(
        "POST /carts/<int>/checkout",
        "/carts/1/checkout",
        409,
        stored={"carts": [{"items": [{"product_id": 2, "quantity": 2}]}], "products": PRODUCTS},
    ),
    Case(
        "GET /reports/sales-by-category",
        "/reports/sales-by-category",
        200,
        {"tools": 7},
        stored={"sales": [{"category": "tools", "amount": 3}, {"category": "tools", "amount": 4}]},
    ),
]
