"""The programs of the built-in rules, as text. Pure; each program passes the policy.

Each program is built for one shape and contains only the lines that the shape needs. Values come
from `plan`, never from the query: a program does not know in which dialect it was asked.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent

from larst.domain import OR, Json


@dataclass(frozen=True, slots=True)
class Link:
    """A record in a nested path.

    `identifier` is the expression for its id, `fields` those that may hold the parent's id.
    """

    resource: str
    identifier: str
    fields: Sequence[str] = ()


CRITERIA = 'plan["criteria"]'
IDENTIFIER = 'plan["identifier"]'
PAYLOAD = 'plan["payload"]'
NO_CRITERION: Json = {
    "error": "no criterion",
    "detail": "name what to change, as in ?status=old, or one record by its path",
}
NOT_FOUND = 'make_response(404, {"error": "not found"})'
_BAD_ITEM = {"error": "bad record", "detail": "each item of the list must be a JSON object"}
_PERCENT_ENCODED = {"%": "%25", "/": "%2F", "?": "%3F", "#": "%23"}

_EMBED = """\
rows = [{items}]
for step in plan["embed"]:
    source = rows[step["from"]]
    related = session_store.resource(step["resource"])
    field = step["field"]
    name = step["name"]
    if step["many"]:
        ids = [row["id"] for row in source]
        criteria = {{"&": [step["criteria"], {{field + "__in": ids}}]}}
        linked = related.search(criteria, sort=step["sort"]) if source else []
        if step["select"] is None:
            shown = [dict(row) for row in linked]
        else:
            shown = [{{key: row[key] for key in step["select"] if key in row}} for row in linked]
        groups = {{}}
        for row, view in zip(linked, shown):
            key = str(row.get(field))
            if key in groups:
                groups[key].append(view)
            else:
                groups[key] = [view]
        for row in source:
            row[name] = groups.get(str(row["id"]), [])[step["offset"]:step["end"]]
        rows.append(shown)
    else:
        keys = [row[field] for row in source if row.get(field) is not None]
        linked = related.search({{"id__in": keys}}) if keys else []
        if step["select"] is None:
            shown = [dict(row) for row in linked]
        else:
            shown = [{{key: row[key] for key in step["select"] if key in row}} for row in linked]
        by_id = {{str(row["id"]): view for row, view in zip(linked, shown)}}
        for row in source:
            row[name] = by_id.get(str(row.get(field)))
        rows.append(shown)
