"""Filters written as JSON: MongoDB, LoopBack, Parse, react-admin, Directus, json-server. Pure.

Brackets come here too, as the JSON object that they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import (
    ANY_FIELD,
    NEVER,
    Condition,
    Node,
    Related,
    all_of,
    any_of,
    negated,
)
from larst.planning.reading.fields import Fields
from larst.planning.reading.keys import read_compound, read_key
from larst.planning.reading.nearest import nearest
from larst.planning.reading.operators import condition, equals, operator_for
from larst.planning.reading.spellings import OPERATORS
from larst.planning.reading.values import ValueReader
from larst.planning.reading.vocabulary import compared

MAX_LEVELS = 20
MAX_NODES = 2000

_GROUPS: Mapping[str, Callable[[list[Node]], Node]] = {
    "or": any_of,
    "and": all_of,
    "nor": lambda nodes: negated(any_of(nodes)),
}
_FULL_TEXT = frozenset({"q", "search", "query", "fulltext", "text"})
_RELATION_WORDS = frozenset({"some", "none", "elemmatch", "every", "any"})
_IGNORING_CASE = {"contains": "icontains", "startswith": "istartswith", "endswith": "iendswith"}
_PART = re.compile(r"(?P<part>year|date)\((?P<field>[\w.]+)\)", re.IGNORECASE)
_SCALARS = ("$date", "$oid", "$numberLong", "$numberInt", "$numberDouble", "iso", "objectId")


@dataclass(slots=True)
class JsonFilterReader:
    """Reads one filter; `nodes` counts, so that a filter cannot grow without bound.

    `values` reads the notations inside texts, where the filter came from brackets, not from JSON.
    `ignores_case`: text operators do, as json-server 1 has it.
    """

    fields: Fields
    values: ValueReader | None = None
    ignores_case: bool = False
    nodes: int = 0

    def read(self, value: Json, path: str = "", level: int = 0) -> Node:
        """Return the node that a filter object stands for.

        Raises:
            QueryNotUnderstoodError: it cannot be a filter, or is too large.
        """
        self._count(level)
        if isinstance(value, list):
            return all_of([self.read(item, path, level + 1) for item in value])
        if not isinstance(value, Mapping):
            raise QueryNotUnderstoodError("a filter must be a JSON object")
        return all_of([self._entry(key, item, path, level) for key, item in value.items()])

    def _entry(self, key: str, value: Json, path: str, level: int) -> Node:
        word = compared(key)
        if path or not self.fields.has(key):
            if word in _GROUPS and isinstance(value, list | Mapping):
                return _GROUPS[word](self._group(value, path, level))
            if word == "not" and isinstance(value, Mapping):
                return negated(self.read(value, path, level + 1))
            if not path and word in _FULL_TEXT:
                return self._full_text(value, key)
        return self._field(f"{path}.{key}" if path else key, value, level)

    def _full_text(self, value: Json, key: str) -> Node:
        text = value.get("$search") if isinstance(value, Mapping) else value
        if not isinstance(text, str | int | float):
            raise QueryNotUnderstoodError(f"{key[:40]} takes a text")
        return Condition(ANY_FIELD, "icontains", str(text), key) if text != "" else all_of([])

    def _group(self, value: Json, path: str, level: int) -> list[Node]:
        items = value if isinstance(value, list) else [{key: item} for key, item in value.items()]
        return [self.read(item, path, level + 1) for item in items]

    def _field(self, name: str, value: Json, level: int) -> Node:
        self._count(level)
        value = _scalar(value)
        if (node := self._no_plain_field(name, value, level)) is not None:
            return node
        filter_key = read_key(name, self.fields, has_value=True)
        field, operator = filter_key.field, filter_key.operator
        if isinstance(value, Mapping) and not operator:
            return self._operators(field if filter_key.is_known else name, value, level)
        if operator or filter_key.is_list:
            return self._condition(field, operator or "in", value, name)
        if self.values is not None and _is_text(value):
            texts = value if isinstance(value, list) else [value]
            return self.values.read(field, [str(text) for text in texts], name)
        return equals(field, value, name)

    def _no_plain_field(self, name: str, value: Json, level: int) -> Node | None:
        """Read a relation, a part of a date, or several fields in one name; None for others."""
        if isinstance(value, Mapping):
            if "__type" in value:  # a relation or a file of Parse
                raise QueryNotUnderstoodError(f"{name[:60]} cannot be {str(value)[:80]}")
            if (related := self._relation(name, value, level)) is not None:
                return related
        if (part := _PART.fullmatch(name)) is not None:
            return self._part_of_date(part["field"], part["part"].lower(), value)
        if ("_or_" not in name and "_and_" not in name) or self.fields.has(name):
            return None
        if (compound := read_compound(name, self.fields)) is None:
            return None
        word, keys = compound
        return _GROUPS[word]([self._condition(k.field, k.operator, value, name) for k in keys])

    def _part_of_date(self, name: str, part: str, value: Json) -> Node:
        """Read Directus's `{"year(created)": {"_eq": 2025}}`."""
        field = self.fields.resolve(name) or name
        tests = value.items() if isinstance(value, Mapping) else [("eq", value)]
        nodes: list[Node] = []
        for spelling, operand in tests:
            operator = operator_for(spelling, field, self.fields)
            if operator not in ("", "gt", "gte", "lt", "lte"):
                raise QueryNotUnderstoodError(f"{part}({name[:60]}) takes eq, gt, gte, lt or lte")
            word = f"{part}_{operator}" if operator else part
            nodes.append(condition(field, word, operand, self.fields, name))
        return all_of(nodes)

    def _relation(self, name: str, value: Mapping[str, Json], level: int) -> Node | None:
        """Read the conditions of a relation; None for a field or an operator."""
        relation = name.partition("_via_")[0]  # PocketBase: comments_via_post
        further = None if self.fields.has(name) else self.fields.related(relation)
        if further is None or self._are_operators(value):
            return None
        return self._related(relation, further, value, level)

    def _are_operators(self, value: Mapping[str, Json]) -> bool:
        names = [name for name in value if compared(name) not in _RELATION_WORDS]
        return bool(names) and all(
            operator_for(name, "", self.fields) is not None for name in names
        )

    def _related(self, name: str, further: Fields, value: Mapping[str, Json], level: int) -> Node:
        word = compared(next(iter(value), ""))
        if len(value) == 1 and word in _RELATION_WORDS:
            inner = next(iter(value.values()))
            node = JsonFilterReader(further).read(inner, level=level + 1)
            if word == "every":
                return negated(Related(name, negated(node)))
            return negated(Related(name, node)) if word == "none" else Related(name, node)
        if self.values is not None:
            values: ValueReader | None = ValueReader(further, is_change=self.values.is_change)
        else:
            values = None
        return Related(name, JsonFilterReader(further, values).read(value, level=level + 1))

    def _operators(self, field: str, value: Mapping[str, Json], level: int) -> Node:
        self._count(level)
        ignores_case = "i" in str(value.get("$options", value.get("options", "")))
        nodes: list[Node] = []
        for spelling, operand in value.items():
            if spelling in ("$options", "options", "mode", "$caseSensitive"):
                continue
            nodes.append(self._operator(field, spelling, operand, ignores_case, level))
        return all_of(nodes)

    def _operator(
        self, field: str, spelling: str, operand: Json, ignores_case: bool, level: int
    ) -> Node:
        operator = operator_for(spelling, field, self.fields)
        word, operand = compared(spelling), _scalar(operand)
        if self.fields.has(f"{field}.{spelling}"):
            return self._field(f"{field}.{spelling}", operand, level + 1)
        if isinstance(operand, Mapping):
            if operator == "ne":
                return negated(self._operators(field, operand, level + 1))
            if word in ("elemmatch", "some"):
                return self._operators(field, operand, level + 1)
        if operator is None or isinstance(operand, Mapping):
            return self._below(field, spelling, operand, level)
        if operator == "regex" and ignores_case:
            operator = "iregex"
        return self._condition(field, operator, operand, f"{field}.{spelling}")

    def _condition(self, field: str, operator: str, operand: Json, key: str) -> Node:
        if self.ignores_case:
            operator = _IGNORING_CASE.get(operator, operator)
        if operator == "between" and isinstance(operand, Mapping):
            operand = list(operand.values())
        if operator in ("in", "nin") and operand == []:
            return NEVER if operator == "in" else all_of([])
        return condition(field, operator, operand, self.fields, key)

    def _below(self, field: str, spelling: str, operand: Json, level: int) -> Node:
        """Read a key below a field: a nested field, or a group; else an operator misspelt."""
        if compared(spelling) in _GROUPS and isinstance(operand, list):
            parts = [self._part(field, part, level) for part in operand]
            return _GROUPS[compared(spelling)](parts)
        if spelling.startswith(("$", "_")) or not self._may_nest(field):
            suggestion = nearest(compared(spelling), OPERATORS)
            hint = f"; did you mean {suggestion}?" if suggestion else ""
            raise QueryNotUnderstoodError(f"{field[:60]} has no operator {spelling[:40]}{hint}")
        return self._field(f"{field}.{spelling}", operand, level + 1)

    def _part(self, field: str, part: Json, level: int) -> Node:
        if not isinstance(part, Mapping):
            return equals(field, part, field)
        return self._operators(field, part, level + 1)

    def _may_nest(self, field: str) -> bool:
        kinds = self.fields.kinds(field)
        return not kinds or "object" in kinds or "array" in kinds

    def _count(self, level: int) -> None:
        self.nodes += 1
        if level > MAX_LEVELS or self.nodes > MAX_NODES:
            raise QueryNotUnderstoodError(
                f"the filter is too large: at most {MAX_LEVELS} levels and {MAX_NODES} conditions"
            )


def _scalar(value: Json) -> Json:
    """Return the value that typed JSON stands for: `{"$date": …}`, a Parse pointer or date."""
    if not isinstance(value, Mapping) or len(value) > 3:
        return value
    name = next((name for name in _SCALARS if name in value), None)
    if name is None or (len(value) > 1 and "__type" not in value):
        return value
    return value[name]


def _is_text(value: Json) -> TypeGuard[str | list[Json]]:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, str)
