"""The records that search criteria can select by an index.

Must never leave out a record that matches: the criteria test all that are given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from larst.domain import AND, CRITERIA_OPERATORS, NOT, OR, Criteria, Json, Record
from larst.store.query.comparing import json_text
from larst.store.query.equality_index import Token, operand_tokens
from larst.store.query.indexes import MIN_RECORDS, Indexes
from larst.store.query.instants import instant_of
from larst.store.work import Work

Group: TypeAlias = Collection[str]


def candidates(
    indexes: Indexes,
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
    search = _Search(indexes, records, fields, work)
    groups = search.groups(criteria)
    if groups is None or _size(groups) > max(MIN_RECORDS, len(records) // 4):
        return None
    keys = dict.fromkeys(chain.from_iterable(groups))
    return indexes.in_order(keys, records, work)


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


def _size(groups: Sequence[Group]) -> int:
    return sum(map(len, groups))
