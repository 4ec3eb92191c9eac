"""The values of `filter`, `where` and their like, in every language that they come in. Pure.

JSON objects and lists of conditions, LoopBack's filter with its `where`, expressions,
`field||$op||value`, `field,op,value`, `field:value`, and Kendo's and DevExtreme's structures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import ANY_FIELD, Condition, Node, all_of, any_of, negated
from larst.planning.reading.expressions import looks_like_expression, read_expression
from larst.planning.reading.json_filters import JsonFilterReader
from larst.planning.reading.nearest import nearest
from larst.planning.reading.operators import condition, operator_for
from larst.planning.reading.spellings import OPERATORS, operator_of
from larst.planning.reading.texts import is_json, parse_json
from larst.planning.reading.values import ValueReader
from larst.planning.reading.vocabulary import NESTED_PARTS, Meaning, compared

MAX_LEVELS = 10

_FIELD_KEYS = ("field", "property", "column", "name", "key", "id", "columnField", "colId", "path")
_OPERATOR_KEYS = ("operator", "op", "operatorValue", "comparison", "condition", "matchMode", "type")
_VALUE_KEYS = ("value", "val", "values", "filterValue")
_JOINED = re.compile(r"\(|\s(?:and|or|&&|\|\|)\s", re.IGNORECASE)
_COMPARED = re.compile(r"[=<>~\"']")
_DESCRIBING = frozenset(
    {*_FIELD_KEYS, *_OPERATOR_KEYS, *_VALUE_KEYS, "ignoreCase", "dataType", "filterType"}
)
_NO_VALUE = frozenset({"null", "notnull", "blank", "notblank"})
_GROUP_WORDS: Mapping[str, Callable[[list[Node]], Node]] = {
    "and": all_of,
    "or": any_of,
    "&&": all_of,
    "||": any_of,
}


@dataclass(frozen=True, slots=True)
class WhereReader:
    """Reads filters; the other parts of a LoopBack filter go to `take_word`."""

    values: ValueReader
    take_word: Callable[[Meaning, Json], None]

    def read_text(self, text: str, *, ignores_case: bool = False) -> Node:
        """Return the condition of a filter's text.

        Raises:
            QueryNotUnderstoodError: it is not understood.
        """
        if is_json(text):
            value = parse_json(text, "filter")
            return self.read_json(value, JsonFilterReader(self.values.fields, None, ignores_case))
        if "||" in text and (node := self.nestjs(text)) is not None:
            return node
        for reader in (self._triple, self._pairs):
            if (node := reader(text)) is not None:
                return node
        first = text.strip().partition(" ")
        if looks_like_expression(text) or (first[2] and self.values.fields.resolve(first[0])):
            return read_expression(text, "filter", self.values)
        if self.values.is_change:
            raise QueryNotUnderstoodError(f"the filter {text[:80]!r} is not understood")
        return Condition(ANY_FIELD, "icontains", text, "filter")

    def read_tree(self, value: Json) -> Node:
        """Return the condition of a filter in brackets, as the JSON that it stands for."""
        if isinstance(value, str):
            return self.read_text(value) if value.strip() else all_of([])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return all_of([self.read_text(text) for text in value if text.strip()])
        reader = JsonFilterReader(self.values.fields, self.values)
        return self.read_json(value if self.values.is_change else _without_empty(value), reader)

    def read_json(self, value: Json, reader: JsonFilterReader, level: int = 0) -> Node:
        """Return the condition of a JSON filter of any kind."""
        if level > MAX_LEVELS:
            raise QueryNotUnderstoodError(f"the filter nests deeper than {MAX_LEVELS} levels")
        if isinstance(value, list):
            return self._list(value, reader, level)
        if isinstance(value, Mapping):
            structures = (
                self._loopback,
                self._kendo,
                self._ransack,
                self._described,
                self._grouped,
            )
            for structure in structures:
                if (node := structure(value, reader, level)) is not None:
                    return node
            if value and all(map(_is_match_mode, value.values())):  # PrimeNG's filters
                items = [{"field": name, **part} for name, part in value.items()]
                return self._list(items, reader, level)
        return reader.read(value)

    def nestjs(self, text: str) -> Node | None:
        """Return the condition of `field||$operator||value`; None for other texts.

        Raises:
            QueryNotUnderstoodError: the operator is unknown.
        """
        name, _, tail = text.partition("||")
        spelling, _, value = tail.partition("||")
        if not name.replace(".", "").replace("_", "").isalnum() or " " in spelling:
            return None
        operator = self._operator(spelling, name)
        return self._condition(name, operator, "true" if operator in _NO_VALUE else value)

    # -- structures

    def _loopback(
        self, value: Mapping[str, Json], reader: JsonFilterReader, level: int
    ) -> Node | None:
        """Read a LoopBack filter: its words, unless a field has one of their names."""
        if not value or not all(key in NESTED_PARTS and not self._has(key) for key in value):
            return None
        nodes: list[Node] = []
        for key, part in value.items():
            meaning = NESTED_PARTS[key]
            if meaning is not Meaning.WHERE:
                self.take_word(meaning, part)
            elif isinstance(part, str):
                nodes.append(self.read_text(part))
            else:
                nodes.append(self.read_json(part, reader, level + 1))
        return all_of(nodes)

    def _kendo(
        self, value: Mapping[str, Json], reader: JsonFilterReader, level: int
    ) -> Node | None:
        """Read Kendo's `{"logic":"or","filters":[…]}`; None for other objects."""
        items = value.get("filters")
        if not isinstance(items, list) or self._has("filters"):
            return None
        join = any_of if str(value.get("logic", "and")).lower() == "or" else all_of
        return join([self.read_json(item, reader, level + 1) for item in items])

    def _ransack(
        self, value: Mapping[str, Json], reader: JsonFilterReader, level: int
    ) -> Node | None:
        """Read ransack's `m` (and, or) and its groups `g`; None for other objects."""
        if not value.keys() & {"m", "g"} or self._has("m") or self._has("g"):
            return None
        join = _GROUP_WORDS.get(str(value.get("m", "and")).lower())
        groups = value.get("g", [])
        if join is None or not isinstance(groups, list):
            return None
        items = [{key: item} for key, item in value.items() if key not in ("m", "g")]
        return join([self.read_json(item, reader, level + 1) for item in [*items, *groups]])

    def _list(self, items: list[Json], reader: JsonFilterReader, level: int) -> Node:
        """Read a list of conditions, or DevExtreme's `["views", ">", 50]`."""
        if len(items) == 2 and items[0] in ("!", "not"):
            return negated(self.read_json(items[1], reader, level + 1))
        if _is_triple(items):
            return self._condition(items[0], self._operator(items[1], items[0]), items[2])
        words = [item.lower() for item in items if isinstance(item, str)]
        nodes = [
            self.read_json(item, reader, level + 1) for item in items if not isinstance(item, str)
        ]
        if any(word not in _GROUP_WORDS for word in words) or len({*words}) > 1:
            raise QueryNotUnderstoodError(f"the filter {str(items)[:80]} is not understood")
        return _GROUP_WORDS[words[0] if words else "and"](nodes)

    def _grouped(
        self, value: Mapping[str, Json], reader: JsonFilterReader, level: int
    ) -> Node | None:
        """Read `{"or":[…]}`, whose items may be conditions of any kind; None for other objects."""
        (word, items), *siblings = [*value.items()] or [("", None)]
        join = _GROUP_WORDS.get(compared(word))
        if join is None or siblings or not isinstance(items, list) or self._has(word):
            return None
        return join([self.read_json(item, reader, level + 1) for item in items])

    def _described(
        self, value: Mapping[str, Json], _reader: JsonFilterReader, _level: int
    ) -> Node | None:
        """Read `{"field":"views","operator":"gt","value":50}`; None for other objects."""
        field = next((value[key] for key in _FIELD_KEYS if isinstance(value.get(key), str)), None)
        keys = [key for key in _OPERATOR_KEYS if isinstance(value.get(key), str)]
        operands = [key for key in _VALUE_KEYS if key in value]
        if field is None or not (keys or operands) or not value.keys() <= _DESCRIBING:
            return None
        if len(value) < 2 or all(map(self._has, value)):
            return None
        operator = self._operator(str(value[keys[0]]), field) if keys else ""
        operand = value[operands[0]] if operands else None
        if operator in _NO_VALUE:
            operand = True
        elif operand == "" and not self.values.is_change:
            return all_of([])
        return self._condition(field, operator, operand)

    # -- texts

    def _triple(self, text: str) -> Node | None:
        """Read `views,gt,50` and `status:eq:draft`; None where it names no field and operator."""
        for separator in (",", ":"):
            name, _, tail = text.partition(separator)
            spelling, _, value = tail.partition(separator)
            field = self.values.fields.resolve(name.strip())
            operator = operator_for(spelling.strip(), field or "", self.values.fields)
            if field is not None and operator is not None and spelling and value:
                return condition(field, operator, value.strip(), self.values.fields, name)
            if separator == "," and field is not None and spelling and not value:
                return self.values.read(field, [spelling.strip()], name)  # status,draft
        return None

    def _pairs(self, text: str) -> Node | None:
        """Read `status:draft` and `status:draft,views:>50`; None where a part names no field."""
        nodes: list[Node] = []
        for pair in text.split(",") if _JOINED.search(text) is None else ():
            name, colon, value = pair.partition(":")
            field = self.values.fields.resolve(name.strip()) if colon else None
            if field is None or not value.strip() or _COMPARED.search(value.strip("\"' "), 2):
                return None
            nodes.append(self.values.read(field, [value.strip().strip("\"'")], name))
        return all_of(nodes) if nodes else None

    # -- conditions

    def _condition(self, name: str, operator: str, value: Json) -> Node:
        field = self.values.fields.resolve(name) or name
        return condition(field, operator, value, self.values.fields, name)

    def _operator(self, spelling: str, name: str) -> str:
        operator = operator_for(spelling, name, self.values.fields)
        if operator is None:
            near = nearest(compared(spelling), OPERATORS)
            hint = f"; did you mean {near}?" if near else ""
            raise QueryNotUnderstoodError(f"the operator {spelling[:40]!r} is unknown{hint}")
        return operator

    def _has(self, name: str) -> bool:
        return self.values.fields.has(name)


def _is_triple(items: list[Json]) -> bool:
    if len(items) != 3 or not isinstance(items[0], str) or not isinstance(items[1], str):
        return False
    return items[1].lower() not in _GROUP_WORDS and operator_of(items[1]) is not None


def _is_match_mode(value: Json) -> bool:
    return isinstance(value, Mapping) and "value" in value and "matchMode" in value


def _without_empty(value: Json) -> Json:
    """Return a filter without its empty texts: `filter[status]=` filters nothing."""
    if not isinstance(value, Mapping):
        return value
    return {key: _without_empty(item) for key, item in value.items() if item not in ("", [], [""])}
