"""JSON values as HTML, bounded: the page names the parts that it omits. Pure.

Must never show more than its budget: a record may have a hundred thousand parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson

from larst.domain import Json
from larst.http.pages.replies.markup import Html, element, joined, markup

CELL_CHARACTERS = 120
LONG_CHARACTERS = 40
TEXT_CHARACTERS = 5_000
KEY_CHARACTERS = 100
MAX_PARTS = 1_000
"""The values that a record may show in all."""

MAX_ITEMS = 50
"""The members of a nested object or list that are shown."""

MAX_DEPTH = 5

Link = Callable[[str, Json], str | None]
"""Returns the address that a field's value links to, or None."""


@dataclass(slots=True)
class Budget:
    """How many more values may be shown; `left_out` names the omitted parts."""

    parts: int = MAX_PARTS
    left_out: list[str] = field(default_factory=list)

    def take(self) -> bool:
        """Use one part; return False if none is left."""
        self.parts -= 1
        return self.parts >= 0


def cell(name: str, value: Json, link: Link) -> Html:
    """Return a value for the cell of a table: one line of text."""
    if isinstance(value, dict | list):
        return element("code", _preview(value))
    return _linked(_scalar(value, CELL_CHARACTERS), link(name, value))


def table_cell(name: str, record: Mapping[str, Json], link: Link) -> Html:
    """Return the cell of a field; that of a long text gets a width in which it is a few lines."""
    if name not in record:
        return element("td")
    value = record[name]
    is_long = isinstance(value, str) and len(value) > LONG_CHARACTERS
    return element("td", cell(name, value, link), class_="long" if is_long else None)


def fields(record: Mapping[str, Json], link: Link, budget: Budget, depth: int = 0) -> Html:
    """Return the fields of an object as a list of names and values."""
    rows, count = [], 0
    for name, value in record.items():
        if (depth and count == MAX_ITEMS) or not budget.take():
            break
        count += 1
        label = _cut(name, KEY_CHARACTERS) if name else "(empty name)"
        shown_value = _value(name, value, link, budget, depth)
        rows.append(element("div", element("dt", label), element("dd", shown_value)))
    listed = element("dl", *rows)
    return joined(listed, _more(len(record) - count, "field", budget))


def _value(name: str, value: Json, link: Link, budget: Budget, depth: int) -> Html:
    if not isinstance(value, dict | list):
        return _linked(_scalar(value, TEXT_CHARACTERS), link(name, value))
    if not value:
        return element("code", "{}" if isinstance(value, dict) else "[]")
    if depth == MAX_DEPTH:
        budget.left_out.append("deeper levels")
        return element("code", _preview(value))
    if isinstance(value, dict):
        return fields(value, link, budget, depth + 1)
    return _items(name, value, link, budget, depth)


def _items(name: str, items: list[Json], link: Link, budget: Budget, depth: int) -> Html:
    entries = []
    for value in items[:MAX_ITEMS]:
        if not budget.take():
            break
        entries.append(element("li", _value(name, value, link, budget, depth + 1)))
    more = _more(len(items) - len(entries), "item", budget)
    return joined(element("ol", *entries), more)


def _more(count: int, noun: str, budget: Budget) -> Html:
    if count <= 0:
        return Html()
    text = f"{count:,} more {noun}{'' if count == 1 else 's'}"
    budget.left_out.append(text)
    return element("p", f"… {text}", class_="more")


def _linked(text: Html, address: str | None) -> Html:
    return text if address is None else element("a", text, href=address)


def _scalar(value: Json, limit: int) -> Html:
    if isinstance(value, str):
        if not value:
            return element("span", '""', class_="quiet")
        text = markup(value[:limit])
        if len(value) <= limit:
            return text
        ending = f"… {len(value) - limit:,} more characters"
        return joined(text, element("span", ending, class_="more"))
    if value is None:
        return element("span", "null", class_="quiet")
    return element("span", orjson.dumps(value).decode(), class_="literal")


def _preview(value: Json) -> str:
    """Return the begin of a value as JSON, without writing all of a large one."""
    return _cut(orjson.dumps(_begin(value, 3)).decode(), CELL_CHARACTERS)


def _begin(value: Json, depth: int) -> Json:
    if isinstance(value, str):
        return value[:CELL_CHARACTERS]
    if isinstance(value, list):
        return [_begin(item, depth - 1) for item in value[:10]] if depth else ["…"]
    if isinstance(value, dict):
        if not depth:
            return {"…": None}
        names = [name for name, _ in zip(value, range(10), strict=False)]
        return {name[:KEY_CHARACTERS]: _begin(value[name], depth - 1) for name in names}
    return value


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
