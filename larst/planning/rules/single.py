"""Programs for singletons, the whole session, the last record, fields and items. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent

from larst.domain import SINGLETON_ID, SINGLETON_OWN_ID, Json
from larst.planning.rules.text import IDENTIFIER, NOT_FOUND, PAYLOAD, answer, literal

_OWN_ID = literal(SINGLETON_OWN_ID)
_SHOWN = (
    f'{{("id" if name == {_OWN_ID} else name): record[name] for name in record if name != "id"}}'
)
_STORED = f'{{({_OWN_ID} if name == "id" else name): {PAYLOAD}[name] for name in {PAYLOAD}}}'
_SHOW = f"    REPLY = make_response(200, {_SHOWN})\n"
_IF_MISSING = f"if record is None:\n    REPLY = {NOT_FOUND}\nelse:\n"


def get_singleton(select: str = "") -> str:
    """Return a program that answers with the object; `select` lines choose among its fields."""
    show = indent(f"record = {_SHOWN}\n{select}REPLY = make_response(200, record)\n", "    ")
    return f"record = store.get({IDENTIFIER})\n{_IF_MISSING}{show if select else _SHOW}"


def put_singleton(*, is_create: bool) -> str:
    """Return a program that stores the payload as the object; `is_create`: it always says 201."""
    return (
        f"is_new = store.get({IDENTIFIER}) is None\n"
        f"value = {_STORED}\n"
        "if is_new:\n"
        f'    record = store.insert({{**value, "id": {IDENTIFIER}}})\n'
        "else:\n"
        f"    record = store.replace({IDENTIFIER}, value)\n"
        f"REPLY = make_response({'201' if is_create else '201 if is_new else 200'}, {_SHOWN})\n"
    )


def patch_singleton(*, is_patch: bool) -> str:
    """Return a program that changes the object; `is_patch`: the payload is a JSON Patch."""
    changes = PAYLOAD if is_patch else _STORED
    return f"record = store.update({IDENTIFIER}, {changes})\n{_IF_MISSING}{_SHOW}"


def delete_singleton(*, returns_record: bool) -> str:
    """Return a program that deletes the object."""
    reply = _SHOW if returns_record else "    REPLY = make_response(204)\n"
    delete = f"    store.delete({IDENTIFIER})\n"
    return f"record = store.get({IDENTIFIER})\n{_IF_MISSING}{delete}{reply}"


def database() -> str:
    """Return a program that answers with all resources, as a `db.json` has them."""
    is_one = f'total == 1 and records[0]["id"] == {literal(SINGLETON_ID)}'
    return (
        "database = {}\n"
        "for resource in session_store.names():\n"
        "    records, total = session_store.resource(resource).list()\n"
        f"    if {is_one}:\n"
        "        record = records[0]\n"
        f"        database[resource] = {_SHOWN}\n"
        "    else:\n"
        "        database[resource] = records\n"
        "REPLY = make_response(200, database)\n"
    )


def latest_of(criteria: str) -> str:
    """Return a program that answers with the matching records created last, the newest first."""
    return (
        f"total = store.count({criteria})\n"
        'first = max(total - plan["limit"], 0)\n'
        f"items = list(reversed(store.search({criteria}, offset=first)))\n"
        "REPLY = make_response(200, items)\n"
    )


def latest(criteria: str) -> str:
    """Return lines that put the matching record that was created last into `record`."""
    return (
        f"total = store.count({criteria})\n"
        f"newest = store.search({criteria}, limit=1, offset=total - 1) if total else []\n"
        "record = newest[0] if newest else None\n"
    )


def first(criteria: str, *, is_sorted: bool) -> str:
    """Return lines that put the first matching record into `record`."""
    order = ', sort=plan["sort"]' if is_sorted else ""
    return (
        f"first = store.search({criteria}, limit=1{order})\nrecord = first[0] if first else None\n"
    )


def get_field(field: str) -> str:
    """Return a program that answers with one field of a record."""
    name = literal(field)
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None or {name} not in record:\n    REPLY = {NOT_FOUND}\n"
        f"else:\n    REPLY = make_response(200, record[{name}])\n"
    )


def set_field(field: str) -> str:
    """Return a program that sets one field of a record; a new one is answered with 201."""
    name = literal(field)
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"{_IF_MISSING}"
        f"    store.update({IDENTIFIER}, {{{name}: {PAYLOAD}}})\n"
        f"    REPLY = make_response(200 if {name} in record else 201, {PAYLOAD})\n"
    )


def patch_field(field: str) -> str:
    """Return a program that merges the payload into an object inside a record."""
    name = literal(field)
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None or {name} not in record:\n    REPLY = {NOT_FOUND}\n"
        f"elif not isinstance(record[{name}], dict):\n    {_conflict(field, 'an object')}"
        "else:\n"
        f"    merged = {{**record[{name}], **{PAYLOAD}}}\n"
        f"    store.update({IDENTIFIER}, {{{name}: merged}})\n"
        "    REPLY = make_response(200, merged)\n"
    )


def append_to_field(field: str, *, is_object: bool) -> str:
    """Return a program that appends the payload to a list inside a record.

    An object gets the next id if the other items have ids that are numbers.
    """
    name = literal(field)
    numbers = (
        f'[item["id"] for item in record[{name}]'
        ' if isinstance(item, dict) and isinstance(item.get("id"), int)]'
    )
    number = (
        f"    numbers = {numbers}\n"
        f'    if numbers and "id" not in {PAYLOAD}:\n'
        f'        item = {{"id": max(numbers) + 1, **{PAYLOAD}}}\n'
    )
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"{_IF_MISSING.replace('else:', '').rstrip()}\n"
        f"elif not isinstance(record.get({name}), list):\n    {_conflict(field, 'a list')}"
        "else:\n"
        f"    item = {PAYLOAD}\n"
        f"{number if is_object else ''}"
        f"    store.update({IDENTIFIER}, {{{name}: [*record[{name}], item]}})\n"
        "    REPLY = make_response(201, item)\n"
    )


def delete_field(field: str) -> str:
    """Return a program that removes one field of a record."""
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")
    operation = [{"op": "remove", "path": pointer}]
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None or {literal(field)} not in record:\n    REPLY = {NOT_FOUND}\n"
        f"else:\n    store.update({IDENTIFIER}, {literal(operation)})\n"
        "    REPLY = make_response(204)\n"
    )


_ITEM_STEPS: Mapping[str, str] = {
    "GET": "    REPLY = make_response(200, items[places[0]])\n",
    "PUT": f'    key = items[places[0]]["id"]\n    item = {{"id": key, **{PAYLOAD}, "id": key}}\n',
    "PATCH": f'    item = {{**items[places[0]], **{PAYLOAD}, "id": items[places[0]]["id"]}}\n',
    "DELETE": "    items = [*items[: places[0]], *items[places[0] + 1 :]]\n",
}


def item(field: str, method: str) -> str:
    """Return a program for one item, by its id, of a list inside a record."""
    name = literal(field)
    lines = (
        f"record = store.get({IDENTIFIER})\n"
        f"held = record.get({name}) if record is not None else None\n"
        "items = held if isinstance(held, list) else []\n"
        "places = [place for place, item in enumerate(items)"
        ' if isinstance(item, dict) and str(item.get("id")) == plan["item"]]\n'
        f"if not places:\n    REPLY = {NOT_FOUND}\nelse:\n{_ITEM_STEPS[method]}"
    )
    if method == "GET":
        by_key = (
            'if isinstance(held, dict) and plan["item"] in held:\n'
            '    REPLY = make_response(200, held[plan["item"]])\n'
            "elif not places:"
        )
        return lines.replace("if not places:", by_key)
    if method == "DELETE":
        return lines + (
            f"    store.update({IDENTIFIER}, {{{name}: items}})\n    REPLY = make_response(204)\n"
        )
    return lines + (
        "    items = [*items[: places[0]], item, *items[places[0] + 1 :]]\n"
        f"    store.update({IDENTIFIER}, {{{name}: items}})\n"
        "    REPLY = make_response(200, item)\n"
    )


def _conflict(field: str, kind: str) -> str:
    detail: Json = {"error": f"not {kind}", "detail": f"the field {field} does not hold {kind}"}
    return answer(409, detail)
