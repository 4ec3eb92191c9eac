"""The programs of the rules that concern many records, as text. Pure."""

from __future__ import annotations

from collections.abc import Collection
from textwrap import indent

from larst.domain import Json
from larst.planning.rules.showing import shown_items
from larst.planning.rules.text import (
    CRITERIA,
    PAYLOAD,
    answer,
    if_all_are_objects,
    upserted,
)

NO_CRITERION: Json = {
    "error": "no criterion",
    "detail": "name what to change, as in ?status=old, or one record by its path",
}

NO_CHANGE: Json = {
    "error": "no change",
    "detail": "the body names no field to change; an id cannot change",
}
ID_CHANGED: Json = {
    "error": "bad id",
    "detail": "an id cannot change; PATCH or PUT the other fields of the record",
}


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
    lines += shown_items(asks)
    limit, offset = _value("limit", "None", asks), _value("offset", "0", asks)
    page = f'{{"total": total, "limit": {limit}, "offset": {offset}}}'
    body = "items" if is_plain else f'{{"items": items, "page": {page}}}'
    counts = '{"X-Total-Count": str(total), "X-LARST-Length": str(len(items))}'
    return f"{lines}REPLY = make_response(200, {body}, {counts})\n"


def _value(key: str, default: str, asks: Collection[str]) -> str:
    return f'plan["{key}"]' if key in asks else default


def count(criteria: str) -> str:
    """Return a program that answers with the number of matching records."""
    return f'REPLY = make_response(200, {{"count": store.count({criteria})}})\n'


def update_all(criteria: str, *, returns_records: bool, is_merge: bool) -> str:
    """Return a program that updates each matching record and answers with their number.

    `returns_records`: the answer holds the records too. `is_merge`: the payload is an object of
    the fields to change.
    """
    lines = _changed("updated", f"store.update_where({criteria}, {PAYLOAD})", returns_records)
    if is_merge:
        changes_id = (
            f'{PAYLOAD}.get("id") is not None and any(str(record["id"]) != str({PAYLOAD}["id"])'
            f" for record in store.search({criteria}))"
        )
        lines = f"if {changes_id}:\n    {answer(400, ID_CHANGED)}else:\n{indent(lines, '    ')}"
    return _if_criterion(lines, _IF_NO_CHANGE if is_merge else "")


def delete_all(criteria: str, *, returns_records: bool) -> str:
    """Return a program that deletes each matching record and answers with their number."""
    return _if_criterion(_changed("deleted", f"store.delete_where({criteria})", returns_records))


def _changed(counted: str, call: str, returns_records: bool) -> str:
    records = ', "items": changed' if returns_records else ""
    return f'changed = {call}\nREPLY = make_response(200, {{"{counted}": len(changed){records}}})\n'


def _if_criterion(lines: str, or_else: str = "") -> str:
    return (
        f"if not {CRITERIA}:\n    {answer(400, NO_CRITERION)}"
        f"{or_else}else:\n{indent(lines, '    ')}"
    )


_IF_NO_CHANGE = f'elif not any(name != "id" for name in {PAYLOAD}):\n    {answer(400, NO_CHANGE)}'


def create_all(*, is_upsert: bool, is_minimal: bool = False) -> str:
    """Return a program that stores all records of the payload, or none.

    `is_minimal`: the answer does not hold the records.
    """
    if is_minimal and not is_upsert:
        return f"for item in {PAYLOAD}:\n    store.insert(item)\nREPLY = make_response(201)\n"
    if not is_upsert:
        return f"REPLY = make_response(201, [store.insert(item) for item in {PAYLOAD}])\n"
    lines = (
        "changed = []\n"
        f"for item in {PAYLOAD}:\n"
        f"{indent(upserted('item'), '    ')}"
        "    changed.append(record)\n"
        "REPLY = make_response(201, changed)\n"
    )
    return if_all_are_objects(lines)


def create_missing(*, is_list: bool) -> str:
    """Return a program that stores the records of the payload whose ids are not taken."""
    lines = (
        "created = []\n"
        f"for item in {PAYLOAD if is_list else f'[{PAYLOAD}]'}:\n"
        '    if item.get("id") is None or store.get(item["id"]) is None:\n'
        "        created.append(store.insert(item))\n"
        "REPLY = make_response(201, created)\n"
    )
    return if_all_are_objects(lines) if is_list else lines


def replace_all(*, is_minimal: bool = False) -> str:
    """Return a program that replaces every record of the payload, by its id, or none.

    `is_minimal`: the answer does not hold the records.
    """
    return _change_each("replace", is_minimal=is_minimal)


def update_each(*, is_minimal: bool = False) -> str:
    """Return a program that changes every record of the payload, as `replace_all` replaces them."""
    return _change_each("update", is_minimal=is_minimal)


def _change_each(method: str, *, is_minimal: bool) -> str:
    lines = f'changed = [store.{method}(item.get("id", ""), item) for item in {PAYLOAD}]\n'
    return if_all_are_objects(lines + all_changed(is_minimal=is_minimal))


def all_changed(*, is_minimal: bool) -> str:
    """Return lines that answer with the records in `changed`, or with 404 if one is None."""
    answered = "204" if is_minimal else "200, changed"
    return (
        "missing = [n for n, record in enumerate(changed) if record is None]\n"
        "if missing:\n"
        '    detail = f"[{missing[0]}] of the list names no record by its id"\n'
        '    REPLY = make_response(404, {"error": "not found", "detail": detail})\n'
        "else:\n"
        f"    REPLY = make_response({answered})\n"
    )
