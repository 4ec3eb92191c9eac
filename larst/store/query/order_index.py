"""A sorted order of all records of a resource, kept right under every write. Pure.

Its order is that of `sort_records`, for the same text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from larst.domain import Record
from larst.store.query.comparing import MISSING, parse_number
from larst.store.query.criteria import field_value
from larst.store.query.equality_index import is_same
from larst.store.query.sorted_blocks import Entry, SortedBlocks
from larst.store.query.sorting import Rank, SortKey, sort_keys
from larst.store.work import Work

_BUILD_STEPS = 5

_LAST: Rank = (9,)
_FIRST: Rank = (-1,)


@dataclass(slots=True)
class _Values:
    """How many texts hold numbers, and how many values hold none, in one sort key.

    Texts sort by number only if every value is a number or such a text.
    """

    numeric_texts: int = 0
    others: int = 0

    def count(self, rank: Rank, change: int) -> None:
        if rank[0] == 1 and parse_number(rank[2]) is not None:
            self.numeric_texts += change
        elif rank[0] != 0:
            self.others += change

    @property
    def sorts_by_number(self) -> bool:
        return self.others == 0 and self.numeric_texts > 0

    @property
    def is_mixed(self) -> bool:
        return self.others > 0 and self.numeric_texts > 0


@total_ordering
@dataclass(frozen=True, slots=True)
class _Descending:
    rank: Rank

    def __lt__(self, other: _Descending) -> bool:
        return other.rank < self.rank


class OrderIndex:
    """The places of all records in the order that `sort` names.

    `places` maps the key of a record to its place in the order of insertion.
    """

    entry_bytes = 300
    """About the memory of one record: 263 with one sort key, 339 with two."""

    def __init__(
        self,
        sort: str,
        records: Mapping[str, Record],
        places: Mapping[str, int],
        work: Work,
    ) -> None:
        self._keys = sort_keys(sort)
        self._is_backward = all(key.is_descending for key in self._keys)
        self._values = [_Values() for _ in self._keys]
        steps = _BUILD_STEPS * len(self._keys)
        for record in work.paced(records.values(), steps=steps):
            self._count(record, 1)
        self._by_number = self._modes()
        paced = work.paced(records.items(), steps=steps)
        entries = [self._entry(record, places[key]) for key, record in paced]
        self._blocks = SortedBlocks(entries)

    def __len__(self) -> int:
        return len(self._blocks)

    @property
    def holds_for_parts(self) -> bool:
        """Whether some of the records, sorted alone, have the same order."""
        return not any(values.is_mixed for values in self._values)

    def add(self, record: Record, place: int) -> bool:
        """Add a record; return False if the order of all others has changed."""
        self._count(record, 1)
        if self._modes() != self._by_number:
            return False
        self._blocks.add(self._entry(record, place))
        return True

    def remove(self, record: Record, place: int) -> bool:
        """Remove a record; return False if the order of all others has changed."""
        self._count(record, -1)
        if self._modes() != self._by_number:
            return False
        self._blocks.remove(self._entry(record, place))
        return True

    def put(self, place: int, old: Record | None, new: Record) -> bool:
        """Add a record, or replace `old`; return False if the order of all others has changed."""
        if old is None:
            return self.add(new, place)
        return self._is_same(old, new) or (self.remove(old, place) and self.add(new, place))

    def free_some(self) -> bool:
        """Drop some of a dropped index; return whether more is left."""
        return self._blocks.free_some()

    def places(self, start: int = 0, stop: int | None = None) -> Iterator[int]:
        """Yield the places of the records from position `start` up to `stop`."""
        if self._is_backward:
            return (-entry[-1] for entry in self._blocks.backwards(start, stop))
        return (entry[-1] for entry in self._blocks.between(start, stop))

    def position(self, record: Record, place: int) -> int:
        """Return how many records stand before this one."""
        position = self._blocks.position(self._entry(record, place))
        return len(self) - 1 - position if self._is_backward else position

    def _is_same(self, old: Record, new: Record) -> bool:
        """Return whether two versions of a record stand at the same place."""
        return all(
            is_same(field_value(old, key.field), field_value(new, key.field)) for key in self._keys
        )

    def _modes(self) -> list[bool]:
        return [values.sorts_by_number for values in self._values]

    def _count(self, record: Record, change: int) -> None:
        for key, values in zip(self._keys, self._values, strict=True):
            value = field_value(record, key.field)
            if value is not None and value is not MISSING:
                values.count(key.rank(value), change)

    def _entry(self, record: Record, place: int) -> Entry:
        parts: Sequence[Any] = [
            self._part(key, record, by_number)
            for key, by_number in zip(self._keys, self._by_number, strict=True)
        ]
        return (*parts, -place if self._is_backward else place)

    def _part(self, key: SortKey, record: Record, by_number: bool) -> Any:
        value = field_value(record, key.field)
        if value is None or value is MISSING:
            rank = _FIRST if key.is_descending else _LAST
        else:
            rank = key.rank(value)
            if by_number and rank[0] == 1:
                rank = (0, parse_number(rank[2]), 0)
        return _Descending(rank) if key.is_descending and not self._is_backward else rank
