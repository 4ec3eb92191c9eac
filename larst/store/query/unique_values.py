"""The values of unique fields: which records of a resource have them. Built when first needed.

Unlike the other indexes they decide, so that none of them is ever dropped while it is in use.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

from larst.domain import Json, Record
from larst.store.query.comparing import is_number
from larst.store.query.criteria import field_value
from larst.store.query.equality_index import EqualityIndex
from larst.store.work import Work

_BUILD_STEPS = 3


def unique_token(value: Json) -> Hashable | None:
    """Return what equal values share; None for those that are not compared.

    Those are null, objects and lists, and a field that the record does not have.
    """
    if type(value) is bool:
        return ("bool", value)
    return value if type(value) is str or is_number(value) else None


class UniqueValues:
    """The keys of the records by their values in each unique field."""

    def __init__(self) -> None:
        self._indexes: dict[str, EqualityIndex] = {}

    def require(self, fields: Sequence[str], records: Mapping[str, Record], work: Work) -> None:
        """Build the missing indexes of these fields.

        Raises:
            LeaveLoopError, ProgramTimeoutError: see `Work.spend`.
        """
        missing = [name for name in fields if name not in self._indexes]
        work.require(_BUILD_STEPS * len(records) * len(missing))
        for name in missing:
            self._indexes[name] = EqualityIndex(name, records, work)

    def keys_with(self, field: str, value: Json) -> Iterator[str]:
        """Yield the keys of the records that may have the value in a field, and perhaps others."""
        for group in self._indexes[field].keys_of(value) or ():
            yield from group

    def put(self, key: str, old: Record | None, new: Record) -> None:
        """Note that a record was stored; `old` is the one that it replaced."""
        for index in self._indexes.values():
            index.put(key, old, new)

    def delete(self, key: str, old: Record) -> None:
        """Note that a record was deleted."""
        for index in self._indexes.values():
            index.remove(key, old)

    def free(self) -> None:
        """Drop all, a part at a time."""
        while self._indexes:
            _, index = self._indexes.popitem()
            while index.free_some():
                pass


def same_in(field: str, first: Record, second: Record) -> bool:
    """Return whether two records have the same comparable value in a field."""
    token = unique_token(field_value(first, field))
    return token is not None and token == unique_token(field_value(second, field))
