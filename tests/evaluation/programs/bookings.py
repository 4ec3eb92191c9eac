"""Right programs for the cases of `custom/bookings.json`, and a wrong one for each case."""

from __future__ import annotations

from collections.abc import Mapping

PROGRAMS: Mapping[str, str] = {
    "POST /rooms/<int>/reserve": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
room = store.get(plan["identifier"])
reservations = session_store.resource("reservations")
begins, ends = body.get("begins"), body.get("ends")
if room is None:
    REPLY = make_response(404, {"error": "not found"})
elif not isinstance(begins, str) or not isinstance(ends, str) or begins >= ends:
    REPLY = make_response(422, {"error": "bad dates"})
elif reservations.count({"room_id": room["id"], "begins__lt": ends, "ends__gt": begins}):
    REPLY = make_response(409, {"error": "taken"})
else:
    fields = {"room_id": room["id"], "guest": body.get("guest"), "begins": begins, "ends": ends}
    REPLY = make_response(201, reservations.insert({**fields, "state": "confirmed"}))
""",
    "GET /rooms/vacant": """
start = ctx["query"].get("from", [""])[0]
end = ctx["query"].get("to", [""])[0]
taken = session_store.resource("reservations").search({"begins__lt": end, "ends__gt": start})
busy = [str(row["room_id"]) for row in taken]
REPLY = make_response(200, [room for room in store.search({}) if str(room["id"]) not in busy])
""",
    "POST /reservations/<int>/confirm": """
row = store.get(plan["identifier"])
if row is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(row["id"], {"state": "confirmed"}))
""",
    "POST /reservations/<int>/decline": """
row = store.get(plan["identifier"])
if row is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(row["id"], {"state": "declined"}))
""",
    "POST /reservations/<int>/reschedule": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
row = store.get(plan["identifier"])
if row is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    changes = {"begins": body.get("begins"), "ends": body.get("ends")}
    REPLY = make_response(200, store.update(row["id"], changes))
""",
    "GET /staff/<int>/working-time": """
person = store.get(plan["identifier"])
if person is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    shifts = session_store.resource("shifts").search({"staff_id": person["id"]})
    REPLY = make_response(200, {"hours": sum([shift["hours"] for shift in shifts])})
""",
    "GET /shifts/hours-per-day": """
hours = store.aggregate("sum", "hours", by="day")
REPLY = make_response(200, hours)
""",
    "POST /shifts/<int>/hand-over": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
shift = store.get(plan["identifier"])
if shift is None:
    REPLY = make_response(404, {"error": "not found"})
elif session_store.resource("staff").get(str(body.get("staff_id"))) is None:
    REPLY = make_response(422, {"error": "unknown person"})
else:
    REPLY = make_response(200, store.update(shift["id"], {"staff_id": body["staff_id"]}))
""",
    "GET /rooms/largest": """
rows = store.search({}, sort="-capacity", limit=1)
REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "not found"})
""",
    "GET /rooms/<int>/next-reservation": """
room = store.get(plan["identifier"])
if room is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    reservations = session_store.resource("reservations")
    rows = reservations.search({"room_id": room["id"]}, sort="begins", limit=1)
    REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "not found"})
""",
    "GET /reservations/on-day": """
day = ctx["query"].get("date", [""])[0]
REPLY = make_response(200, store.search({"begins__lte": day, "ends__gte": day}))
""",
}

WRONG: Mapping[str, tuple[str, str]] = {
    "reserve a free room": ('"guest": body.get("guest"), ', ""),
    "reserve a taken room": ('"begins__lt": ends, "ends__gt": begins', '"begins": begins'),
    "reserve an unknown room": (
        'if room is None:\n    REPLY = make_response(404, {"error": "not found"})',
        'if room is None:\n    REPLY = make_response(201, reservations.insert({"room_id": 9}))',
    ),
    "reserve with the dates the wrong way around": (" or begins >= ends", ""),
    "rooms that are vacant": ("not in", "in"),
    "confirm a reservation": ('"state"', '"status"'),
    "decline a reservation": (
        'REPLY = make_response(200, store.update(row["id"], {"state": "declined"}))',
        'REPLY = make_response(200, {"deleted": store.delete(row["id"])})',
    ),
    "reschedule a reservation": (', "ends": body.get("ends")', ""),
    "hours of a person": ('sum([shift["hours"] for shift in shifts])', "len(shifts)"),
    "hours of each day": ('by="day"', 'by="staff_id"'),
    "hand a shift over": ('{"staff_id": body["staff_id"]}', '{"staff_id": str(body["staff_id"])}'),
    "hand a shift to an unknown person": (
        'session_store.resource("staff").get(str(body.get("staff_id"))) is None',
        '"staff_id" not in body',
    ),
    "the largest room": ('"-capacity"', '"name"'),
    "the next reservation of a room": ('"begins"', '"-begins"'),
    "reservations on a day": ('"begins__lte": day, "ends__gte": day', '"begins": day'),
}
"""What to replace in the right program, and by what, by the name of the case."""
