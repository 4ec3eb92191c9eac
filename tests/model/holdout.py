"""Custom requests that no example names, with right programs for them: a hold-out.

Each has the records of its session, a request, and the right outcome: the status, the reply,
and the records afterwards where they must differ from those before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Records = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Case:
    """One request. `is_right` takes the body of the reply; `changed` are records afterwards."""

    request: str
    records: Records
    resource: str | None
    program: str
    is_right: Callable[[Any], bool]
    body: Any = None
    changed: Mapping[str, Mapping[int, Mapping[str, Any]]] = field(default_factory=dict)
    """By resource and id: fields that the record must have afterwards."""
    removed: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """By resource: ids of records that may be gone afterwards."""

    def __repr__(self) -> str:
        return self.request

    @property
    def action(self) -> str:
        """The method and path."""
        return self.request.partition("?")[0]


MISSING = '    REPLY = make_response(404, {"error": "not found"})\nelse:\n'


def one(name: str, then: str) -> str:
    """Return a program that does something with the record that the path names."""
    return f'{name} = store.get(plan["identifier"])\nif {name} is None:\n{MISSING}    {then}'


def change(name: str, fields: str) -> str:
    """Return a program that changes the record that the path names."""
    return one(name, f'REPLY = make_response(200, store.update({name}["id"], {fields}))')


def has(**fields: Any) -> Callable[[Any], bool]:
    """Return a check that the reply, or the object in it, has these fields."""

    def check(reply: Any) -> bool:
        if not isinstance(reply, dict):
            return False
        inner = [value for value in reply.values() if isinstance(value, dict)]
        return any(fields.items() <= part.items() for part in (reply, *inner))

    return check


def number(expected: float) -> Callable[[Any], bool]:
    """Return a check that the reply is this number, or an object in which it is a value."""

    def check(reply: Any) -> bool:
        values = reply.values() if isinstance(reply, dict) else [reply]
        return any(type(value) in (int, float) and value == expected for value in values)

    return check


def listed(*expected: Any) -> Callable[[Any], bool]:
    """Return a check that the reply lists these items: ids of records, or plain values."""

    def check(reply: Any) -> bool:
        if isinstance(reply, dict):
            reply = next((value for value in reply.values() if isinstance(value, list)), None)
        if not isinstance(reply, list):
            return False
        found = [item.get("id") if isinstance(item, dict) else item for item in reply]
        return sorted(map(str, found)) == sorted(map(str, expected))

    return check


def anything(_reply: Any) -> bool:
    """The records afterwards say whether it is right."""
    return True


TICKETS = [{"title": "Leak", "state": "open"}, {"title": "Dust", "state": "open"}]
ORDERS = [
    {"item": "tea", "amount": 5, "status": "paid"},
    {"item": "salt", "amount": 7, "status": "paid"},
]
PRODUCTS = [
    {"name": "cup", "price": 9, "stock": 0, "category": "kitchen"},
    {"name": "saw", "price": 30, "stock": 4, "category": "tools"},
    {"name": "pan", "price": 20, "stock": 2, "category": "kitchen"},
]
WALLETS = [{"owner": "Ann", "balance": 50}, {"owner": "Ben", "balance": 10}]
GROUP = (
    "groups = {}\nfor item in store.search({}):\n"
    '    groups.setdefault(str(item.get("category")), []).append(item)\n'
    "REPLY = make_response(200, groups)"
)
ADD_AMOUNT = (
    'body = plan["payload"] if isinstance(plan["payload"], dict) else {{}}\n'
    'wallet = store.get(plan["identifier"])\n'
    "if wallet is None:\n"
    '    REPLY = make_response(404, {{"error": "not found"}})\n'
    'elif not isinstance(body.get("amount"), int):\n'
    '    REPLY = make_response(422, {{"error": "bad amount"}})\n'
    "else:\n"
    '    balance = wallet["balance"] {} body["amount"]\n'
    '    REPLY = make_response(200, store.update(wallet["id"], {{"balance": balance}}))'
)

CASES: Sequence[Case] = (
    Case(
        "POST /tickets/1/close", {"tickets": TICKETS}, "tickets",
        change("ticket", '{"state": "closed"}'), anything,
        changed={"tickets": {1: {"state": "closed"}}},
    ),
    Case(
        "POST /orders/1/ship", {"orders": ORDERS}, "orders",
        change("order", '{"status": "shipped"}'), anything,
        changed={"orders": {1: {"status": "shipped"}}},
    ),
    Case(
        "POST /users/1/suspend",
        {"users": [{"name": "Ann", "status": "active"}, {"name": "Ben", "status": "active"}]},
        "users", change("user", '{"status": "suspended"}'), anything,
        changed={"users": {1: {"status": "suspended"}}},
    ),
    Case(
        "POST /invoices/1/pay", {"invoices": [{"total": 5, "paid": False}]}, "invoices",
        change("invoice", '{"paid": True}'), anything,
        changed={"invoices": {1: {"paid": True}}},
    ),
    Case(
        "POST /members/1/activate", {"members": [{"name": "Ann", "active": False}]}, "members",
        change("member", '{"active": True}'), anything,
        changed={"members": {1: {"active": True}}},
    ),
    Case(
        "POST /notes/1/pin", {"notes": [{"text": "x", "pinned": False}]}, "notes",
        change("note", '{"pinned": True}'), anything,
        changed={"notes": {1: {"pinned": True}}},
    ),
    Case(
        "POST /issues/1/reopen",
        {"issues": [{"title": "x", "status": "closed"}, {"title": "y", "status": "open"}]},
        "issues", change("issue", '{"status": "open"}'),
        lambda reply: reply.get("status") in ("open", "reopened"),
        changed={"issues": {1: {"title": "x"}}},
    ),
    Case(
        "POST /videos/1/upvote", {"videos": [{"title": "x", "votes": 2}]}, "videos",
        change("video", '{"votes": video["votes"] + 1}'), anything,
        changed={"videos": {1: {"votes": 3}}},
    ),
    Case(
        "POST /wallets/1/deposit", {"wallets": WALLETS}, "wallets",
        ADD_AMOUNT.format("+"), anything, body={"amount": 25},
        changed={"wallets": {1: {"balance": 75}}},
    ),
    Case(
        "POST /wallets/1/withdraw", {"wallets": WALLETS}, "wallets",
        ADD_AMOUNT.format("-"), anything, body={"amount": 20},
        changed={"wallets": {1: {"balance": 30}}},
    ),
    Case(
        "POST /documents/1/copy", {"documents": [{"title": "x", "pages": 3}]}, "documents",
        one(
            "item",
            "REPLY = make_response(201, store.insert("
            '{key: value for key, value in item.items() if key != "id"}))',
        ),
        anything, changed={"documents": {2: {"title": "x", "pages": 3}}},
    ),
    Case(
        "POST /messages/mark-all-read",
        {"messages": [{"text": "a", "read": False}, {"text": "b", "read": False}]}, "messages",
        'rows = store.update_where({"read": False}, {"read": True})\n'
        'REPLY = make_response(200, {"updated": len(rows)})',
        anything, changed={"messages": {1: {"read": True}, 2: {"read": True}}},
    ),
    Case(
        "POST /baskets/1/clear", {"baskets": [{"owner": "Ann", "items": ["cup", "pan"]}]},
        "baskets", change("basket", '{"items": []}'), anything,
        changed={"baskets": {1: {"items": []}}},
    ),
    Case(
        "POST /playlists/1/add-song",
        {"playlists": [{"name": "x", "songs": [4]}], "songs": [{"title": "y"}]}, "playlists",
        'body = plan["payload"] if isinstance(plan["payload"], dict) else {}\n'
        + change("row", '{"songs": row["songs"] + [body.get("song_id")]}'),
        anything, body={"song_id": 1}, changed={"playlists": {1: {"songs": [4, 1]}}},
    ),
    Case(
        "GET /products/most-expensive", {"products": PRODUCTS}, "products",
        'rows = store.search({}, sort="-price", limit=1)\n'
        'REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "none"})',
        lambda reply: has(id=2)(reply) or listed(2)(reply),
    ),
    Case(
        "GET /employees/average-salary", {"employees": [{"salary": 100}, {"salary": 300}]},
        "employees",
        'value = store.aggregate("avg", "salary")\nREPLY = make_response(200, {"average": value})',
        number(200),
    ),
    Case(
        "GET /orders/revenue", {"orders": ORDERS}, "orders",
        'value = store.aggregate("sum", "amount")\nREPLY = make_response(200, {"revenue": value})',
        number(12),
    ),
    Case(
        "GET /books/count-by-genre",
        {"books": [{"genre": "crime"}, {"genre": "crime"}, {"genre": "poems"}]}, "books",
        'counts = store.aggregate("count", "id", by="genre")\nREPLY = make_response(200, counts)',
        has(crime=2, poems=1),
    ),
    Case(
        "GET /movies/top-rated",
        {"movies": [{"title": "a", "rating": 3}, {"title": "b", "rating": 9}]}, "movies",
        'rows = store.search({}, sort="-rating", limit=10)\nREPLY = make_response(200, rows)',
        lambda reply: (reply if isinstance(reply, list) else [reply])[0].get("id") == 2,
    ),
    Case(
        "GET /users/count", {"users": [{"name": "Ann"}, {"name": "Ben"}]}, "users",
        'total = store.count()\nREPLY = make_response(200, {"count": total})', number(2),
    ),
    Case(
        "GET /products/out-of-stock", {"products": PRODUCTS}, "products",
        'rows = store.search({"stock": 0})\nREPLY = make_response(200, rows)', listed(1),
    ),
    Case(
        "GET /subscriptions/expired",
        {"subscriptions": [{"ends_on": "2020-01-01"}, {"ends_on": "9999-01-01"}]},
        "subscriptions",
        "today = datetime.date.today().isoformat()\n"
        'rows = store.search({"ends_on__lt": today})\nREPLY = make_response(200, rows)',
        listed(1),
    ),
    Case(
        "GET /authors/1/latest-book",
        {
            "authors": [{"name": "Ann"}, {"name": "Ben"}],
            "books": [
                {"author_id": 1, "published": "2020-01-01"},
                {"author_id": 1, "published": "2024-01-01"},
                {"author_id": 2, "published": "2025-01-01"},
            ],
        },
        "books",
        'author = ctx["segments"][1]\n'
        'rows = store.search({"author_id": author}, sort="-published", limit=1)\n'
        'REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "none"})',
        lambda reply: has(published="2024-01-01")(reply) or listed(2)(reply),
    ),
    Case(
        "GET /cars/brands", {"cars": [{"brand": "b"}, {"brand": "a"}, {"brand": "b"}]}, "cars",
        'names = sorted({car["brand"] for car in store.search({})})\n'
        "REPLY = make_response(200, names)",
        listed("a", "b"),
    ),
    Case(
        "GET /teams/1/size",
        {"teams": [{"name": "x"}], "players": [{"team_id": 1}, {"team_id": 1}, {"team_id": 2}]},
        "teams",
        one(
            "team",
            'REPLY = make_response(200, {"size": session_store.resource("players").count('
            '{"team_id": team["id"]})})',
        ),
        number(2),
    ),
    Case(
        "GET /parcels/1/weight",
        {"parcels": [{"lines": [{"weight": 2, "quantity": 2}, {"weight": 1, "quantity": 3}]}]},
        "parcels",
        one(
            "parcel",
            'REPLY = make_response(200, {"weight": sum([line["weight"] * line["quantity"]'
            ' for line in parcel["lines"]])})',
        ),
        number(7),
    ),
    Case(
        "GET /students/oldest", {"students": [{"age": 20}, {"age": 31}, {"age": 25}]}, "students",
        'rows = store.search({}, sort="-age", limit=1)\n'
        'REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "none"})',
        lambda reply: has(age=31)(reply) or listed(2)(reply),
    ),
    Case(
        "GET /products/by-category", {"products": PRODUCTS}, "products", GROUP,
        lambda reply: isinstance(reply, dict) and len(reply.get("kitchen", ())) == 2,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of one request."""

    has_run: bool
    is_right: bool
    has_lost_data: bool


