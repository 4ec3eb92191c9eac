"""The programs of the rules that concern one record, as text. Pure; each passes the policy.

Each program is built for one shape and contains only the lines that the shape needs. Values come
from `plan`, never from the query: a program does not know in which dialect it was asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from textwrap import indent

from larst.domain import Json
from larst.planning.rules.lists import OTHER_PARENT
from larst.planning.rules.showing import shown_record
from larst.planning.rules.text import (
    IDENTIFIER,
    NOT_FOUND,
    PAYLOAD,
    answer,
    created,
    literal,
    names_tuple,
    upserted,
)


@dataclass(frozen=True, slots=True)
class Link:
    """A record in a nested path.

    `identifier` is the expression for its id, `fields` those that may hold the parent's id.
    """

    resource: str
    identifier: str
    fields: Sequence[str] = ()


def create(collection: str, *, is_upsert: bool) -> str:
    """Return a program that stores the payload; `collection` is the path of the new record."""
    if is_upsert:
        return upserted(PAYLOAD) + created(collection)
    return f"record = store.insert({PAYLOAD})\n{created(collection)}"


def create_child(collection: str, fields: Sequence[str]) -> str:
    """Return a program that stores the payload as a child of `parent`."""
    return (
        f"links = [name for name in {names_tuple(fields)} if {PAYLOAD}.get(name) is not None]\n"
        f'if any(str({PAYLOAD}[name]) != str(parent["id"]) for name in links):\n'
        f"    {answer(409, OTHER_PARENT)}"
        "else:\n"
        f"    link = links[0] if links else {literal(fields[0])}\n"
        f'    record = store.insert({{**{PAYLOAD}, link: parent["id"]}})\n'
        f"{indent(created(collection), '    ')}"
    )


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
    if "embed" not in asks and "select" not in asks:
        return (
            f"record = {call}\n"
            f"REPLY = make_response(200, record) if record is not None else {NOT_FOUND}\n"
        )
    reply = shown_record(asks) + "REPLY = make_response(200, record)\n"
    return (
        f"record = {call}\n"
        f"if record is None:\n    REPLY = {NOT_FOUND}\n"
        f"else:\n{indent(reply, '    ')}"
    )


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


def get_field(field: str) -> str:
    """Return a program that answers with one field of a record."""
    name = literal(field)
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None or {name} not in record:\n    REPLY = {NOT_FOUND}\n"
        f"else:\n    REPLY = make_response(200, record[{name}])\n"
    )


def set_field(field: str) -> str:
    """Return a program that sets one field of a record."""
    return (
        f"record = store.update({IDENTIFIER}, {{{literal(field)}: {PAYLOAD}}})\n"
        f"if record is None:\n    REPLY = {NOT_FOUND}\n"
        f"else:\n    REPLY = make_response(200, record[{literal(field)}])\n"
    )


def append_to_field(field: str) -> str:
    """Return a program that appends the payload to a list inside a record."""
    name = literal(field)
    not_a_list = {"error": "not a list", "detail": f"the field {field} does not hold a list"}
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None:\n    REPLY = {NOT_FOUND}\n"
        f"elif not isinstance(record.get({name}), list):\n    {answer(409, not_a_list)}"
        "else:\n"
        f'    store.update(record["id"], {{{name}: [*record[{name}], {PAYLOAD}]}})\n'
        f"    REPLY = make_response(201, {PAYLOAD})\n"
    )


def delete_field(field: str) -> str:
    """Return a program that removes one field of a record."""
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")
    operation = [{"op": "remove", "path": pointer}]
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None or {literal(field)} not in record:\n    REPLY = {NOT_FOUND}\n"
        f'else:\n    store.update(record["id"], {literal(operation)})\n'
        "    REPLY = make_response(204)\n"
    )


def below(chain: Sequence[Link], inner: str, missing: Json) -> str:
    """Return `inner` behind checks that the records of `chain` exist; if not, the answer is 404.

    Each record must belong to the previous one. In `inner`, the last one is `parent`.
    """
    steps: list[str] = []
    for index, link in enumerate(chain):
        resource = f"session_store.resource({literal(link.resource)})"
        steps.append(f"parent = {resource}.get({link.identifier})\n")
        if index:
            names = f"[name for name in {names_tuple(link.fields)} if name in parent]"
            ids = f"[str(parent[name]) for name in {names}]"
            is_child = f'above is not None and str(above["id"]) in {ids}'
            steps.append(f"if parent is not None and not ({is_child}):\n    parent = None\n")
        if index < len(chain) - 1:
            steps.append("above = parent\n")
    return (
        f"{''.join(steps)}if parent is None:\n    {answer(404, missing)}"
        f"else:\n{indent(inner, '    ')}"
    )
