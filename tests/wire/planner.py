"""The plans of a good model for the requests of the tests, by method and path of the sketch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

GOOD_ENOUGH = 'REPLY = make_response(200, {"path": ctx["path"]})'

CREATE = (
    'record = store.insert(plan["payload"])\n'
    'location = ctx["path"].rstrip("/") + "/" + str(record["id"])\n'
    'REPLY = make_response(201, record, {"Location": location})'
)
ONE = (
    'record = store.get(plan["identifier"])\n'
    'REPLY = make_response(200, record) if record else make_response(404, {"error": "not found"})'
)
LIST = (
    "items, total = store.list()\n"
    'page = {"total": total, "limit": None, "offset": 0}\n'
    'REPLY = make_response(200, {"items": items, "page": page})'
)
SEARCH = 'REPLY = make_response(200, store.search(plan["criteria"]))'
PATCH = (
    'record = store.update(plan["identifier"], plan["payload"])\n'
    'REPLY = make_response(200, record) if record else make_response(404, {"error": "not found"})'
)
DELETE = (
    'was_deleted = store.delete(plan["identifier"])\n'
    'REPLY = make_response(204) if was_deleted else make_response(404, {"error": "not found"})'
)
CANCEL = (
    'order = store.get(plan["identifier"])\n'
    "if order is None:\n"
    '    REPLY = make_response(404, {"error": "not found"})\n'
    'elif order.get("status") == "cancelled":\n'
    '    REPLY = make_response(409, {"error": "cancelled already"})\n'
    "else:\n"
    '    REPLY = make_response(200, store.update(order["id"], {"status": "cancelled"}))'
)
CHEAPEST = (
    'items = store.search(plan["criteria"], sort="price")\n'
    'REPLY = make_response(200, items[0]) if items else make_response(404, {"error": "not found"})'
)
TRANSFER = (
    'body = plan["payload"]\n'
    'source = store.get(body["from"])\n'
    'target = store.get(body["to"])\n'
    "if source is None or target is None:\n"
    '    REPLY = make_response(404, {"error": "not found"})\n'
    'elif source.get("balance", 0) < body["amount"]:\n'
    '    REPLY = make_response(409, {"error": "insufficient funds"})\n'
    "else:\n"
    '    source = store.update(source["id"], {"balance": source["balance"] - body["amount"]})\n'
    '    target = store.update(target["id"], {"balance": target["balance"] + body["amount"]})\n'
    '    REPLY = make_response(200, {"from": source, "to": target})'
)

PROGRAMS: Mapping[str, str] = {
    "POST /orders": CREATE,
    "GET /orders/<int>": ONE,
    "GET /orders": LIST,
    "PATCH /orders/<int>": PATCH,
    "DELETE /orders/<int>": DELETE,
    "POST /orders/<int>/cancel": CANCEL,
    "GET /orders/search": SEARCH,
    "POST /products": CREATE,
    "GET /products/<int>": ONE,
    "GET /products/cheapest": CHEAPEST,
    "POST /accounts": CREATE,
    "POST /accounts/transfer": TRANSFER,
}


def context_of(user: str) -> dict[str, Any]:
    """Return the request context in a prompt."""
    text = user.split("\nREQUEST CONTEXT:\n")[1].split("\n**Now output")[0]
    context: dict[str, Any] = orjson.loads(text)
    return context


def plan_text(block: str, resource: str | None, **fields: object) -> str:
    """Return a plan in the JSON form that models answer with."""
    plan = {
        "action": "custom",
        "resource": resource,
        "needs_values": False,
        "code": {"language": "python", "block": block},
    }
    return orjson.dumps({**plan, **fields}).decode()


def good_plan(_system: str, user: str) -> str:
    """Return the plan for the request in the prompt."""
    context = context_of(user)
    route = f"{context['method']} {context['path'].rstrip('/')}"
    return plan_text(PROGRAMS.get(route, GOOD_ENOUGH), context["path"].split("/")[1])


def planned_by_prompt(prompt: str) -> str:
    """Return the plan for a prompt; a function for LLM_MOCK_HANDLER."""
    return good_plan("", prompt)
