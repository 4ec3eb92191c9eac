"""Programs for records below other records: checks of the path, links, and children. Pure.

A child holds the id of its parent, unless `Many` says where else the link is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import indent

from larst.domain import OR, Json
from larst.planning.rules.lists import all_changed
from larst.planning.rules.text import (
    CRITERIA,
    IDENTIFIER,
    NOT_FOUND,
    PAYLOAD,
    answer,
    created,
    if_all_are_objects,
    literal,
    names_tuple,
)
from larst.planning.shapes.links import Many

_OTHER_PARENT: Json = {
    "error": "other parent",
    "detail": "the body names another parent than the path; send one of them",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A record in a nested path.

    `identifier` is the expression for its id, `fields` those that may hold the parent's id, `many`
    the link that is held elsewhere.
    """

    resource: str
    identifier: str
    fields: Sequence[str] = ()
    many: Many | None = None


def below(chain: Sequence[Link], inner: str, missing: Json) -> str:
    """Return `inner` behind checks that the records of `chain` exist; if not, the answer is 404.

    Each record must belong to the previous one. In `inner`, the last one is `parent`, and the one
    before it `above`.
    """
    steps: list[str] = []
    for index, link in enumerate(chain):
        steps.append(f"parent = {_resource(link.resource)}.get({link.identifier})\n")
        if index:
            is_child = f"above is not None and {_belongs(link)}"
            steps.append(f"if parent is not None and not ({is_child}):\n    parent = None\n")
        if index < len(chain) - 1:
            steps.append("above = parent\n")
    return (
        f"{''.join(steps)}if parent is None:\n    {answer(404, missing)}"
        f"else:\n{indent(inner, '    ')}"
    )


def create_child(collection: str, fields: Sequence[str], aliases: Sequence[str]) -> str:
    """Return a program that stores the payload as a child of `parent`.

    `fields` are those that link it, `aliases` other spellings of them in the body; `collection` is
    the path of the new record.
    """
    return (
        f"{_checked(PAYLOAD, 'parent', [*fields, *aliases])}"
        "else:\n"
        f"{indent(_insert_child(PAYLOAD, fields, aliases), '    ')}"
        f"{indent(created(collection), '    ')}"
    )


def create_all_children(fields: Sequence[str], aliases: Sequence[str]) -> str:
    """Return a program that stores all records of the payload as children of `parent`."""
    names = names_tuple([*fields, *aliases])
    linked = f"[item[name] for item in {PAYLOAD} for name in {names} if item.get(name) is not None]"
    return if_all_are_objects(
        f'if any(str(key) != str(parent["id"]) for key in {linked}):\n'
        f"    {answer(409, _OTHER_PARENT)}"
        "else:\n"
        "    changed = []\n"
        f"    for item in {PAYLOAD}:\n"
        f"{indent(_insert_child('item', fields, aliases), ' ' * 8)}"
        "        changed.append(record)\n"
        "    REPLY = make_response(201, changed)\n"
    )


def change_children(
    method: str,
    fields: Sequence[str],
    aliases: Sequence[str],
    many: Many | None,
    *,
    is_minimal: bool,
) -> str:
    """Return a program that replaces or updates the children of `parent` in the payload, or none.

    The record of another parent counts as missing, and a child keeps its link.
    """
    links = names_tuple([] if many is not None else fields)
    names = names_tuple([*fields, *aliases])
    linked = f"[item[name] for item in {PAYLOAD} for name in {names} if item.get(name) is not None]"
    change = (
        f"rows = store.search({children_of(fields, many)})\n"
        'children = {str(row["id"]): row for row in rows}\n'
        "changed = []\n"
        f"for item in {PAYLOAD}:\n"
        '    key = str(item.get("id", ""))\n'
        "    record = None\n"
        "    if key in children:\n"
        "        child = children[key]\n"
        f"        links = {{name: child[name] for name in {links} if name in child}}\n"
        f"        record = store.{method}(key, {{**item, **links}})\n"
        "    changed.append(record)\n"
        f"{all_changed(is_minimal=is_minimal)}"
    )
    return if_all_are_objects(
        f'if any(str(key) != str(parent["id"]) for key in {linked}):\n'
        f"    {answer(409, _OTHER_PARENT)}"
        f"else:\n{indent(change, '    ')}"
    )


def replace_child(fields: Sequence[str], aliases: Sequence[str], inner: str) -> str:
    """Return `inner`, which replaces a child of `above`, behind a check of the body's parent."""
    return f"{_checked(PAYLOAD, 'above', [*fields, *aliases])}else:\n{indent(inner, '    ')}"


def children_of(fields: Sequence[str], many: Many | None = None) -> str:
    """Return an expression for the request's criteria, restricted to the children of `parent`.

    A criterion on the link field itself cannot widen the selection.
    """
    if many is not None and many.kind != "child":
        return f'{{"&": [{CRITERIA}, {{"id__in": {_linked_ids(many, "parent")}}}]}}'
    names = fields if many is None else [many.field]
    links = ", ".join(f'{literal(name)}: parent["id"]' for name in names)
    return f'{{"&": [{CRITERIA}, {{{literal(OR)}: {{{links}}}}}]}}'


