"""The fields of a resource as a reading knows them, and how clients may spell them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from larst.domain import Json

HasValue = Callable[[str, str], bool]
"""Returns whether some record has this text in this field."""

NUMERIC = frozenset({"integer", "number"})

_ID_ALIASES = frozenset({"pk", "objectid", "documentid", "$key", "__name__", "$id"})
_ENDINGS = ("id", "at", "on", "date", "time")
_MAX_CHARACTERS = 200
_DATE_NAME = re.compile(r"(?i:date|datetime|time|timestamp)|.*(?:[a-z]At|[a-z]On|_at|_on|[dD]ate)")
_FIRST_DATES = ("date", "createdat", "createdon", "created", "creationdate", "timestamp", "time")


def _no_value(_field: str, _value: str) -> bool:
    return False


def _no_relation(_name: str) -> Fields | None:
    return None


@dataclass(frozen=True)
class Fields:
    """The fields that the records of a resource ever had, with their learned schema.

    `has_value` looks at the records; it is called rarely, where one value decides the meaning.
    `related` returns the fields of the resource that a relation leads to, by the name that a client
    may use for it (`user`, `comments`), and None for any other name.
    """

    names: Collection[str] = frozenset()
    schema: Mapping[str, Json] = field(default_factory=dict)
    has_value: HasValue = _no_value
    related: Callable[[str], Fields | None] = _no_relation

    def has(self, path: str) -> bool:
        """Return whether some record had the field; dots reach into objects."""
        return path in self.names or ("." in path and self._schema_at(path) is not None)

    def may_have(self, path: str) -> bool:
        """Return whether some record may have the field: not every name of odd data is learned."""
        if not self.names or path in ("*", "id") or self.has(path):
            return True
        return "additionalProperties" in self.schema or self.knows(path)

    def kinds(self, path: str) -> frozenset[str]:
        """Return the JSON Schema types that the field had; none where it is unknown."""
        schema = self._schema_at(path)
        types = () if schema is None else schema.get("type", ())
        return frozenset([types] if isinstance(types, str) else types)

    def value_kinds(self, path: str) -> frozenset[str]:
        """Return the types of the values that a condition compares: of the items, for a list."""
        kinds = self.kinds(path)
        if "array" not in kinds:
            return kinds - {"null"}
        types = ((self._schema_at(path) or {}).get("items") or {}).get("type", ())
        return (kinds - {"array", "null"}) | frozenset([types] if isinstance(types, str) else types)

    def is_numeric(self, path: str) -> bool:
        """Return whether the field only ever had numbers."""
        kinds = self.value_kinds(path)
        return bool(kinds) and kinds <= NUMERIC

    def is_date(self, path: str) -> bool:
        """Return whether the field holds dates or times, by its format, or else by its name."""
        schema = self._schema_at(path)
        if schema is not None and "format" in schema:
            return bool(schema["format"] in ("date", "date-time"))
        if _DATE_NAME.fullmatch(path) is None or not self.has(path):
            return False
        return self.value_kinds(path) <= {"string"}

    def has_times(self, path: str) -> bool:
        """Return whether the field holds times, and not whole days."""
        schema = self._schema_at(path) or {}
        return self.is_date(path) and schema.get("format") != "date"

    def resolve(self, name: str) -> str | None:
        """Return the learned spelling of a field: exact, else the only one alike.

        `user_id`, `userId`, `UserID` and `user-id` are alike; `user` is `userId`, `created` is
        `createdAt` and `active` is `isActive` where only that is there. Dots reach into objects.
        """
        if self.has(name):
            return name
        head, dot, tail = name.partition(".")
        if dot:
            first = self._alike(folded(head))
            path = f"{first}.{tail}"
            return path if first is not None and self.has(path) else None
        if name in _ID_ALIASES or name.lower() in _ID_ALIASES:
            return "id" if "id" in self.names else None
        text = folded(name)
        if (alike := self._alike(text)) is not None or not text or text in self._by_folded:
            return alike
        return self._by_ending(text)

    def is_relation(self, name: str) -> bool:
        """Return whether a name is a relation, and no field."""
        return name not in self.names and self.related(name) is not None

    def relation_of(self, path: str) -> tuple[str, str] | None:
        """Return the relation and the field behind it that a path names; None for a field."""
        head, dot, tail = path.partition(".")
        name = head.partition("_via_")[0]  # PocketBase: comments_via_post
        if not dot or head in self.names or self.related(name) is None:
            return None
        return name, tail

    def knows(self, path: str) -> bool:
        """Return whether a path was ever there: itself, the object it is in, or its relation."""
        if path == "id" or self.has(path) or self.relation_of(path) is not None:
            return True
        head, dot, _ = path.partition(".")
        return bool(dot) and head in self.names and self._is_open(head)

    def items(self) -> Iterator[str]:
        """Return the names of the fields."""
        yield from self.names

    def date_field(self) -> str | None:
        """Return the field that a range of dates without a field's name means; None if unclear."""
        dates = {folded(name): name for name in self.names if self.is_date(name)}
        if len(dates) == 1:
            return next(iter(dates.values()))
        return next((dates[name] for name in _FIRST_DATES if name in dates), None)

    @cached_property
    def _by_folded(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name in self.names:
            names.setdefault(folded(name), []).append(name)
        return names

    def _alike(self, text: str) -> str | None:
        alike = self._by_folded.get(text, ())
        return alike[0] if len(alike) == 1 else None

    def _by_ending(self, text: str) -> str | None:
        spellings = [*(text + ending for ending in _ENDINGS), f"is{text}"]
        names = [name for spelling in spellings for name in self._by_folded.get(spelling, ())]
        return names[0] if len(names) == 1 and len(text) > 2 else None

    def _is_open(self, path: str) -> bool:
        """Return whether a field may hold objects with fields that the schema does not list."""
        schema = self._schema_at(path)
        while schema and schema.get("items") and "properties" not in schema:
            schema = schema["items"]
        if not schema or "type" not in schema:
            return True
        return "additionalProperties" in schema

    def _schema_at(self, path: str) -> Json:
        properties = self.schema.get("properties", {})
        if path in properties:
            return properties[path]
        schema: Json = self.schema
        for part in path.split("."):
            while schema is not None and schema.get("items") and "properties" not in schema:
                schema = schema["items"]
            schema = None if schema is None else schema.get("properties", {}).get(part)
        return schema


def folded(name: str) -> str:
    """Return a name without case and separators; a very long one, which no other is like, as is."""
    if len(name) > _MAX_CHARACTERS:
        return name
    return "".join(name.replace("_", "").replace("-", "").split()).lower()
