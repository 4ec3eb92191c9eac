"""The programs of the built-in rules, as text. Pure; each program passes the policy.

Each program is built for one shape and contains only the lines that the shape needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent

from larst.domain import LINKED, Json


@dataclass(frozen=True, slots=True)
class Link:
    """A record in a nested path.

    `identifier` is the expression for its id, `field` the name of its field for the parent's id.
    """

    resource: str
    identifier: str
    field: str | None


NO_CRITERION: Json = {
    "error": "no criterion",
    "detail": "name what to change, as in ?status=old, or one record by its path",
}
NOT_FOUND = 'make_response(404, {"error": "not found"})'
_PAGING_VALUES = {
    "limit": 'int(ctx["query"]["limit"][-1])',
    "offset": 'int(ctx["query"]["offset"][-1])',
    "sort": '",".join(ctx["query"]["sort"])',
}
_PERCENT_ENCODED = {"%": "%25", "/": "%2F", "?": "%3F", "#": "%23"}


def answer(status: int, body: Json = None, headers: Mapping[str, str] | None = None) -> str:
    """Return a program that answers every request of the shape alike."""
    parts = [str(status), _literal(body), *([_literal(dict(headers))] if headers else [])]
    return f"REPLY = make_response({', '.join(parts)})\n"


def create(collection: str) -> str:
    """Return a program that stores the payload; `collection` is the path of the new record."""
    return f'record = store.insert(plan["payload"])\n{_created(collection)}'


def create_child(collection: str, link: str) -> str:
    """Return a program that stores the payload as a child of `parent`."""
    record = child_of('plan["payload"]', link)
    return f"record = store.insert({record})\n{_created(collection)}"


def create_all() -> str:
    """Return a program that stores all records of the payload, or none."""
    return 'REPLY = make_response(201, [store.insert(item) for item in plan["payload"]])\n'


def create_all_children(link: str) -> str:
    """Return a program that stores all records of the payload as children of `parent`."""
    bad_item = {"error": "bad record", "detail": "each item of the list must be a JSON object"}
    return (
        'if all(isinstance(item, dict) for item in plan["payload"]):\n'
        f'    created = [store.insert({child_of("item", link)}) for item in plan["payload"]]\n'
        "    REPLY = make_response(201, created)\n"
        f"else:\n    {answer(400, bad_item)}"
    )


def child_of(record: str, link: str) -> str:
    """Return an expression for `record` with its link to `parent`."""
    return f'{{**{record}, {_literal(link)}: parent["id"]}}'


def same_link(record: str, link: str) -> str:
    """Return an expression for `record` with the link of its stored state, `parent`."""
    links = f"{{name: parent[name] for name in {_names(link)} if name in parent}}"
    return f"{{**{record}, **{links}}}"


def children_of(link: str) -> str:
    """Return an expression for the request's criteria, restricted to the children of `parent`.

    The link field has one of two spellings. A criterion on the link field itself cannot widen the
    selection.
    """
    names = ", ".join(f'{_literal(name)}: parent["id"]' for name in link_names(link))
    return f'{{**plan["criteria"], {_literal(LINKED)}: {{{names}}}}}'


def _created(collection: str) -> str:
    escapes = "".join(f'.replace("{raw}", "{enc}")' for raw, enc in _PERCENT_ENCODED.items())
    return (
        f'location = {_literal(collection + "/")} + str(record["id"]){escapes}\n'
        'REPLY = make_response(201, record, {"Location": location})\n'
    )


def on_record(call: str, *, status: int = 200) -> str:
    """Return a program that answers with the record that `call` returns, or with 404."""
    return (
        f"record = {call}\n"
        f"REPLY = make_response({status}, record) if record is not None else {NOT_FOUND}\n"
    )


def delete() -> str:
    """Return a program that deletes one record."""
    return (
        'found = store.delete(plan["identifier"])\n'
        f"REPLY = make_response(204) if found else {NOT_FOUND}\n"
    )


def envelope(keys: Sequence[str], criteria: str | None) -> str:
    """Return a program that answers with a page of records and their total.

    `keys` are the paging keys in the query, `criteria` the expression that selects the records.
    """
    paging = "".join(f", {key}={key}" for key in keys)
    if criteria is None:
        body = f"items, total = store.list({paging[2:]})\n"
    else:
        body = f"items = store.search({criteria}{paging})\n{_total(keys, criteria)}"
    page = _page("limit" in keys, "offset" in keys)
    return _paged(
        keys,
        f'{body}REPLY = make_response(200, {{"items": items, "page": {page}}})\n',
    )


def plain_list(keys: Sequence[str], criteria: str) -> str:
    """Return a program that answers with the matching records as a list."""
    return _paged(
        keys,
        f"items = store.search({criteria}{''.join(f', {key}={key}' for key in keys)})\n"
        f"{_total(keys, criteria)}"
        'REPLY = make_response(200, items, {"X-Total-Count": str(total)})\n',
    )


def link_names(link: str) -> tuple[str, str]:
    """Return both spellings of a link field, its current one first: `post_id`, `postId`."""
    if link.endswith("_id"):
        return link, f"{link[:-3]}Id"
    return link, f"{link[:-2]}_id"


def _names(link: str) -> str:
    return f"({', '.join(map(_literal, link_names(link)))})"


def change_all(call: str, counted: str, criteria: str) -> str:
    """Return a program that runs `call` for each matching record and answers with their number."""
    return (
        'if not plan["criteria"]:\n'
        f"    {answer(400, NO_CRITERION)}"
        "else:\n"
        f"    matching = store.search({criteria})\n"
        "    for record in matching:\n"
        f"        {call}\n"
        f'    REPLY = make_response(200, {{"{counted}": len(matching)}})\n'
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
            names = f"[name for name in {_names(link.field or '')} if name in parent]"
            its = f"[str(parent[name]) for name in {names}]"
            is_its = f'above is not None and str(above["id"]) in {its}'
            steps.append(f"if parent is not None and not ({is_its}):\n    parent = None\n")
        if index < len(chain) - 1:
            steps.append("above = parent\n")
    return (
        f"{''.join(steps)}if parent is None:\n    {answer(404, missing)}"
        f"else:\n{indent(inner, '    ')}"
    )


def _total(keys: Sequence[str], criteria: str) -> str:
    """Return the line that sets `total`; it calls `count` only if the page may be incomplete."""
    is_page = "limit" in keys or "offset" in keys
    return f"total = store.count({criteria})\n" if is_page else "total = len(items)\n"


def _page(has_limit: bool, has_offset: bool) -> str:
    limit, offset = "limit" if has_limit else "None", "offset" if has_offset else "0"
    return f'{{"total": total, "limit": {limit}, "offset": {offset}}}'


def _paged(keys: Sequence[str], body: str) -> str:
    """Return `body` with the paging keys bound from the query; numbers must not be negative."""
    lines = "".join(f"{key} = {_PAGING_VALUES[key]}\n" for key in keys)
    if not (numbers := [key for key in keys if key != "sort"]):
        return lines + body
    refusal = bad_paging("limit and offset are whole numbers from 0")
    test = " or ".join(f"{key} < 0" for key in numbers)
    return f"{lines}if {test}:\n    {refusal}else:\n{indent(body, '    ')}"


def bad_paging(detail: str) -> str:
    """Return a program that refuses the paging of the request."""
    return answer(400, {"error": "bad paging", "detail": detail})


def _literal(value: Json) -> str:
    """Return a JSON value without floats as a Python literal."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value)
