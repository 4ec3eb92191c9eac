"""The indexes of one resource: built when a field is first used, and kept right by every write.

An index never decides what matches: the criteria test every record that it gives. So an index that
is missing, or dropped, only costs time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeAlias, TypeVar

from larst.domain import AND, CRITERIA_OPERATORS, NOT, OR, Criteria, Json, Record
from larst.store.query.comparing import json_text
from larst.store.query.equality_index import EqualityIndex, Token, operand_tokens
from larst.store.query.instants import instant_of
from larst.store.query.order_index import OrderIndex
from larst.store.query.sorting import sort_keys
from larst.store.work import Work

MIN_RECORDS = 64
"""A smaller resource is searched faster than an index is kept."""

MAX_ENTRIES = 2_000_000
"""Entries of all indexes of one resource, of about 150 bytes each."""

MAX_INDEXES = 8
"""Indexes of either kind: each costs every write some microseconds."""

MAX_SORT_KEYS = 4
"""An order by more fields is sorted at each request."""

UNUSED_WRITES = 5_000
"""After so many writes without a use, an index is dropped."""

_MIN_VALUES = 8
"""With fewer different values, a search by the field takes as long as a scan."""

_BUILD_STEPS = 4
_ORDER_STEPS = 12

Group: TypeAlias = Collection[str]
Index = TypeVar("Index", EqualityIndex, OrderIndex)


@dataclass(slots=True)
class _Slot(Generic[Index]):
    index: Index
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

    def names(self) -> list[str]:
        """Return the names of the indexes: fields, and orders as `sort=…`."""
        return [*self._equality, *(f"sort={sort}" for sort in self._orders)]

    def candidates(
        self,
        criteria: Criteria,
        records: Mapping[str, Record],
        fields: Collection[str],
        work: Work,
    ) -> list[str] | None:
        """Return the keys of all records that can meet the criteria, and perhaps of others.

        They have the order of insertion. None: a scan is as good.

        Raises:
            LeaveLoopError, ProgramTimeoutError: an index must be built; see `Work.spend`.
        """
        search = _Search(self, records, fields, work)
        groups = search.groups(criteria)
        if groups is None or _size(groups) > max(MIN_RECORDS, len(records) // 4):
            return None
        keys = dict.fromkeys(chain.from_iterable(groups))
        return self.in_order(keys, records, work)

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
        if not (self._has_room(len(records)) and 0 < key_count <= MAX_SORT_KEYS):
            return None
        work.require(_ORDER_STEPS * key_count * len(records))
        self._number(records, work)
        index = OrderIndex(sort, records, self._places, work)
        self._keep(self._orders, sort, index, len(records))
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
        if not self._has_room(count) or count < 2 * self._refused.get(field, 0):
            return None
        work.require(_BUILD_STEPS * count)
        self._number(records, work)
        index = EqualityIndex(field, records, work)
        if 0 < len(index) < _MIN_VALUES or index.has_long_lists:
            self._refuse(field, count)
            return None
        self._keep(self._equality, field, index, count)
        return index

    def _has_room(self, count: int) -> bool:
        return MIN_RECORDS <= count <= MAX_ENTRIES

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
        slot.unused_writes = 0
        slots.move_to_end(name)
        return slot.index

    def _keep(
        self, slots: OrderedDict[str, _Slot[Index]], name: str, index: Index, count: int
    ) -> None:
        """Keep an index; the least recently used ones of its kind make room."""
        while slots and len(slots) >= min(MAX_INDEXES, max(1, MAX_ENTRIES // (2 * count))):
            self._dropped.append(slots.popitem(last=False)[1].index)
        slots[name] = _Slot(index)
        while self._dropped and count > MIN_RECORDS:  # a large index is built in a thread
            self._free_some()


def _is_unused(slot: _Slot[Index]) -> bool:
    """Count a write; return whether there were too many since the last use."""
    slot.unused_writes += 1
    return slot.unused_writes > UNUSED_WRITES


def _size(groups: Sequence[Group]) -> int:
    return sum(map(len, groups))


@dataclass(frozen=True, slots=True)
class _Search:
    """Finds the smallest group of records that criteria can select by an index."""

    indexes: Indexes
    records: Mapping[str, Record]
    fields: Collection[str]
    work: Work

    def groups(self, criteria: Criteria) -> Sequence[Group] | None:
        """Return the smallest groups of one criterion that all matches meet; None without one."""
        best: Sequence[Group] | None = None
        for key, operand in criteria.items():
            if best is not None and _size(best) <= MIN_RECORDS:
                break
            groups = self._groups_of(key, operand)
            if groups is not None and (best is None or _size(groups) < _size(best)):
                best = groups
        return best

    def _groups_of(self, key: str, operand: Json) -> Sequence[Group] | None:
        if key == AND and isinstance(operand, list):
            each = [groups for item in operand if (groups := self.groups(item)) is not None]
            return min(each, key=_size) if each else None
        if key == OR and isinstance(operand, list):
            return _joined([self.groups(item) for item in operand])
        if key == OR and isinstance(operand, Mapping):
            return _joined([self._equal(field, json_text(id)) for field, id in operand.items()])
        field, _, operator = key.rpartition("__")
        if not field or operator not in CRITERIA_OPERATORS:
            return None if key == NOT else self._equal(key, operand)
        if operator != "in" or key in self.fields:
            return None  # a record can have a field whose name is the whole key
        choices = operand.split(",") if isinstance(operand, str) else operand
        if not isinstance(choices, list | tuple):
            return None
        return _joined([self._equal(field, choice) for choice in choices])

    def _equal(self, field: str, operand: Json) -> Sequence[Group] | None:
        if field == "id":
            return self._with_id(operand)
        index = self.indexes.equality(field, self.records, self.work)
        return None if index is None else index.keys_of(operand)

    def _with_id(self, operand: Json) -> Sequence[Group] | None:
        tokens = operand_tokens("id", operand)
        if tokens is None or (isinstance(operand, str) and instant_of(operand) is not None):
            return None
        keys = [_key_of(token) for token in tokens]
        return [(key,) for key in keys if key in self.records]


def _key_of(token: Token) -> str:
    """Return the key of the record whose id this is: ids are texts and whole numbers."""
    return str(int(token) if isinstance(token, float) and token.is_integer() else token)


def _joined(each: Sequence[Sequence[Group] | None]) -> Sequence[Group] | None:
    """Return all groups; None if one of the alternatives has none."""
    joined: list[Group] = []
    for groups in each:
        if groups is None:
            return None
        joined += groups
    return joined