"""


def answer(status: int, body: Json = None, headers: Mapping[str, str] | None = None) -> str:
    """Return a program that answers every request of the shape alike."""
    parts = [str(status), _literal(body), *([_literal(dict(headers))] if headers else [])]
    return f"REPLY = make_response({', '.join(parts)})\n"


def create(collection: str, *, is_upsert: bool) -> str:
    """Return a program that stores the payload; `collection` is the path of the new record."""
    if is_upsert:
        return _upsert_one(PAYLOAD) + _created(collection)
    return f"record = store.insert({PAYLOAD})\n{_created(collection)}"


def create_child(collection: str, fields: Sequence[str]) -> str:
    """Return a program that stores the payload as a child of `parent`."""
    return (
        f"links = [name for name in {_tuple(fields)} if {PAYLOAD}.get(name) is not None]\n"
        f'if any(str({PAYLOAD}[name]) != str(parent["id"]) for name in links):\n'
        f"    {answer(409, _OTHER_PARENT)}"
        "else:\n"
        f"    link = links[0] if links else {_literal(fields[0])}\n"
        f'    record = store.insert({{**{PAYLOAD}, link: parent["id"]}})\n'
        f"{indent(_created(collection), '    ')}"
    )


_OTHER_PARENT = {
    "error": "other parent",
    "detail": "the body names another parent than the path; send one of them",
}


def create_all(*, is_upsert: bool) -> str:
    """Return a program that stores all records of the payload, or none."""
    if not is_upsert:
        return f"REPLY = make_response(201, [store.insert(item) for item in {PAYLOAD}])\n"
    return (
        "created = []\n"
        f"for item in {PAYLOAD}:\n"
        f"{indent(_upsert_one('item'), '    ')}"
        "    created.append(record)\n"
        "REPLY = make_response(201, created)\n"
    )


def create_all_children(fields: Sequence[str]) -> str:
    """Return a program that stores all records of the payload as children of `parent`."""
    link = _literal(fields[0])
    child = f'{{**item, {link}: parent["id"]}}'
    return (
        f"if all(isinstance(item, dict) for item in {PAYLOAD}):\n"
        f"    created = [store.insert({child}) for item in {PAYLOAD}]\n"
        "    REPLY = make_response(201, created)\n"
        f"else:\n    {answer(400, _BAD_ITEM)}"
    )


def replace(fields: Sequence[str], *, is_upsert: bool) -> str:
    """Return a program that replaces a record; a nested one keeps the link of `parent`."""
    record = PAYLOAD
    if fields:
        links = f"{{name: parent[name] for name in {_tuple(fields)} if name in parent}}"
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


def replace_all() -> str:
    """Return a program that replaces every record of the payload, by its id, or none."""
    missing = {"error": "not found", "detail": "an item of the list names no record by its id"}
    return (
        f"if not all(isinstance(item, dict) for item in {PAYLOAD}):\n"
        f"    {answer(400, _BAD_ITEM)}"
        "else:\n"
        f'    changed = [store.replace(item.get("id", ""), item) for item in {PAYLOAD}]\n'
        "    if any(record is None for record in changed):\n"
        f"        {answer(404, missing)}"
        "    else:\n"
        "        REPLY = make_response(200, changed)\n"
    )


def update_each() -> str:
    """Return a program that changes every record of the payload, by its id, or none."""
    return replace_all().replace("store.replace(", "store.update(")


def children_of(fields: Sequence[str]) -> str:
    """Return an expression for the request's criteria, restricted to the children of `parent`.

    A criterion on the link field itself cannot widen the selection.
    """
    names = ", ".join(f'{_literal(name)}: parent["id"]' for name in fields)
    return f'{{"&": [{CRITERIA}, {{{_literal(OR)}: {{{names}}}}}]}}'


def _created(collection: str) -> str:
    escapes = "".join(f'.replace("{raw}", "{enc}")' for raw, enc in _PERCENT_ENCODED.items())
    return (
        f'location = {_literal(collection + "/")} + str(record["id"]){escapes}\n'
        'REPLY = make_response(201, record, {"Location": location})\n'
    )


def _upsert_one(record: str) -> str:
    return (
        f'known = {record}.get("id") is not None and store.get({record}["id"]) is not None\n'
        f'record = store.update({record}["id"], {record}) if known else store.insert({record})\n'
    )


def on_record(call: str, asks: Collection[str] = ()) -> str:
    """Return a program that answers with the record that `call` returns, or with 404."""
    reply = "REPLY = make_response(200, record)\n"
    if "embed" not in asks and "select" not in asks:
        return (
            f"record = {call}\n"
            f"REPLY = make_response(200, record) if record is not None else {NOT_FOUND}\n"
        )
    shown = _shown("record", asks) + reply
    return f"record = {call}\nif record is None:\n    REPLY = {NOT_FOUND}\nelse:\n{indent(shown, '    ')}"


def _shown(name: str, asks: Collection[str]) -> str:
    """Return the lines that embed relations into one record and select its fields."""
    lines = ""
    if "embed" in asks:
        lines += f"{name} = dict({name})\n" + _EMBED.format(items=f"[{name}]")
    if "select" in asks:
        lines += _select_one(name)
    return lines


def _select_one(name: str) -> str:
    return (
        f'if plan["select"] is not None:\n'
        f'    {name} = {{key: {name}[key] for key in plan["select"] if key in {name}}}\n'
        f"{name} = {{key: item for key, item in {name}.items() if key not in plan[\"exclude\"]}}\n"
    )


def delete(*, returns_record: bool, cascade: bool) -> str:
    """Return a program that deletes one record."""
    reply = "REPLY = make_response(200, record)\n" if returns_record else "REPLY = make_response(204)\n"
    children = _CASCADE if cascade else ""
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None:\n    REPLY = {NOT_FOUND}\n"
        f'else:\n    store.delete(record["id"])\n{indent(children + reply, "    ")}'
    )


_CASCADE = """\
for step in plan["embed"]:
    children = session_store.resource(step["resource"])
    for child in children.search({step["field"]: record["id"]}):
        children.delete(child["id"])
