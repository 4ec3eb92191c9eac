"""Values that fit a schema: by links, learned words, names and formats, and types at last."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from larst.domain import Json, RecordId
from larst.fake.order import MAX_CHARACTERS, MAX_ITEMS, MAX_LEVELS
from larst.fake.values import BY_FORMAT, Subject, maker_of, sentence, word
from larst.store.schema.learning import PATTERNS

Schema: TypeAlias = Mapping[str, Any]

OPTIONAL_SHARE = 0.75
"""The share of records that have an optional field."""

NULL_SHARE = 0.1
_LINKS_IN_A_LIST = 3
_PYTHON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


@dataclass(frozen=True, slots=True)
class Examples:
    """What the stored records of a resource show of a field: its words, and its numbers."""

    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


IdsOf: TypeAlias = Callable[[str, Sequence[str]], Sequence[RecordId] | None]
"""Returns the ids that a field of these types may hold; None for other fields."""


@dataclass(frozen=True, slots=True)
class Fitter:
    """Makes values of fields for the record of one subject."""

    subject: Subject
    ids_of: IdsOf
    examples: Examples

    def record(self, schema: Schema) -> dict[str, Json]:
        """Return the fields of a record, without its id."""
        fields = self._object(schema, 0)
        fields.pop("id", None)
        return fields

    def value(self, name: str, schema: Schema, level: int) -> Json:
        """Return a value for a field."""
        types, random = types_of(schema), self.subject.source.random
        if (choices := _choices(schema)) is not None:
            return random.choice(choices)
        if (ids := self.ids_of(name, types)) is not None:
            return self._link(ids, types)
        if "null" in types and (types == ["null"] or random.random() < NULL_SHARE):
            return None
        if level == 0 and (words := self.examples.words.get(name)) and _allows(types, "string"):
            return random.choice(words)
        value = self._usual(name, schema, types)
        return self._of_type(name, schema, types, level) if value is None else value

    def _usual(self, name: str, schema: Schema, types: Sequence[str]) -> Json:
        """Return a value by the field's name or format that fits the schema, or None."""
        for maker in (maker_of(name), BY_FORMAT.get(schema.get("format", ""))):
            if maker is not None and fits(schema, value := _as_text(maker(self.subject), types)):
                return value
        return None

    def _link(self, ids: Sequence[RecordId], types: Sequence[str]) -> Json:
        random = self.subject.source.random
        if "array" in types:
            return random.sample(ids, min(len(ids), random.randint(1, _LINKS_IN_A_LIST)))
        if not ids:
            return None
        id = random.choice(ids)
        is_text = _allows(types, "string") and not _allows(types, "integer")
        return str(id) if is_text else id

    def _of_type(self, name: str, schema: Schema, types: Sequence[str], level: int) -> Json:
        kind = next((kind for kind in types if kind != "null"), "string")
        if kind == "object":
            return self._object(schema, level + 1)
        if kind == "array":
            return self._array(name, schema, level + 1)
        if kind == "boolean":
            return self.subject.source.random.random() < 0.5
        if kind in ("integer", "number"):
            is_whole = kind == "integer"
            return self._number(schema, self.examples.ranges.get(name, (1, 1000)), is_whole)
        return self._text(name, schema)

    def _object(self, schema: Schema, level: int) -> dict[str, Json]:
        if level > MAX_LEVELS:
            return {}
        properties, required = schema.get("properties", {}), schema.get("required")
        random = self.subject.source.random
        return {
            name: self.value(name, inner, level)
            for name, inner in properties.items()
            if required is None or name in required or random.random() < OPTIONAL_SHARE
        }

    def _array(self, name: str, schema: Schema, level: int) -> list[Json]:
        least = schema.get("minItems", 1)
        most = max(least, min(schema.get("maxItems", max(3, least)), MAX_ITEMS))
        if level > MAX_LEVELS or not schema.get("items"):
            return []
        count = self.subject.source.random.randint(least, most)
        items = [self.value(name, schema["items"], level) for _ in range(count)]
        if not schema.get("uniqueItems"):
            return items
        return [item for index, item in enumerate(items) if item not in items[:index]]

    def _number(self, schema: Schema, usual: tuple[float, float], is_whole: bool) -> int | float:
        step = schema.get("multipleOf") or (1 if is_whole else 0.01)
        low, high = _limits(schema, usual, step)
        first, last = -(-low // step), high // step  # the multiples within the limits
        multiple = self.subject.source.random.randint(int(first), max(int(first), int(last)))
        return int(multiple * step) if is_whole else round(multiple * step, 6)

    def _text(self, name: str, schema: Schema) -> str:
        least, most = schema.get("minLength", 0), schema.get("maxLength", MAX_CHARACTERS)
        text = sentence(self.subject)
        if len(text) > most or name.lower().endswith(("name", "label", "tag", "tags", "key")):
            text = word(self.subject)
        while len(text) < least:
            text = f"{text} {word(self.subject)}"
        return text[:most].strip() if len(text[:most].strip()) >= least else text[:most]


def types_of(schema: Schema) -> list[str]:
    """Return the types that a schema allows; none if it does not say."""
    types = schema.get("type", [])
    names = [types] if isinstance(types, str) else list(types)
    if not names and "properties" in schema:
        names = ["object"]
    if schema.get("nullable") and names:
        names.append("null")
    return names


def fits(schema: Schema, value: Json) -> bool:
    """Return whether a text, number or boolean fits the schema."""
    types = types_of(schema)
    if types and not any(_is_of(kind, value) for kind in types):
        return False
    if isinstance(value, str):
        is_long_enough = len(value) >= schema.get("minLength", 0)
        return (
            is_long_enough
            and len(value) <= schema.get("maxLength", len(value))
            and (_has_format(schema.get("format"), value))
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = _limits(schema, (value, value), 0)
        return low <= value <= high and "multipleOf" not in schema
    return True


def _limits(schema: Schema, usual: tuple[float, float], step: float) -> tuple[float, float]:
    """Return the least and the greatest number; the usual ones where the schema has no limit."""
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    lows = [schema.get("minimum"), None if above is None else above + step]
    highs = [schema.get("maximum"), None if below is None else below - step]
    low = max((limit for limit in lows if limit is not None), default=None)
    high = min((limit for limit in highs if limit is not None), default=None)
    if low is None:
        low = usual[0] if high is None else min(usual[0], high)
    return low, max(usual[1], low) if high is None else high


def _choices(schema: Schema) -> Sequence[Json] | None:
    """Return the only values that a schema allows, if it names them."""
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_of(kind: str, value: Json) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _PYTHON_TYPES[kind])


def _allows(types: Sequence[str], kind: str) -> bool:
    return not types or kind in types


def _as_text(value: Json, types: Sequence[str]) -> Json:
    """Return a number as text where the schema allows text only: `"lat": "-37.3"`."""
    is_number = _is_number(value)
    return str(value) if is_number and types and {*types} <= {"string", "null"} else value


def _has_format(name: str | None, text: str) -> bool:
    if name is None:
        return True
    pattern = PATTERNS.get("uri" if name == "url" else name)
    return pattern is not None and re.fullmatch(pattern, text) is not None
