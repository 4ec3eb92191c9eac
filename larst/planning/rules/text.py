"""The expressions and literals that the programs of the rules share, as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from textwrap import indent

from larst.domain import Json

CRITERIA = 'plan["criteria"]'
IDENTIFIER = 'plan["identifier"]'
PAYLOAD = 'plan["payload"]'
NOT_FOUND = 'make_response(404, {"error": "not found"})'

_PERCENT_ENCODED = {"%": "%25", "/": "%2F", "?": "%3F", "#": "%23"}


def answer(status: int, body: Json = None, headers: Mapping[str, str] | None = None) -> str:
    """Return a program that answers every request of the shape alike."""
    parts = [str(status), literal(body), *([literal(dict(headers))] if headers else [])]
    return f"REPLY = make_response({', '.join(parts)})\n"


def created(collection: str, body: str = "record") -> str:
    """Return the lines that answer with a new `record` of the collection at this path."""
    escapes = "".join(f'.replace("{raw}", "{enc}")' for raw, enc in _PERCENT_ENCODED.items())
    return (
        f'location = {literal(collection + "/")} + str(record["id"]){escapes}\n'
        f'REPLY = make_response(201, {body}, {{"Location": location}})\n'
    )


def upserted(record: str) -> str:
    """Return the lines that update or insert the record that the expression gives."""
    return (
        f'known = {record}.get("id") is not None and store.get({record}["id"]) is not None\n'
        f'record = store.update({record}["id"], {record}) if known else store.insert({record})\n'
    )


def if_all_are_objects(lines: str) -> str:
    """Return `lines` behind a check that every item of the payload is an object."""
    bad_item = {"error": "bad record", "detail": "each item of the list must be a JSON object"}
    return (
        f"if not all(isinstance(item, dict) for item in {PAYLOAD}):\n"
        f"    {answer(400, bad_item)}"
        f"else:\n{indent(lines, '    ')}"
    )


def names_tuple(names: Sequence[str]) -> str:
    """Return a tuple of names as a Python literal."""
    return f"({', '.join(map(literal, names))}{',' if len(names) == 1 else ''})"


def literal(value: Json) -> str:
    """Return a JSON value without floats as a Python literal."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)
