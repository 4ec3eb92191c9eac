"""Right programs for the cases of `custom/clubs.json`, and a wrong one for each case."""

from __future__ import annotations

from collections.abc import Mapping

PROGRAMS: Mapping[str, str] = {
    "POST /polls/<int>/cast": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
poll = store.get(plan["identifier"])
if poll is None:
    REPLY = make_response(404, {"error": "not found"})
elif poll["closed"]:
    REPLY = make_response(409, {"error": "closed"})
else:
    choice = body.get("choice")
    if choice not in poll["options"]:
        REPLY = make_response(422, {"error": "unknown choice"})
    else:
        options = {**poll["options"], choice: poll["options"].get(choice, 0) + 1}
        REPLY = make_response(200, store.update(poll["id"], {"options": options}))
""",
    "GET /polls/<int>/winner": """
poll = store.get(plan["identifier"])
if poll is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    most = max(poll["options"].values())
    names = [name for name, votes in poll["options"].items() if votes == most]
    REPLY = make_response(200, {"winner": names[0]})
""",
    "GET /polls/<int>/turnout": """
poll = store.get(plan["identifier"])
if poll is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, {"turnout": sum(poll["options"].values())})
""",
    "POST /polls/<int>/close-voting": """
poll = store.get(plan["identifier"])
if poll is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(poll["id"], {"closed": True}))
""",
    "POST /subscriptions/<int>/upgrade": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
row = store.get(plan["identifier"])
if row is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(row["id"], {"plan": body.get("plan")}))
""",
    "POST /subscriptions/<int>/stop-renewal": """
row = store.get(plan["identifier"])
if row is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(row["id"], {"auto_renew": False}))
""",
    "GET /subscriptions/expired": """
today = datetime.date.today().isoformat()
REPLY = make_response(200, store.search({"ends_on__lt": today}))
""",
    "GET /subscriptions/ending-soon": """
days = int(ctx["query"].get("days", ["30"])[0])
today = datetime.date.today()
limit = today + datetime.timedelta(days=days)
ends = {"ends_on__gte": today.isoformat(), "ends_on__lte": limit.isoformat()}
REPLY = make_response(200, store.search(ends))
""",
    "GET /dishes/<int>/scaled": """
dish = store.get(plan["identifier"])
if dish is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    factor = int(ctx["query"].get("servings", ["1"])[0]) / dish["servings"]
    parts = [{**part, "grams": part["grams"] * factor} for part in dish["ingredients"]]
    REPLY = make_response(200, {**dish, "ingredients": parts})
""",
    "GET /dishes/<int>/mass": """
dish = store.get(plan["identifier"])
if dish is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, {"grams": sum([part["grams"] for part in dish["ingredients"]])})
""",
    "POST /events/<int>/sign-up": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
event = store.get(plan["identifier"])
if event is None:
    REPLY = make_response(404, {"error": "not found"})
elif len(event["attendees"]) >= event["capacity"]:
    REPLY = make_response(409, {"error": "full"})
else:
    changes = {"attendees": event["attendees"] + [body.get("name")]}
    REPLY = make_response(200, store.update(event["id"], changes))
""",
    "POST /events/<int>/drop-out": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
event = store.get(plan["identifier"])
if event is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    changes = {"attendees": [name for name in event["attendees"] if name != body.get("name")]}
    REPLY = make_response(200, store.update(event["id"], changes))
""",
    "GET /events/<int>/seats-left": """
event = store.get(plan["identifier"])
if event is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, {"seats": event["capacity"] - len(event["attendees"])})
""",
    "GET /events/full": """
rows = [row for row in store.search({}) if len(row["attendees"]) >= row["capacity"]]
REPLY = make_response(200, rows)
""",
    "GET /events/<int>/has-room": """
event = store.get(plan["identifier"])
if event is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, {"has_room": len(event["attendees"]) < event["capacity"]})
""",
    "GET /baskets/<int>/subtotal": """
basket = store.get(plan["identifier"])
if basket is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    prices = [row["price"] * row["quantity"] for row in basket["items"]]
    REPLY = make_response(200, {"subtotal": sum(prices)})
""",
    "POST /baskets/<int>/clear": """
basket = store.get(plan["identifier"])
if basket is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(basket["id"], {"items": []}))
""",
    "POST /baskets/<int>/add-item": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
basket = store.get(plan["identifier"])
if basket is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(basket["id"], {"items": basket["items"] + [body]}))
""",
    "POST /messages/mark-read": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
rows = store.update_where({"to": body.get("to"), "unread": True}, {"unread": False})
REPLY = make_response(200, {"updated": len(rows)})
""",
    "GET /messages/unread-per-person": """
counts = store.aggregate("count", "id", by="to", criteria={"unread": True})
REPLY = make_response(200, counts)
""",
}

WRONG: Mapping[str, tuple[str, str]] = {
    "cast a ballot": ('{**poll["options"], choice', "{choice"),
    "cast a ballot in a closed poll": ('elif poll["closed"]', "elif False"),
    "cast a ballot for an unknown choice": ('choice not in poll["options"]', "False"),
    "the winner of a poll": ("max(", "min("),
    "turnout of a poll": ('sum(poll["options"].values())', 'len(poll["options"])'),
    "end a poll": ('"closed"', '"status"'),
    "upgrade a subscription": ('body.get("plan")', '"pro"'),
    "stop the renewal of a subscription": ("False", "True"),
    "subscriptions that have expired": ("ends_on__lt", "ends_on__gt"),
    "subscriptions that end soon": ('"ends_on__gte": today.isoformat(), ', ""),
    "a dish for more people": (' / dish["servings"]', ""),
    "the mass of a dish": (
        'sum([part["grams"] for part in dish["ingredients"]])',
        'dish["servings"]',
    ),
    "sign up for an event": ('event["attendees"] + [body', "[body"),
    "sign up for a full event": ('>= event["capacity"]', '> event["capacity"]'),
    "drop out of an event": ("store.update(", "store.replace("),
    "seats left at an event": (' - len(event["attendees"])', ""),
    "events that are full": (">=", "<"),
    "whether an event has room": ("<", "<="),
    "the subtotal of a basket": (' * row["quantity"]', ""),
    "empty a basket": (
        'REPLY = make_response(200, store.update(basket["id"], {"items": []}))',
        'REPLY = make_response(200, {"cleared": store.delete(basket["id"])})',
    ),
    "put something into a basket": ('basket["items"] + [body]', "body"),
    "mark the messages of a person as read": ('"to": body.get("to"), ', ""),
    "unread messages of each person": (', criteria={"unread": True}', ""),
}
"""What to replace in the right program, and by what, by the name of the case."""