"""


def get_field(field: str) -> str:
    """Return a program that answers with one field of a record."""
    name = _literal(field)
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None or {name} not in record:\n    REPLY = {NOT_FOUND}\n"
        f"else:\n    REPLY = make_response(200, record[{name}])\n"
    )


def set_field(field: str) -> str:
    """Return a program that sets one field of a record."""
    return (
        f"record = store.update({IDENTIFIER}, {{{_literal(field)}: {PAYLOAD}}})\n"
        f"if record is None:\n    REPLY = {NOT_FOUND}\n"
        f"else:\n    REPLY = make_response(200, record[{_literal(field)}])\n"
    )


def append_to_field(field: str) -> str:
    """Return a program that appends the payload to a list inside a record."""
    name = _literal(field)
    not_a_list = {"error": "not a list", "detail": f"the field {field} does not hold a list"}
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None:\n    REPLY = {NOT_FOUND}\n"
        f"elif not isinstance(record.get({name}), list):\n    {answer(409, not_a_list)}"
        "else:\n"
        f"    store.update(record[\"id\"], {{{name}: [*record[{name}], {PAYLOAD}]}})\n"
        f"    REPLY = make_response(201, {PAYLOAD})\n"
    )


def delete_field(field: str) -> str:
    """Return a program that removes one field of a record."""
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")
    operation = [{"op": "remove", "path": pointer}]
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None or {_literal(field)} not in record:\n    REPLY = {NOT_FOUND}\n"
        f"else:\n    store.update(record[\"id\"], {_literal(operation)})\n"
        "    REPLY = make_response(204)\n"
    )


def page_of_records(asks: Collection[str], criteria: str | None, *, is_plain: bool) -> str:
    """Return a program that answers with a page of records.

    `asks` are the parts that the shape asks for, `criteria` the expression that selects the
    records. A plain answer is the list itself.
    """
    keys = [key for key in ("limit", "offset", "sort") if key in asks]
    paging = "".join(f', {key}=plan["{key}"]' for key in keys)
    if criteria is None:
        lines = f"items, total = store.list({paging[2:]})\n"
    else:
        is_part = "limit" in asks or "offset" in asks
        total = f"store.count({criteria})" if is_part else "len(items)"
        lines = f"items = store.search({criteria}{paging})\ntotal = {total}\n"
    if "embed" in asks:
        lines += "items = [dict(item) for item in items]\n" + _EMBED.format(items="items")
    if "select" in asks:
        lines += (
            'if plan["select"] is not None:\n'
            '    items = [{key: item[key] for key in plan["select"] if key in item}'
            " for item in items]\n"
            'items = [{key: item[key] for key in item if key not in plan["exclude"]}'
            " for item in items]\n"
        )
    page = f'{{"total": total, "limit": {_value("limit", asks)}, "offset": {_value("offset", asks)}}}'
    body = "items" if is_plain else f'{{"items": items, "page": {page}}}'
    counts = '{"X-Total-Count": str(total), "X-LARST-Length": str(len(items))}'
    return f"{lines}REPLY = make_response(200, {body}, {counts})\n"


def _value(key: str, asks: Collection[str]) -> str:
    default = "None" if key == "limit" else "0"
    return f'plan["{key}"]' if key in asks else default


def count(criteria: str) -> str:
    """Return a program that answers with the number of matching records."""
    return f'REPLY = make_response(200, {{"count": store.count({criteria})}})\n'


def change_all(call: str, counted: str, criteria: str, *, returns_records: bool) -> str:
    """Return a program that runs `call` for each matching record and answers with their number.

    `returns_records`: the answer holds the records too.
    """
    records = ', "items": changed' if returns_records else ""
    keep = "changed.append(result)\n" if counted == "updated" else "changed.append(record)\n"
    collect = f"        {keep}" if returns_records else ""
    return (
        f"if not {CRITERIA}:\n"
        f"    {answer(400, NO_CRITERION)}"
        "else:\n"
        f"    matching = store.search({criteria})\n"
        "    changed = []\n"
        "    for record in matching:\n"
        f"        result = {call}\n"
        f"{collect}"
        f'    REPLY = make_response(200, {{"{counted}": len(matching){records}}})\n'
    )


def below(chain: Sequence[Link], inner: str, missing: Json) -> str:
    """Return `inner` behind checks that the records of `chain` exist; if not, the answer is 404.

    Each record must belong to the previous one. In `inner`, the last one is `parent`.
    """
    steps: list[str] = []
    for index, link in enumerate(chain):
        resource = f"session_store.resource({_literal(link.resource)})"
        steps.append(f"parent = {resource}.get({link.identifier})\n")
        if index:
            names = f"[name for name in {_tuple(link.fields)} if name in parent]"
            ids = f"[str(parent[name]) for name in {names}]"
            is_child = f'above is not None and str(above["id"]) in {ids}'
            steps.append(f"if parent is not None and not ({is_child}):\n    parent = None\n")
        if index < len(chain) - 1:
            steps.append("above = parent\n")
    return (
        f"{''.join(steps)}if parent is None:\n    {answer(404, missing)}"
        f"else:\n{indent(inner, '    ')}"
    )


def _tuple(names: Sequence[str]) -> str:
    return f"({', '.join(map(_literal, names))}{',' if len(names) == 1 else ''})"


def _literal(value: Json) -> str:
    """Return a JSON value without floats as a Python literal."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value)
