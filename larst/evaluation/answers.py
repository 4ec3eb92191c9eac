"""What a reply says, however it is wrapped: a number, a record, a list, a table. Pure.

A custom request has many correct replies: `12`, `{"total": 12}` and `{"data": {"revenue": 12}}`
say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from larst.domain import Json
from larst.evaluation.values import agrees, groups_of, identifies, parts_of, same_items


def says_number(body: Json, number: Json) -> bool:
    """Return whether the reply is this number, or an object that holds it."""
    return any(agrees(_as_number(part), number) for part in parts_of(body))


def says_truth(body: Json, expected: Json) -> bool:
    """Return whether the reply is this boolean, or an object whose booleans are all it."""
    booleans = [part for part in parts_of(body) if isinstance(part, bool)]
    return bool(booleans) and all(part is expected for part in booleans)


def says_text(body: Json, text: str) -> bool:
    """Return whether the reply is this text, or an object that holds it as a value."""
    return any(part == text for part in parts_of(body))


def says_record(body: Json, marks: Mapping[str, Json]) -> bool:
    """Return whether the reply is this record or a view of it, or a list of it alone.

    `{"$in": [...]}`: any of several records.
    """
    if "$in" in marks:
        return any(says_record(body, option) for option in marks["$in"])
    parts = list(parts_of(body))
    return any(same_items(part, [marks], is_ordered=True) for part in parts) or any(
        identifies(part, marks) for part in parts if isinstance(part, Mapping) or part is body
    )


def says_list(body: Json, marks: Sequence[Any]) -> bool:
    """Return whether the reply lists these records or values, in any order."""
    return any(same_items(part, marks, is_ordered=False) for part in parts_of(body))


def says_ranking(body: Json, marks: Sequence[Any]) -> bool:
    """Return whether the reply lists these records or values, in this order."""
    return any(same_items(part, marks, is_ordered=True) for part in parts_of(body))


def says_first(body: Json, marks: Mapping[str, Json]) -> bool:
    """Return whether the reply is this record, or a list that begins with it."""
    heads = [part[0] for part in parts_of(body) if isinstance(part, list) and part]
    return says_record(body, marks) or any(identifies(head, marks) for head in heads)


def says_groups(body: Json, groups: Mapping[str, Json] | Sequence[Mapping[str, Json]]) -> bool:
    """Return whether the reply is a table of these groups: numbers, or lists of items.

    Several tables: any of them, such as one by id and one by name.
    """
    if not isinstance(groups, Mapping):
        return any(says_groups(body, table) for table in groups)
    tables = (groups_of(part) for part in parts_of(body))
    return any(table is not None and _same_groups(table, groups) for table in tables)


def _same_groups(table: Mapping[str, Json], groups: Mapping[str, Json]) -> bool:
    return table.keys() == groups.keys() and all(
        says_list(table[name], value)
        if isinstance(value, list)
        else says_number(table[name], value)
        for name, value in groups.items()
    )


def _as_number(value: Json) -> Json:
    """Return the number in a text, because money is often a text; other values as they are."""
    if not isinstance(value, str):
        return value
    try:
        return float(value.lstrip("$€").removesuffix("%"))
    except ValueError:
        return value


READERS: Mapping[str, Callable[[Json, Any], bool]] = {
    "number": says_number,
    "truth": says_truth,
    "text": says_text,
    "record": says_record,
    "first": says_first,
    "lists": says_list,
    "ranks": says_ranking,
    "groups": says_groups,
}
"""The expectations about what a reply says, by their names in a suite."""
