"""The indexes of one resource: built when a field is first used, and kept right by every write.

An index never decides what matches: the criteria test every record that it gives. So an index that
is missing, or dropped, only costs time.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from larst.domain import Record
from larst.store.query import index_memory
from larst.store.query.equality_index import EqualityIndex
from larst.store.query.index_memory import Freeable
from larst.store.query.order_index import OrderIndex
from larst.store.query.sorting import sort_keys
from larst.store.work import Work

MIN_RECORDS = 64
"""A smaller resource is searched faster than an index is kept."""

MAX_ENTRIES = 2_000_000
"""Entries of all indexes of one resource of either kind: one for each record and index."""

MAX_INDEXES = 8
"""Indexes of either kind: each costs every write some microseconds."""

MAX_SORT_KEYS = 4
"""An order by more fields is sorted at each request."""

UNUSED_WRITES = 5_000
"""After so many writes without a use, an index is dropped."""

_MIN_VALUES = 8
"""With fewer different values, a search by the field takes as long as a scan."""

_ORDER = "sort="
_BUILD_STEPS = 4
_ORDER_STEPS = 12

Group: TypeAlias = Collection[str]
Index = TypeVar("Index", EqualityIndex, OrderIndex)


@dataclass(slots=True)
class _Slot(Generic[Index]):
    index: Index
    used_s: float
    unused_writes: int = 0


class Indexes:
    """The indexes of the records of one resource, and the order in which those were inserted."""

    def __init__(self) -> None:
        self._is_numbered = False
        self._places: dict[str, int] = {}
        self._keys: list[str | None] = []  # by place; None: deleted
        self._equality: OrderedDict[str, _Slot[EqualityIndex]] = OrderedDict()
        self._orders: OrderedDict[str, _Slot[OrderIndex]] = OrderedDict()
        self._dropped: list[EqualityIndex | OrderIndex] = []  # to free one large one takes long
        self._refused: dict[str, int] = {}  # the number of records when a field was refused
        self._work: Work | None = None  # that of the session, once it has an index

    def names(self) -> list[str]:
        """Return the names of the indexes: fields, and orders as `sort=…`."""
        return [*self._equality, *(f"{_ORDER}{sort}" for sort in self._orders)]

    @property
    def size_bytes(self) -> int:
        """About the memory of all indexes."""
        equality_bytes = len(self._equality) * EqualityIndex.entry_bytes
        return len(self._places) * (equality_bytes + len(self._orders) * OrderIndex.entry_bytes)

    @property
    def is_in_use(self) -> bool:
        """Whether a thread may be reading the indexes."""
        return self._work is not None and self._work.is_in_thread

    def uses(self) -> list[tuple[float, str]]:
        """Return when each index was last used, and its name."""
        equality = [(slot.used_s, field) for field, slot in self._equality.items()]
        return equality + [(slot.used_s, f"{_ORDER}{sort}") for sort, slot in self._orders.items()]

    def drop(self, name: str) -> Freeable:
        """Drop an index; the caller frees it."""
        if name in self._equality:
            return self._equality.pop(name).index
        return self._orders.pop(name.removeprefix(_ORDER)).index

    def in_order(
        self, keys: Collection[str], records: Mapping[str, Record], work: Work
    ) -> list[str]:
        """Return keys of records in the order of insertion."""
        if len(keys) < 2:
            return list(keys)
        self._number(records, work)
        return sorted(keys, key=self._places.__getitem__)

    def order(self, sort: str, records: Mapping[str, Record], work: Work) -> OrderIndex | None:
        """Return the index of an order; None if an index would not help.

        Raises:
            LeaveLoopError, ProgramTimeoutError: it must be built; see `Work.spend`.
        """
        if (slot := self._orders.get(sort)) is not None:
            return self._used(self._orders, sort, slot)
        key_count = len(sort_keys(sort))
        has_room = _has_room(len(records), OrderIndex.entry_bytes)
        if not (has_room and 0 < key_count <= MAX_SORT_KEYS):
            return None
        work.require(_ORDER_STEPS * key_count * len(records))
        self._number(records, work)
        index = OrderIndex(sort, records, self._places, work)
        self._keep(self._orders, sort, index, work)
        return index

    def keys_at(self, places: Iterable[int]) -> Iterator[str]:
        """Yield the keys of the records at these places."""
        return (key for place in places if (key := self._keys[place]) is not None)

    def place_of(self, key: str) -> int:
        """Return the place of a record in the order of insertion."""
        return self._places[key]

    def put(self, key: str, old: Record | None, new: Record) -> None:
        """Note that a record was stored; `old` is the one that it replaced."""
        if not self._is_numbered:
            return
        if old is None:
            self._places[key] = len(self._keys)
            self._keys.append(key)
        for field, slot in tuple(self._equality.items()):
            slot.index.put(key, old, new)
            if slot.index.has_long_lists or _is_unused(slot):
                self._dropped.append(self._equality.pop(field).index)
        for sort, order in tuple(self._orders.items()):
            if not order.index.put(self._places[key], old, new) or _is_unused(order):
                self._dropped.append(self._orders.pop(sort).index)
        self._free_some()

    def delete(self, key: str, old: Record) -> None:
        """Note that a record was deleted."""
        if not self._is_numbered:
            return
        for slot in self._equality.values():
            slot.index.remove(key, old)
        place = self._places.pop(key)
        self._keys[place] = None
        for sort, order in tuple(self._orders.items()):
            if not order.index.remove(old, place):
                self._dropped.append(self._orders.pop(sort).index)
        self._free_some()
        if len(self._keys) > 2 * len(self._places) + MIN_RECORDS:
            self._drop_all()  # most places are those of deleted records

    def free(self) -> None:
        """Drop all indexes, a part at a time."""
        if self._work is not None:
            self._work.index_memory.discard(self)
        self._drop_all()
        while self._dropped:
            self._free_some()

    def equality(
        self, field: str, records: Mapping[str, Record], work: Work
    ) -> EqualityIndex | None:
        """Return the index of a field; None if it would not help.

        Raises:
            LeaveLoopError, ProgramTimeoutError: it must be built; see `Work.spend`.
        """
        if (slot := self._equality.get(field)) is not None:
            return self._used(self._equality, field, slot)
        count = len(records)
        has_room = _has_room(count, EqualityIndex.entry_bytes)
        if not has_room or count < 2 * self._refused.get(field, 0):
            return None
        work.require(_BUILD_STEPS * count)
        self._number(records, work)
        index = EqualityIndex(field, records, work)
        if 0 < len(index) < _MIN_VALUES or index.has_long_lists:
            self._refuse(field, count)
            return None
        self._keep(self._equality, field, index, work)
        return index

    def _number(self, records: Mapping[str, Record], work: Work) -> None:
        """Give every record its place, unless they have places already."""
        if self._is_numbered:
            return
        self._keys = list(records)
        self._places = {key: place for place, key in work.paced(enumerate(records))}
        self._is_numbered = True

    def _drop_all(self) -> None:
        self._is_numbered, self._places, self._keys = False, {}, []
        self._dropped += [slot.index for slot in self._equality.values()]
        self._dropped += [slot.index for slot in self._orders.values()]
        self._equality.clear()
        self._orders.clear()

    def _free_some(self) -> None:
        """Free a part of a dropped index."""
        if self._dropped and not self._dropped[-1].free_some():
            self._dropped.pop()

    def _refuse(self, field: str, count: int) -> None:
        if len(self._refused) >= 8 * MAX_INDEXES:
            self._refused.clear()
        self._refused[field] = count

    def _used(self, slots: OrderedDict[str, _Slot[Index]], name: str, slot: _Slot[Index]) -> Index:
        slot.unused_writes, slot.used_s = 0, time.monotonic()
        slots.move_to_end(name)
        return slot.index

    def _keep(
        self, slots: OrderedDict[str, _Slot[Index]], name: str, index: Index, work: Work
    ) -> None:
        """Keep an index; the least recently used ones, of its kind and of all, make room."""
        count = len(self._places)
        while slots and len(slots) >= min(MAX_INDEXES, max(1, MAX_ENTRIES // (2 * count))):
            self._dropped.append(slots.popitem(last=False)[1].index)
        slots[name] = _Slot(index, time.monotonic())
        while self._dropped and count > MIN_RECORDS:  # a large index is built in a thread
            self._free_some()
        self._work = work
        work.index_memory.add(self)
        work.make_room()


def _has_room(count: int, entry_bytes: int) -> bool:
    is_small = count <= MAX_ENTRIES and count * entry_bytes <= index_memory.MAX_BYTES
    return is_small and count >= MIN_RECORDS


def _is_unused(slot: _Slot[Index]) -> bool:
    """Count a write; return whether there were too many since the last use."""
    slot.unused_writes += 1
    return slot.unused_writes > UNUSED_WRITES
