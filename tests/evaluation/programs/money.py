"""Right programs for the cases of `custom/money.json`, and a wrong one for each case."""

from __future__ import annotations

from collections.abc import Mapping

PROGRAMS: Mapping[str, str] = {
    "POST /accounts/move-funds": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
amount = body.get("amount")
source = store.get(str(body.get("from")))
target = store.get(str(body.get("to")))
if source is None or target is None:
    REPLY = make_response(404, {"error": "not found"})
elif not isinstance(amount, (int, float)) or amount <= 0:
    REPLY = make_response(422, {"error": "bad amount"})
elif source["balance"] < amount:
    REPLY = make_response(409, {"error": "not enough money"})
else:
    store.update(source["id"], {"balance": source["balance"] - amount})
    store.update(target["id"], {"balance": target["balance"] + amount})
    REPLY = make_response(200, {"moved": amount})
""",
    "POST /accounts/<int>/withdraw": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
account = store.get(plan["identifier"])
if account is None:
    REPLY = make_response(404, {"error": "not found"})
elif not isinstance(body.get("amount"), (int, float)):
    REPLY = make_response(422, {"error": "bad amount"})
else:
    if not 0 < body["amount"] <= account["balance"]:
        REPLY = make_response(409, {"error": "bad amount"})
    else:
        balance = account["balance"] - body["amount"]
        REPLY = make_response(200, store.update(account["id"], {"balance": balance}))
""",
    "POST /accounts/<int>/unfreeze": """
account = store.get(plan["identifier"])
if account is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(account["id"], {"frozen": False}))
""",
    "GET /invoices/unpaid-balance": """
unpaid = store.search({"paid": False})
value = sum([line["price"] * line["quantity"] for row in unpaid for line in row["items"]])
REPLY = make_response(200, {"balance": value})
""",
    "POST /invoices/<int>/settle": """
invoice = store.get(plan["identifier"])
if invoice is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(invoice["id"], {"paid": True}))
""",
    "GET /invoices/past-due": """
today = datetime.date.today().isoformat()
REPLY = make_response(200, store.search({"paid": False, "due_on__lt": today}))
""",
    "GET /expenses/per-category": """
totals = store.aggregate("sum", "amount", by="category")
REPLY = make_response(200, totals)
""",
    "GET /expenses/monthly": """
months = {}
for row in store.search({}):
    month = row["spent_on"][:7]
    months[month] = months.get(month, 0) + row["amount"]
REPLY = make_response(200, months)
""",
    "GET /accounts/richest": """
rows = store.search({}, sort="-balance", limit=1)
REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "not found"})
""",
    "POST /accounts/accrue-interest": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
percent = body.get("percent")
if not isinstance(percent, (int, float)):
    REPLY = make_response(422, {"error": "bad percent"})
else:
    rows = store.search({"balance__gt": 0})
    for row in rows:
        store.update(row["id"], {"balance": row["balance"] * (100 + percent) / 100})
    REPLY = make_response(200, {"updated": len(rows)})
""",
}

WRONG: Mapping[str, tuple[str, str]] = {
    "move funds": ('    store.update(target["id"], {"balance": target["balance"] + amount})\n', ""),
    "move more than there is": ('source["balance"] < amount', "False"),
    "move funds to an unknown account": ("404", "200"),
    "move a negative amount": (" or amount <= 0", ""),
    "withdraw": ('account["balance"] - body', 'account["balance"] + body'),
    "withdraw too much": (' <= account["balance"]', ""),
    "withdraw a negative amount": ("not 0 < body", "not -99 < body"),
    "unfreeze an account": ('{"frozen": False}', '{"status": "unfrozen"}'),
    "the balance of unpaid invoices": ('{"paid": False}', "{}"),
    "settle an invoice": ('store.update(invoice["id"], {"paid": True})', "invoice"),
    "invoices past due": ('"paid": False, ', ""),
    "expenses of each category": ('"sum"', '"avg"'),
    "expenses of each month": ("[:7]", "[5:]"),
    "the richest account": ('"-balance"', '"balance"'),
    "accrue interest": ("(100 + percent)", "percent"),
}
"""What to replace in the right program, and by what, by the name of the case."""
