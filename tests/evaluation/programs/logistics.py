"""Right programs for the cases of `custom/logistics.json`, and a wrong one for each case."""

from __future__ import annotations

from collections.abc import Mapping

PROGRAMS: Mapping[str, str] = {
    "POST /parcels/<int>/deliver": """
parcel = store.get(plan["identifier"])
if parcel is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(parcel["id"], {"status": "delivered"}))
""",
    "POST /parcels/<int>/scan": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
parcel = store.get(plan["identifier"])
if parcel is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    changes = {"stops": parcel["stops"] + [body.get("stop")]}
    REPLY = make_response(200, store.update(parcel["id"], changes))
""",
    "GET /parcels/undelivered": """
rows = store.search({"status__ne": "delivered"})
REPLY = make_response(200, rows)
""",
    "GET /parcels/heaviest": """
rows = store.search({}, sort="-weight", limit=1)
REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "not found"})
""",
    "GET /items/to-reorder": """
rows = [item for item in store.search({}) if item["quantity"] <= item["reorder_at"]]
REPLY = make_response(200, rows)
""",
    "POST /items/<int>/adjust": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
item = store.get(plan["identifier"])
if item is None:
    REPLY = make_response(404, {"error": "not found"})
elif not isinstance(body.get("delta"), int):
    REPLY = make_response(422, {"error": "bad delta"})
else:
    changes = {"quantity": item["quantity"] + body["delta"]}
    REPLY = make_response(200, store.update(item["id"], changes))
""",
    "POST /items/<int>/pick": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
item = store.get(plan["identifier"])
if item is None:
    REPLY = make_response(404, {"error": "not found"})
elif not isinstance(body.get("quantity"), int) or not 0 < body["quantity"] <= item["quantity"]:
    REPLY = make_response(409, {"error": "not enough"})
else:
    changes = {"quantity": item["quantity"] - body["quantity"]}
    REPLY = make_response(200, store.update(item["id"], changes))
""",
    "GET /warehouses/<int>/stock-level": """
warehouse = store.get(plan["identifier"])
if warehouse is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    items = session_store.resource("items").search({"warehouse_id": warehouse["id"]})
    REPLY = make_response(200, {"units": sum([item["quantity"] for item in items])})
""",
    "POST /items/relocate": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
rows = store.search({"sku": body.get("sku")}, limit=1)
if not rows or session_store.resource("warehouses").get(str(body.get("warehouse_id"))) is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(rows[0]["id"], {"warehouse_id": body["warehouse_id"]}))
""",
    "POST /vehicles/<int>/rent": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
vehicle = store.get(plan["identifier"])
if vehicle is None:
    REPLY = make_response(404, {"error": "not found"})
elif not vehicle["available"]:
    REPLY = make_response(409, {"error": "not available"})
else:
    REPLY = make_response(200, store.update(vehicle["id"], {"available": False}))
""",
    "POST /vehicles/<int>/drive": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
vehicle = store.get(plan["identifier"])
if vehicle is None:
    REPLY = make_response(404, {"error": "not found"})
elif not isinstance(body.get("km"), int):
    REPLY = make_response(422, {"error": "bad km"})
else:
    changes = {"odometer": vehicle["odometer"] + body["km"]}
    REPLY = make_response(200, store.update(vehicle["id"], changes))
""",
    "POST /sensors/<int>/switch-on": """
sensor = store.get(plan["identifier"])
if sensor is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(sensor["id"], {"on": True}))
""",
    "GET /sensors/<int>/peak": """
sensor = store.get(plan["identifier"])
if sensor is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    readings = session_store.resource("readings")
    value = readings.aggregate("max", "value", criteria={"sensor_id": sensor["id"]})
    REPLY = make_response(200, {"peak": value})
""",
    "POST /parcels/quote": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
REPLY = make_response(200, {"price": body.get("weight", 0) * body.get("rate", 0)})
""",
}

WRONG: Mapping[str, tuple[str, str]] = {
    "deliver a parcel": ('"delivered"', '"deliver"'),
    "scan a parcel at a stop": ('parcel["stops"] + ', ""),
    "parcels on the way": ("status__ne", "status"),
    "the heaviest parcel": ('"-weight"', '"weight"'),
    "items to reorder": ('<= item["reorder_at"]', "<= 10"),
    "adjust a quantity": ('item["quantity"] + ', ""),
    "pick items": ('item["quantity"] - body', "body"),
    "pick more items than there are": (' <= item["quantity"]', ""),
    "pick from an unknown item": ("404", "409"),
    "units in a warehouse": ('{"warehouse_id": warehouse["id"]}', "{}"),
    "relocate an item by its sku": (
        '{"sku": body.get("sku")}',
        '{"warehouse_id": body.get("warehouse_id")}',
    ),
    "relocate to an unknown warehouse": (
        ' or session_store.resource("warehouses").get(str(body.get("warehouse_id"))) is None',
        "",
    ),
    "rent a vehicle": ('{"available": False}', '{"status": "rented"}'),
    "rent a vehicle that is out": ('not vehicle["available"]', "False"),
    "drive a vehicle": ('vehicle["odometer"] + ', ""),
    "switch a sensor on": ('{"on": True}', '{"state": "on"}'),
    "the peak of a sensor": ('"max"', '"min"'),
    "quote a price without storing anything": (
        "REPLY = make_response(200,",
        "store.insert(body)\nREPLY = make_response(200,",
    ),
}
"""What to replace in the right program, and by what, by the name of the case."""
