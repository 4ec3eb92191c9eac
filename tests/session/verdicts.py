"""A program's effects on a small shop, and why they are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from larst.domain import Record
from larst.session.effects import effects_of, refusal_of
from larst.session.request_names import names_of
from larst.store import Transaction
from larst.store.collection import Collection
from tests.fakes import request
from tests.planning.sessions import session_of, shaped_of

ORDERS: list[Record] = [
    {"id": 1, "state": "open", "customer_id": 7},
    {"id": 2, "state": "open", "customer_id": 8},
    {"id": 3, "state": "open", "customer_id": 7},
    {"id": 4, "state": "open", "customer_id": 8, "channel_id": 7},
]
ITEMS: list[Record] = [{"id": 10, "order_id": 1}, {"id": 11, "order_id": 2}]
USERS: list[Record] = [{"id": 7, "name": "Ann"}, {"id": 8, "name": "Ben"}]
DATA: Mapping[str, Sequence[Record]] = {"orders": ORDERS, "items": ITEMS, "users": USERS}

Step = tuple[str, str, object]
"""A resource and an action on it: `insert` a record, `update` or `delete` ids."""

ALL_ORDERS = [1, 2, 3]


def verdict(
    method: str, target: str, *steps: Step, body: bytes = b"", resource: str | None = None
) -> str | None:
    """Return why a program with these steps is refused, or None."""
    stored = {
        name: Collection({str(record["id"]): record for record in records}, next_id=100)
        for name, records in DATA.items()
    }
    transaction = Transaction(stored)
    for name, action, argument in steps:
        view = transaction.resource(name)
        if action == "insert":
            assert isinstance(argument, dict)
            view.insert(argument)
            continue
        assert isinstance(argument, list)
        for id in argument:
            if action == "update":
                view.update(id, {"state": "closed"})
            else:
                view.delete(id)
    shaped = shaped_of(
        request(method, target, body), session_of({name: [*rows] for name, rows in DATA.items()})
    )

    def record(name: str, key: str) -> Record | None:
        return stored[name].records.get(key) if name in stored else None

    effects, names = effects_of(transaction, record), names_of(shaped, resource or "orders", record)
    return refusal_of(effects, names, is_shown=lambda _name: True)
