"""PostgREST's own notations: values, logic trees, and `select` with embedded resources. Pure.

https://postgrest.org/en/stable/references/api/tables_views.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import ALWAYS, Condition, Embed, Node, all_of, any_of, negated
from larst.planning.reading.fields import Fields
from larst.planning.reading.operators import condition, equals, is_null
from larst.planning.reading.patterns import like, regex
from larst.planning.reading.texts import split_quoted, unquoted

MAX_LEVELS = 10

_OPERATORS = (
    r"(?:not\.)?(?:eq|neq|gte|gt|lte|lt|like|ilike|match|imatch|in|is|isdistinct|cs|cd|ov|sl|sr|nxl"
    r"|nxr|adj|fts|plfts|phfts|wfts)(?:\((?:any|all|[a-z_]+)\))?"
)
_VALUE = re.compile(rf"(?P<op>{_OPERATORS})\.(?P<value>.*)", re.DOTALL)
_PARTS = re.compile(r"(?P<not>not\.)?(?P<op>[a-z]+)(?:\((?P<quantifier>[a-z_]+)\))?")
_GROUP = re.compile(r"(?P<not>not\.)?(?P<word>or|and)\((?P<inner>.*)\)", re.DOTALL)
_LEAF = re.compile(
    rf"(?P<field>[\w.\-\">]+?)\.(?P<op>{_OPERATORS})\.(?P<value>.*)",
    re.DOTALL,
)
_EMBED = re.compile(
    r"(?:\.\.\.)?(?:(?P<alias>[\w-]+):)?(?P<name>[\w-]+)(?:![\w-]+){0,3}\((?P<inner>.*)\)",
    re.DOTALL,
)
_COLUMN = re.compile(r"(?:(?P<alias>[\w-]+):)?(?P<path>[\w\-.>*\"]+)(?:::\w+)?")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns and relations of a `select`; `names` None is every column."""

    names: tuple[str, ...] | None = None
    renamed: tuple[tuple[str, str], ...] = ()
    embed: tuple[Embed, ...] = ()


def value_condition(field: str, text: str, fields: Fields, key: str) -> Node | None:
    """Return the condition of a value such as `gt.50` or `not.in.(1,2)`; None for other texts.

    Raises:
        QueryNotUnderstoodError: the value makes no sense for its operator.
    """
    match = _VALUE.fullmatch(text)
    if match is None or not _fits(match["op"], match["value"]):
        return None
    return _condition(field, match["op"], match["value"], fields, key)


def logic(word: str, text: str, fields: Fields, level: int = 0) -> Node:
    """Return the node of `or=(a.eq.1,b.gt.2)`; `word` is `or`, `and`, `not.or` or `not.and`.

    Raises:
        QueryNotUnderstoodError: it is not a list of conditions in parentheses.
    """
    inner = text.strip()
    if not (inner.startswith("(") and inner.endswith(")")) or level > MAX_LEVELS:
        raise _not_understood(word, text)
    nodes = [_logic_item(part, fields, level) for part in split_quoted(inner[1:-1])]
    if not nodes:
        raise _not_understood(word, text)
    node = any_of(nodes) if word.endswith("or") else all_of(nodes)
    return negated(node) if word.startswith("not.") else node


def select(text: str, level: int = 0) -> Columns:
    """Return the columns and the relations that a `select` lists.

    Raises:
        QueryNotUnderstoodError: a part of it is neither.
    """
    if text.strip() == "count":
        raise QueryNotUnderstoodError("select=count is not supported; use Prefer: count=exact")
    columns: dict[str, str] = {}
    embeds: list[Embed] = []
    for part in split_quoted(text):
        if (embed := _EMBED.fullmatch(part)) is not None and level < MAX_LEVELS:
            inner = select(embed["inner"], level + 1)
            embeds.append(Embed(embed["name"], inner.names, inner.embed, embed["alias"]))
        elif (column := _COLUMN.fullmatch(part)) is not None:
            path = re.sub(r"->>?", ".", column["path"]).strip('"')
            columns[path] = column["alias"] or path.rpartition(".")[2]
        else:
            raise QueryNotUnderstoodError(f"select={part[:80]} is not understood")
    if "*" in columns or not (columns or embeds):
        return Columns(embed=tuple(embeds))
    renamed = tuple((path, alias) for path, alias in columns.items() if path != alias)
    return Columns(tuple(columns), renamed, tuple(embeds))


