"""The programs of the rules that concern one record, as text. Pure; each passes the policy.

Each program is built for one shape and contains only the lines that the shape needs. Values come
from `plan`, never from the query: a program does not know in which dialect it was asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from textwrap import indent

from larst.planning.rules.showing import shown_record
from larst.planning.rules.text import (
    IDENTIFIER,
    NOT_FOUND,
    PAYLOAD,
    created,
    names_tuple,
    upserted,
)


def create(collection: str, *, is_upsert: bool, is_minimal: bool = False) -> str:
    """Return a program that stores the payload; `collection` is the path of the new record.

    `is_minimal`: the answer does not hold the record.
    """
    reply = created(collection, body="None" if is_minimal else "record")
    if is_upsert:
        return upserted(PAYLOAD) + reply
    return f"record = store.insert({PAYLOAD})\n{reply}"


def replace(fields: Sequence[str], *, is_upsert: bool) -> str:
    """Return a program that replaces a record; a nested one keeps the link of `parent`."""
    record = PAYLOAD
    if fields:
        links = f"{{name: parent[name] for name in {names_tuple(fields)} if name in parent}}"
        record = f"{{**{PAYLOAD}, **{links}}}"
    if not is_upsert:
        return on_record(f"store.replace({IDENTIFIER}, {record})")
    return (
        f"record = store.replace({IDENTIFIER}, {record})\n"
        "if record is None:\n"
        f"    key = {IDENTIFIER}\n"
        "    number = int(key) if key.isdigit() and len(key) < 16 else key\n"
        f'    record = store.insert({{**{record}, "id": number}})\n'
        "    REPLY = make_response(201, record)\n"
        "else:\n"
        "    REPLY = make_response(200, record)\n"
    )


def on_record(call: str, asks: Collection[str] = ()) -> str:
    """Return a program that answers with the record that `call` returns, or with 404."""
    return f"record = {call}\n{show(asks)}"


def show(asks: Collection[str]) -> str:
    """Return lines that answer with `record` as the shape asks, or with 404 if it is None."""
    if "embed" not in asks and "select" not in asks:
        return f"REPLY = make_response(200, record) if record is not None else {NOT_FOUND}\n"
    reply = shown_record(asks) + "REPLY = make_response(200, record)\n"
    return f"if record is None:\n    REPLY = {NOT_FOUND}\nelse:\n{indent(reply, '    ')}"


def delete(*, returns_record: bool, cascades: bool) -> str:
    """Return a program that deletes one record, with the records that depend on it if asked."""
    status = "200, record" if returns_record else "204"
    reply = f"REPLY = make_response({status})\n"
    dependents = _DELETE_DEPENDENTS if cascades else ""
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None:\n    REPLY = {NOT_FOUND}\n"
        f'else:\n    store.delete(record["id"])\n{indent(dependents + reply, "    ")}'
    )


_DELETE_DEPENDENTS = """\
for step in plan["embed"]:
    related = session_store.resource(step["resource"])
    for child in related.search({"|": {step["field"]: record["id"]}}):
        related.delete(child["id"])
"""
