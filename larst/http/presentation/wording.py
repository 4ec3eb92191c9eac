"""How the service understood a request, in words, for X-LARST-Reading. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from larst.planning.reading.asked import AllOf, AnyOf, Asked, Condition, Node, Not
from larst.planning.reading.request import Reading

MAX_CHARACTERS = 500
MAX_VALUE_CHARACTERS = 60

_SIGNS = {"": "=", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def reading_text(reading: Reading) -> str:
    """Return the reading in words: `page 2 of 10, sort -views`; empty if nothing was asked.

    Characters outside ASCII are escaped: the text goes into a header.
    """
    asked = reading.asked
    parts = [*reading.notes, *_paging(asked)]
    if asked.sort:
        parts.append(f"sort {','.join(asked.sort)}")
    if asked.where != AllOf():
        parts.append(f"where {_condition(asked.where)}")
    if asked.select is not None:
        parts.append(f"fields {','.join(asked.select)}")
    if asked.exclude:
        parts.append(f"without {','.join(asked.exclude)}")
    if asked.embed:
        parts.append(f"with {','.join(embed.name for embed in asked.embed)}")
    return header_text(", ".join(parts))


def header_text(text: str) -> str:
    """Return a text as the value of a header: printable ASCII, within the limit."""
    escaped = text.encode("ascii", "backslashreplace").decode()
    return "".join(sign if sign.isprintable() else " " for sign in escaped)[:MAX_CHARACTERS]


def _paging(asked: Asked) -> Iterator[str]:
    if asked.page is not None and asked.limit is not None:
        yield f"page {asked.page} of {asked.limit}"
        return
    if asked.limit is not None:
        yield f"limit {asked.limit}"
    if asked.offset:
        yield f"offset {asked.offset}"
    if asked.after is not None:
        yield f"after {asked.after}"
    if asked.before is not None:
        yield f"before {asked.before}"


def _condition(node: Node) -> str:
    match node:
        case Condition(name, operator, value):
            text = json.dumps(value, separators=(",", ":"))[:MAX_VALUE_CHARACTERS]
            return f"{name} {_SIGNS.get(operator, operator)} {text}"
        case Not(inner):
            return f"not ({_condition(inner)})"
        case AllOf(nodes):
            return " and ".join(map(_nested, nodes)) or "all"
        case AnyOf(nodes):
            return " or ".join(map(_nested, nodes)) or "none"
    return f"{node.relation} has ({_condition(node.node)})"


def _nested(node: Node) -> str:
    is_group = isinstance(node, AllOf | AnyOf) and len(node.nodes) > 1
    return f"({_condition(node)})" if is_group else _condition(node)