def link(parent: str, many: Many, *, has_payload: bool) -> str:
    """Return a program that links a record to `parent`, a record of the resource of that name."""
    step = _add_link(parent, many, "parent", has_payload=has_payload)
    return (
        f"record = store.get({IDENTIFIER})\n"
        f"if record is None:\n    REPLY = {NOT_FOUND}\n"
        "else:\n"
        f"    if not {_is_linked(many, 'parent', 'record')}:\n"
        f"{indent(step, ' ' * 8)}"
        "    REPLY = make_response(200, record)\n"
    )


def create_linked(parent: str, many: Many, collection: str) -> str:
    """Return a program that stores the payload and links it to `parent`."""
    step = _add_link(parent, many, "parent", has_payload=False)
    return f"record = store.insert({PAYLOAD})\n{step}{created(collection)}"


def unlink(parent: str, many: Many) -> str:
    """Return a program that ends the link between `above` and the record `parent`."""
    done = "REPLY = make_response(204)\n"
    field = literal(many.field)
    if many.kind == "join":
        return (
            f"joins = {_resource(many.resource)}\n"
            f"for row in joins.search({_join_criteria(many, 'above')}):\n"
            f'    if str(row.get({field})) == str(parent["id"]):\n'
            '        joins.delete(row["id"])\n'
            f"{done}"
        )
    holder, other = ("parent", "above") if many.kind == "child" else ("above", "parent")
    store = "store" if many.kind == "child" else _resource(parent)
    rest = f'[key for key in {holder}[{field}] if str(key) != str({other}["id"])]'
    return f'{store}.update({holder}["id"], {{{field}: {rest}}})\n{done}'


def to_one(many: Many) -> str:
    """Return an expression for the record that `parent` links to, or None."""
    field = literal(many.field)
    return f"store.get(parent[{field}]) if parent.get({field}) is not None else None"


def _checked(record: str, parent: str, names: Sequence[str]) -> str:
    """Return an `if` that refuses a record that names another parent."""
    linked = f"[{record}[name] for name in {names_tuple(names)} if {record}.get(name) is not None]"
    return (
        f'if any(str(key) != str({parent}["id"]) for key in {linked}):\n'
        f"    {answer(409, _OTHER_PARENT)}"
    )


def _insert_child(record: str, fields: Sequence[str], aliases: Sequence[str]) -> str:
    """Return lines that store a record with a single link to `parent`."""
    names = [*fields, *aliases]
    if len(names) == 1:
        return f'record = store.insert({{**{record}, {literal(names[0])}: parent["id"]}})\n'
    known = f"[name for name in {names_tuple(fields)} if {record}.get(name) is not None]"
    rest = f"{{name: {record}[name] for name in {record} if name not in {names_tuple(names)}}}"
    return (
        f"links = [*{known}, {literal(fields[0])}]\n"
        f'record = store.insert({{**{rest}, links[0]: parent["id"]}})\n'
    )


def _add_link(parent: str, many: Many, above: str, *, has_payload: bool) -> str:
    """Return lines that link `record` to the record in the variable `above`."""
    field = literal(many.field)
    if many.kind == "join":
        payload = f"**{PAYLOAD}, " if has_payload else ""
        pair = f'{literal(many.parent_field)}: {above}["id"], {field}: record["id"]'
        return f"{_resource(many.resource)}.insert({{{payload}{pair}}})\n"
    if many.kind == "child":
        ids = f'[*{_list_in("record", field)}, {above}["id"]]'
        return f'record = store.update(record["id"], {{{field}: {ids}}})\n'
    ids = f'[*{_list_in(above, field)}, record["id"]]'
    return f'{_resource(parent)}.update({above}["id"], {{{field}: {ids}}})\n'


def _belongs(link: Link) -> str:
    """Return an expression: the record `parent` belongs to the record `above`."""
    if link.many is not None:
        return _is_linked(link.many, "above", "parent")
    names = f"[name for name in {names_tuple(link.fields)} if name in parent]"
    return f'str(above["id"]) in [str(parent[name]) for name in {names}]'


def _is_linked(many: Many, above: str, record: str) -> str:
    if many.kind == "child":
        ids, key = _list_in(record, literal(many.field)), above
    else:
        ids, key = _linked_ids(many, above), record
    return f'str({key}["id"]) in [str(key) for key in {ids}]'


def _linked_ids(many: Many, above: str) -> str:
    """Return an expression for the ids of the children of the record in `above`."""
    field = literal(many.field)
    if many.kind == "join":
        rows = f"{_resource(many.resource)}.search({_join_criteria(many, above)})"
        return f"[row[{field}] for row in {rows} if row.get({field}) is not None]"
    if many.kind == "one":
        return f"([{above}[{field}]] if {above}.get({field}) is not None else [])"
    return _list_in(above, field)


def _list_in(record: str, field: str) -> str:
    return f"({record}[{field}] if isinstance({record}.get({field}), list) else [])"


def _join_criteria(many: Many, above: str) -> str:
    return f'{{{literal(OR)}: {{{literal(many.parent_field)}: {above}["id"]}}}}'


def _resource(name: str) -> str:
    return f"session_store.resource({literal(name)})"
