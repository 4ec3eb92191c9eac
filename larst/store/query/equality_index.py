"""The records of a resource by the values of one field. Pure.

The index gives all records that can equal an operand, and perhaps some more: the criteria test
each of them. So it need not know everything that equality means (`1` and `"1"`, two spellings of
an instant), only that equal values share a token.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from larst.domain import Json, Record
from larst.store.query.comparing import MISSING, is_number, json_text, parse_number
from larst.store.query.criteria import field_value
from larst.store.query.instants import instant_of
from larst.store.work import Work

Token = Hashable
"""A string stands for itself, and so does a number; anything else for a tuple."""

_TRUE, _FALSE, _NULL = ("true",), ("false",), ("null",)
_BUILD_STEPS = 3
_FREED_AT_ONCE = 500
_MAX_ITEMS = 100
"""The items of a list that are indexed: a field with longer lists has no index."""


class EqualityIndex:
    """The keys of the records by the tokens of their values in one field."""

    entry_bytes = 50
    """About the memory of one record: 26 with 50 different values, 41 if all are different."""

    def __init__(self, field: str, records: Mapping[str, Record], work: Work) -> None:
        self._field = field
        self._keys: dict[Token, str | dict[str, None]] = {}
        self.has_long_lists = False
        for key, record in work.paced(records.items(), steps=_BUILD_STEPS):
            self.add(key, record)

    def __len__(self) -> int:
        """The number of different tokens."""
        return len(self._keys)

    def add(self, key: str, record: Record) -> None:
        """Add a record."""
        for token in self._tokens_in(record):
            present = self._keys.setdefault(token, key)
            if present is key:
                continue
            if isinstance(present, dict):
                present[key] = None
            else:
                self._keys[token] = {present: None, key: None}

    def remove(self, key: str, record: Record) -> None:
        """Remove a record."""
        for token in self._tokens_in(record):
            present = self._keys.get(token)
            if isinstance(present, dict):
                present.pop(key, None)
                if not present:
                    del self._keys[token]
            elif present == key:
                del self._keys[token]

    def put(self, key: str, old: Record | None, new: Record) -> None:
        """Add a record; `old` is the one that it replaces."""
        if old is not None:
            if is_same(field_value(old, self._field), field_value(new, self._field)):
                return
            self.remove(key, old)
        self.add(key, new)

    def free_some(self) -> bool:
        """Drop some of a dropped index; return whether more is left."""
        for _ in range(min(len(self._keys), _FREED_AT_ONCE)):
            self._keys.popitem()
        return bool(self._keys)

    def keys_of(self, operand: Json) -> list[Sequence[str] | dict[str, None]] | None:
        """Return the keys of all records that can equal the operand; None if it cannot tell."""
        tokens = operand_tokens(self._field, operand)
        if tokens is None:
            return None
        groups = [self._keys.get(token) for token in tokens]
        return [(group,) if isinstance(group, str) else group for group in groups if group]

    def _tokens_in(self, record: Record) -> Iterable[Token]:
        value = field_value(record, self._field)
        if type(value) is str and (len(value) < 10 or value[4] != "-"):
            return (value,)
        if type(value) is list:
            self.has_long_lists |= len(value) > _MAX_ITEMS
            return dict.fromkeys(token for item in value[:_MAX_ITEMS] for token in _tokens(item))
        return () if value is MISSING else tuple(_tokens(value))


def is_same(old: Json, new: Json) -> bool:
    """Return whether two values are certainly the same, without a look into lists and objects."""
    kind = type(old)
    if old is new:
        return True
    return kind is type(new) and kind is not list and kind is not dict and bool(old == new)


def _tokens(value: Json) -> Iterator[Token]:
    """Yield the tokens of a stored scalar; lists and objects are never looked for by token."""
    kind = type(value)
    if kind is str:
        yield value
        if (instant := instant_of(value)) is not None:
            yield ("instant", instant)
    elif kind is bool:
        yield _TRUE if value else _FALSE
    elif value is None:
        yield _NULL
    elif is_number(value):
        yield value


def operand_tokens(field: str, operand: Json) -> set[Token] | None:
    """Return the tokens of which each value that equals the operand has one.

    None: the operand is a list or an object.
    """
    if isinstance(operand, list | tuple | dict):
        return None
    tokens = set(_tokens(operand))
    if isinstance(operand, str):
        if (number := parse_number(operand)) is not None:
            tokens.add(number)
        named = {"true": _TRUE, "false": _FALSE, "null": _NULL}
        tokens.update(filter(None, [named.get(operand.lower())]))
    elif field == "id" and is_number(operand):
        tokens.add(json_text(operand))
    return tokens