def judged(case: Case, status: int, reply: Any, after: Records) -> Outcome:
    """Return whether the reply and the records afterwards are right, and nothing is lost."""
    has_run = status < 500
    lost = has_lost(case, after)
    is_right = status < 300 and not lost and _is_right(case, reply) and _are_changed(case, after)
    return Outcome(has_run, is_right, lost)


def has_lost(case: Case, after: Records) -> bool:
    """Return whether a record is gone, or differs in a field that the request may not change."""
    for resource, records in case.records.items():
        rows = {row["id"]: row for row in after.get(resource, ())}
        for identifier, record in enumerate(records, 1):
            if identifier in case.removed.get(resource, ()):
                continue
            row = rows.get(identifier)
            if row is None:
                return True
            may_change = identifier in case.changed.get(resource, {})
            if not may_change and any(row.get(name) != value for name, value in record.items()):
                return True
    return False


def _is_right(case: Case, reply: Any) -> bool:
    try:
        return case.is_right(reply)
    except (AttributeError, IndexError, KeyError, TypeError):
        return False


def _are_changed(case: Case, after: Records) -> bool:
    for resource, expected in case.changed.items():
        rows = {row["id"]: row for row in after.get(resource, ())}
        for identifier, fields in expected.items():
            row = rows.get(identifier)
            if row is None or not fields.items() <= row.items():
                return False
    return True
