"""The keys of a query that are filters: on fields, on objects, on relations, and groups. Pure.

A filter on a field that no record ever had matches nothing, with a hint; a change is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError, QueryUnsupportedError
from larst.planning.reading import postgrest
from larst.planning.reading.arguments import any_value
from larst.planning.reading.asked import Node, all_of, any_of
from larst.planning.reading.brackets import Parts, Tree, plain, tree_of, values_of
from larst.planning.reading.expressions import read_expression
from larst.planning.reading.fields import Fields
from larst.planning.reading.json_filters import JsonFilterReader
from larst.planning.reading.keys import FilterKey, read_key
from larst.planning.reading.nearest import nearest
from larst.planning.reading.operators import condition
from larst.planning.reading.options import UnknownMode
from larst.planning.reading.texts import is_json, parse_json
from larst.planning.reading.values import ValueReader
from larst.planning.reading.vocabulary import (
    GROUPS,
    NOT_VALUES,
    SUGGESTED,
    UNSUPPORTED,
    WORDS,
    compared,
)

MAX_SUGGESTIONS = 5
"""Unknown names of one query that are compared with the known ones: it takes a millisecond each."""

_WITHOUT_VALUE = frozenset({"null", "notnull", "blank", "notblank", "exists", "true", "false"})
_LOW_DATES = frozenset(
    "from since after startdate datefrom fromdate start begin begindate mindate datemin startat"
    " starttime timefrom fromtime dateafter periodstart startday begintime datestart".split()
)
_HIGH_DATES = frozenset(
    "to until till before enddate dateto todate end maxdate datemax endat endtime timeto totime"
    " datebefore periodend endday finishdate dateend".split()
)
_DATE_WORDS = {
    **dict.fromkeys(_LOW_DATES, "gte"),
    **dict.fromkeys(_HIGH_DATES, "lte"),
    **dict.fromkeys(("date", "day", "on", "ondate"), "date"),
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d.{0,40}")
_CALL = re.compile(r"\w{2,20}\(.{1,1000}\)", re.DOTALL)


@dataclass(slots=True)
class FilterReader:
    """Reads the filters of one query; collects conditions and what goes into the hint."""

    fields: Fields
    unknown_mode: UnknownMode = "match-nothing"
    is_change: bool = False
    nodes: list[Node] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    not_values: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    is_search: bool = False
    _values: ValueReader | None = None

    @property
    def values(self) -> ValueReader:
        """The reader of values, which counts its notations."""
        if self._values is None:
            self._values = ValueReader(self.fields, is_change=self.is_change)
        return self._values

    def read_all(self, filters: list[tuple[Parts, tuple[str, ...]]]) -> None:
        """Read the filters, given as the parts of their keys and their values."""
        nested: list[tuple[Parts, tuple[str, ...]]] = []
        for parts, values in filters:
            if len(parts) == 1:
                self._read_filter(parts[0], list(values))
            else:
                nested.append((parts, values))
        for root, child in tree_of(nested).items():
            self._read_nested(root, child)

    def note_not_values(self, key: str, values: list[str]) -> None:
        """Note texts such as `undefined`, which programs send instead of a value."""
        self.not_values += [f"{key[:40]}={text}" for text in values if text in NOT_VALUES]

    def _read_filter(self, key: str, values: list[str]) -> None:
        if self._read_logic(key, values):
            return
        filter_key = self._date_bound(key, values) or read_key(
            key, self.fields, has_value=any(values)
        )
        if not self._admit(key, filter_key.field, is_known=filter_key.is_known):
            return
        self.is_search = self.is_search or filter_key.is_by_field
        if filter_key.field not in (key, key.replace("__", ".")) and (
            filter_key.is_by_field or filter_key.field == self.fields.resolve(key)
        ):
            self.aliases.append(f"{key} is {filter_key.field}")
        values = values if filter_key.value is None else [filter_key.value]
        self.note_not_values(key, values)
        if not self._is_empty(filter_key, values):
            self.nodes.append(self._node(filter_key, values, key))

    def _node(self, filter_key: FilterKey, values: list[str], key: str) -> Node:
        name, operator = filter_key.field, filter_key.operator
        if filter_key.is_list or operator:
            operator = operator or "in"
            return condition(name, operator, any_value(values), self.fields, key)
        return self.values.read(name, values, key)

    def _is_empty(self, filter_key: FilterKey, values: list[str]) -> bool:
        """Return whether a filter has no effect: no value, and no record has an empty text.

        In a change, an empty value is compared as any other.
        """
        if any(values) or self.is_change or filter_key.operator in _WITHOUT_VALUE:
            return False
        return bool(filter_key.operator) or not self.fields.has_value(filter_key.field, "")

    def _date_bound(self, key: str, values: list[str]) -> FilterKey | None:
        """Read `startDate=2025-01-01` where no field has that name: the resource's one date."""
        operator = _DATE_WORDS.get(compared(key))
        if operator is None or self.fields.resolve(key) is not None:
            return None
        name = self.fields.date_field()
        if name is None or not values or not all(map(_DATE.fullmatch, values)):
            return None
        self.aliases.append(f"{key} is {name}_{operator}")
        return FilterKey(name, operator)

    def _read_logic(self, key: str, values: list[str]) -> bool:
        """Read `or=(…)`, `or=a||$eq||1`, `or=[…]` and `?eq(status,draft)`."""
        word = key.lower()
        if self.fields.has(key):
            return False
        if word in ("or", "and", "not.or", "not.and") and all(v.startswith("(") for v in values):
            self.nodes += [postgrest.logic(word, text, self.fields) for text in values]
        elif compared(key) in GROUPS and values and all(map(is_json, values)):
            for text in values:
                value: Json = {compared(key): parse_json(text, key)}
                self.nodes.append(JsonFilterReader(self.fields).read(value))
        elif not any(values) and _CALL.fullmatch(key):
            self.nodes.append(read_expression(key, key[:40], self.values))
        else:
            return False
        return True

    def _read_nested(self, root: str, child: Tree | list[str]) -> None:
        """Read a bracketed filter: `views[gt]=5`, `meta[lang]=de`, `id[]=1`, `$or[0][id]=1`."""
        reader = JsonFilterReader(self.fields, self.values)
        if compared(root) in GROUPS and isinstance(child, dict) and not self.fields.has(root):
            self.nodes.append(reader.read({compared(root): plain(child)}))
            return
        name = self._nested_name(root, child)
        if name is None and compared(root) in WORDS and isinstance(child, dict):
            raise QueryUnsupportedError(f"{root[:40]}[{next(iter(child))[:40]}] is not understood")
        if not self._admit(root, name or root, is_known=name is not None):
            return
        name = name or root
        if (values := values_of(child)) is None:
            self.nodes.append(reader.read({name: self._without_empty(plain(child))}))
            return
        self.note_not_values(root, values)
        if values and (any(values) or self.is_change):
            self.nodes.append(self._listed(name, values, root))

    def _nested_name(self, root: str, child: Tree | list[str]) -> str | None:
        """Return the field or relation that a key in front of brackets names."""
        is_object = values_of(child) is None
        if is_object and root not in self.fields.names and self.fields.related(root) is not None:
            return root
        filter_key = read_key(root, self.fields, has_value=True)
        if not filter_key.is_known:
            return None
        return root if filter_key.operator or filter_key.is_list else filter_key.field

    def _listed(self, name: str, values: list[str], key: str) -> Node:
        filter_key = read_key(name, self.fields, has_value=True)
        if filter_key.operator or filter_key.is_list:
            return self._node(filter_key, values, key)
        return self.values.read(name, values, key)

    def _without_empty(self, value: Json) -> Json:
        """Return the operators that have a value: `views[gte]=` has no effect."""
        if self.is_change or not isinstance(value, dict):
            return value
        return {
            key: self._without_empty(item) for key, item in value.items() if item not in ("", [""])
        }

    def _admit(self, key: str, name: str, *, is_known: bool) -> bool:
        """Return whether a filter counts; refuse or note one whose field no record ever had."""
        if is_known or name == "id" or not self.fields.names:
            if not is_known and not self.fields.names:
                self._refuse_syntax(key)
            return True
        if self.unknown_mode == "ignore" and not self.is_change:
            return False
        self._refuse_syntax(key)
        if len(self.unknown) < MAX_SUGGESTIONS:
            self.refuse_near(key, name)
        if self.is_change or self.unknown_mode == "refuse":
            raise self.never_had(key)
        self.unknown.append(name)
        return True

    def refuse_near(self, key: str, name: str) -> None:
        """Refuse a name that is within a letter or two of a known one.

        Raises:
            QueryNotUnderstoodError: it is.
        """
        suggestion = nearest(key, [*SUGGESTED, *self.fields.items()]) or nearest(
            name, self.fields.items()
        )
        if suggestion is not None:
            raise QueryNotUnderstoodError(
                f"{key[:80]} is neither a field nor a word that is understood; did you mean"
                f" {suggestion}?"
            )

    def never_had(self, name: str) -> QueryNotUnderstoodError:
        """Return the error for a field that no record ever had, with the fields there are."""
        fields = ", ".join(sorted(self.fields.items())[:30])
        return QueryNotUnderstoodError(
            f"no record ever had {name[:80]!a}; the fields are: {fields}"
        )

    def _refuse_syntax(self, key: str) -> None:
        if compared(key) in UNSUPPORTED:
            raise QueryUnsupportedError(f"{key[:80]}: groups and aggregates are not supported")
        if not (key.startswith("$") or set("[](){}|") & set(key)):
            return
        suggestion = nearest(compared(key), WORDS, at_most=3)
        if suggestion is None:
            raise QueryUnsupportedError(f"{key[:80]} is not understood")
        raise QueryNotUnderstoodError(f"{key[:80]} is not understood; did you mean {suggestion}?")


def joined_or(filters: list[Node], alternatives: list[Node]) -> list[Node]:
    """Return @nestjsx/crud's `filter` and `or`: all filters, or all alternatives.

    Without a filter, several alternatives are each enough, and a single one is a filter.
    """
    if not alternatives:
        return filters
    if not filters:
        return [any_of(alternatives)]
    return [any_of([all_of(filters), all_of(alternatives)])]