def _fits(operator: str, value: str) -> bool:
    """Return whether a value has the form that its operator takes; else it is a plain text."""
    word = operator.removeprefix("not.")
    if word == "in":
        return value.startswith("(") and value.endswith(")")
    if word == "is":
        return value.lower() in ("null", "true", "false", "unknown", "not_null")
    return True


def _logic_item(part: str, fields: Fields, level: int) -> Node:
    if (group := _GROUP.fullmatch(part)) is not None:
        word = f"{group['not'] or ''}{group['word']}"
        return logic(word, f"({group['inner']})", fields, level + 1)
    if (leaf := _LEAF.fullmatch(part)) is None or not _fits(leaf["op"], leaf["value"]):
        raise _not_understood("or", part)
    name = re.sub(r"->>?", ".", leaf["field"].strip('"'))
    field = fields.resolve(name) or name
    return _condition(field, leaf["op"], leaf["value"], fields, name)


def _condition(field: str, operator: str, value: str, fields: Fields, key: str) -> Node:
    parts = _PARTS.fullmatch(operator)
    if parts is None:
        raise _not_understood(field, operator)
    values = [value]
    join: Callable[[list[Node]], Node] = any_of
    if parts["quantifier"] in ("any", "all"):
        values = split_quoted(value.strip("{}"))
        join = any_of if parts["quantifier"] == "any" else all_of
    reader = _READERS.get(parts["op"])
    if reader is not None:
        nodes = [reader(field, text, key) for text in values]
    else:
        word = {"neq": "ne", "isdistinct": "ne"}.get(parts["op"], parts["op"])
        nodes = [condition(field, word, unquoted(text), fields, key) for text in values]
    node = join(nodes)
    if node == ALWAYS:
        raise QueryNotUnderstoodError(f"{key[:80]}={operator}. needs a value")
    return negated(node) if parts["not"] else node


def _like(field: str, value: str, key: str) -> Node:
    return like(field, unquoted(value), key, ignores_case=False, is_anchored=True)


def _ilike(field: str, value: str, key: str) -> Node:
    return like(field, unquoted(value), key, ignores_case=True, is_anchored=True)


def _is(field: str, value: str, key: str) -> Node:
    word = value.lower()
    if word in ("null", "unknown"):
        return is_null(field, key)
    if word == "not_null":
        return negated(is_null(field, key))
    return Condition(field, "", word == "true", key)


def _all_items(field: str, value: str, key: str) -> Node:
    items = split_quoted(value.strip("{}[]"))
    return all_of([Condition(field, "", item, key) for item in items])


def _any_item(field: str, value: str, key: str) -> Node:
    return equals(field, list(split_quoted(value.strip("{}[]()"))), key)


def _words(field: str, value: str, key: str) -> Node:
    words = [word.strip("'") for word in re.split(r"[\s&]+", unquoted(value))]
    return all_of([Condition(field, "icontains", word, key) for word in words if word])


def _refused(field: str, _value: str, key: str) -> Node:
    raise QueryNotUnderstoodError(f"{key[:80]}: ranges and cd are not supported on {field[:60]}")


def _equal(field: str, value: str, key: str) -> Node:
    return Condition(field, "", unquoted(value), key)


_READERS: Mapping[str, Callable[[str, str, str], Node]] = {
    "eq": _equal,
    "like": _like,
    "ilike": _ilike,
    "is": _is,
    "in": _any_item,
    "cs": _all_items,
    "ov": _any_item,
    "match": lambda field, value, key: regex(field, value, key, ignores_case=False),
    "imatch": lambda field, value, key: regex(field, value, key, ignores_case=True),
    "fts": _words,
    "plfts": _words,
    "phfts": _words,
    "wfts": _words,
    **dict.fromkeys(("cd", "sl", "sr", "nxl", "nxr", "adj"), _refused),
}


def _not_understood(word: str, text: str) -> QueryNotUnderstoodError:
    return QueryNotUnderstoodError(
        f"{word}={text[:80]} is not understood; write it as in {word}=(status.eq.draft,views.gt.5)"
    )
