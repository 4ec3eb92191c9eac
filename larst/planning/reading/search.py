"""Full-text search, and the qualifiers inside it: `q=draft views:>50 in:title`. Pure.

GitHub's, Stripe's and AIP's search languages. A word before `:` or a comparison counts only where
it names a learned field; everything else is text to search for.
"""

from __future__ import annotations

import re
from dataclasses import replace

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import ANY_FIELD, Condition, Node, all_of, any_of, negated
from larst.planning.reading.expressions import read_expression
from larst.planning.reading.operators import condition
from larst.planning.reading.spellings import SYMBOLS
from larst.planning.reading.values import ValueReader

MAX_CHARACTERS = 4000

_QUALIFIER = re.compile(
    r"(?:(?<=[\s,;(])|\A)(?P<not>-|NOT\s)?(?P<field>[A-Za-z_][\w.]{0,99})(?P<part>\[[^\]]{1,99}\])?"
    r"(?P<op>:|==|!=|>=|<=|>|<|=|!~|~)(?P<value>\"[^\"]*\"|'[^']*'|[^\s,;()\"']+)"
)
_JOINED = re.compile(
    r"=[a-z]{2,12}=|\]:|\s(?:AND|OR|&&|\|\|)\s|[()]|\s(?:eq|ne|gt|ge|lt|le|[<>=]=?)\s"
)


def search(text: str, names: list[str], values: ValueReader) -> Node:
    """Return the condition of a full-text search; `names` are the only fields to search, if any.

    Raises:
        QueryNotUnderstoodError: a qualifier makes no sense, or could be meant in a change.
    """
    if names and ":" in text and (node := _pairs(text, values)) is not None:
        return node
    qualifiers = _qualifiers(text, values)
    if not qualifiers:
        return all_of(_full_text(text, names, values))
    if values.is_change:
        raise QueryNotUnderstoodError(
            f"a search for {text[:80]!r} could be a filter, and this request changes what matches;"
            " write the filter as field=value"
        )
    if ("==" in text and re.search("[;,]", text)) or _JOINED.search(text):
        return read_expression(text, "q", values)
    return all_of(_qualified_search(text, names, qualifiers, values))


def _qualified_search(
    text: str, names: list[str], qualifiers: list[re.Match[str]], values: ValueReader
) -> list[Node]:
    nodes: list[Node] = []
    remaining = text
    for match in reversed(qualifiers):
        remaining = f"{remaining[: match.start()]} {remaining[match.end() :]}"
        if match["field"] == "in":
            names = [*names, *match["value"].split(",")]
        else:
            nodes.insert(0, _qualified(match, values))
    words = " ".join(remaining.split()).strip(",; ")
    return [*nodes, *_full_text(words, names, values)]


def _pairs(text: str, values: ValueReader) -> Node | None:
    """Read l5-repository's `title:post 3;status:draft`; None where a part names no field."""
    nodes: list[Node] = []
    for pair in text.split(";"):
        name, colon, value = pair.partition(":")
        field = values.fields.resolve(name.strip()) if colon else None
        if field is None or values.is_change:
            return None
        nodes.append(condition(field, "icontains", value.strip(), values.fields, name))
    return all_of(nodes)


def _qualifiers(text: str, values: ValueReader) -> list[re.Match[str]]:
    if len(text) > MAX_CHARACTERS:
        return []
    return [
        match
        for match in _QUALIFIER.finditer(text)
        if values.fields.resolve(match["field"]) is not None
        or (match["field"] == "in" and values.fields.resolve(match["value"]) is not None)
    ]


def _qualified(match: re.Match[str], values: ValueReader) -> Node:
    name = values.fields.resolve(match["field"]) or match["field"]
    text, symbol = match["value"], match["op"]
    if text[0] in "\"'":
        text = text[1:-1]
    if symbol in (":", "=", "=="):
        node = replace(values, matches_parts=True).read(name, [text], name)
    else:
        node = condition(name, SYMBOLS[symbol], text, values.fields, name)
    return negated(node) if match["not"] else node


def _full_text(text: str, names: list[str], values: ValueReader) -> list[Node]:
    if not text:
        return []
    text = text.strip('"') or text
    if not names:
        return [Condition(ANY_FIELD, "icontains", text, "q")]
    fields = [values.fields.resolve(name) or name for name in names]
    return [any_of([Condition(name, "icontains", text, "q") for name in fields])]
