"""Right programs for the cases of `custom/shop.json`, and a wrong one for each case."""

from __future__ import annotations

from collections.abc import Mapping

PROGRAMS: Mapping[str, str] = {
    "POST /orders/<int>/dispatch": """
order = store.get(plan["identifier"])
if order is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(order["id"], {"status": "dispatched"}))
""",
    "GET /products/priciest": """
rows = store.search({}, sort="-price", limit=1)
REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "not found"})
""",
    "GET /orders/revenue-per-customer": """
totals = store.aggregate("sum", "total", by="customer_id")
REPLY = make_response(200, totals)
""",
    "GET /products/sold-out": """
rows = store.search({"stock": 0})
REPLY = make_response(200, rows)
""",
    "GET /customers/<int>/spending": """
customer = store.get(plan["identifier"])
if customer is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    orders = session_store.resource("orders").search({"customer_id": customer["id"]})
    REPLY = make_response(200, {"spending": sum([order["total"] for order in orders])})
""",
    "POST /products/discount": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
percent = body.get("percent")
if not isinstance(percent, (int, float)) or not 0 < percent < 100:
    REPLY = make_response(422, {"error": "bad percent"})
else:
    rows = store.search({"category": body.get("category")})
    for row in rows:
        store.update(row["id"], {"price": round(row["price"] * (100 - percent) / 100, 2)})
    REPLY = make_response(200, {"updated": len(rows)})
""",
    "GET /orders/<int>/item-count": """
order = store.get(plan["identifier"])
if order is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, {"items": sum([line["quantity"] for line in order["lines"]])})
""",
    "GET /customers/never-ordered": """
buyers = [str(order["customer_id"]) for order in session_store.resource("orders").search({})]
REPLY = make_response(200, [row for row in store.search({}) if str(row["id"]) not in buyers])
""",
    "POST /customers/<int>/earn": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
customer = store.get(plan["identifier"])
if customer is None:
    REPLY = make_response(404, {"error": "not found"})
elif not isinstance(body.get("points"), int):
    REPLY = make_response(422, {"error": "bad points"})
else:
    changes = {"points": customer["points"] + body["points"]}
    REPLY = make_response(200, store.update(customer["id"], changes))
""",
    "POST /customers/<int>/spend": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
customer = store.get(plan["identifier"])
if customer is None:
    REPLY = make_response(404, {"error": "not found"})
elif not isinstance(body.get("points"), int) or customer["points"] < body["points"]:
    REPLY = make_response(409, {"error": "not enough points"})
else:
    changes = {"points": customer["points"] - body["points"]}
    REPLY = make_response(200, store.update(customer["id"], changes))
""",
    "GET /inventory/value": """
products = session_store.resource("products").search({})
REPLY = make_response(200, {"value": sum([row["price"] * row["stock"] for row in products])})
""",
}

WRONG: Mapping[str, tuple[str, str]] = {
    "dispatch an order": ('"dispatched"', '"dispatch"'),
    "dispatch an unknown order": ("make_response(404", "make_response(200"),
    "the priciest product": ('"-price"', '"price"'),
    "revenue of each customer": ('"sum"', '"count"'),
    "products that are sold out": ('"stock": 0', '"stock__gt": 0'),
    "what a customer has spent": ('{"customer_id": customer["id"]}', "{}"),
    "spending of an unknown customer": ("404", "200"),
    "discount a category": ('{"category": body.get("category")}', "{}"),
    "discount by more than all": ("not 0 < percent < 100", "percent < 0"),
    "how many items an order has": (
        'sum([line["quantity"] for line in order["lines"]])',
        'order["total"]',
    ),
    "customers who never ordered": ("not in", "in"),
    "earn points": ('customer["points"] + ', ""),
    "spend more points than there are": (' or customer["points"] < body["points"]', ""),
    "spend points": ("- body", "+ body"),
    "the value of the inventory": (' * row["stock"]', ""),
}
"""What to replace in the right program, and by what, by the name of the case."""
