"""Merging an edited records file with the session's own changes, record by record. Pure.

=======================================  =========================================================
a record that requests have              becomes
=======================================  =========================================================
not changed since the file was written   what the file has: changed, added or deleted
changed, and the file has the same, or   the session's own
a version from before the change
changed, and the file has another one    the session's own; the edit is a conflict
=======================================  =========================================================

The file as it was before the edit is gone, so where the journal no longer has the version from
before the change, a record that was not edited counts as a conflict, too: a copy of the file too
many, and nothing lost. The order is that of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from larst.domain import Record
from larst.store.disk.changes import Changes
from larst.store.edits.reading import EditedRecords


@dataclass(slots=True)
class Merged:
    """The records after an edit, and the keys of those that differ from the session's own.

    `conflicts` are the keys of edits that were not taken in. `own` are those of the records that
    are not as in the file.
    """

    records: dict[str, Record] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)


def merge(edited: EditedRecords, own: Mapping[str, Record], changes: Changes) -> Merged:
    """Return the records after the edit; those without an id are not among them.

    `own` are the session's records; where they are not complete, all that were changed since.
    """
    merged = Merged()
    for key, record in edited.records.items():
        current = own.get(key)
        if changes.has(key):
            _keep_own(merged, key, record, current, changes)
        elif current is not None and is_same(record, current):
            merged.records[key] = current
        else:
            merged.records[key] = record
            (merged.added if current is None else merged.changed).append(key)
    for key, record in own.items():
        if key in edited.records:
            continue
        if changes.has(key):
            merged.records[key] = record
            merged.own.append(key)
        else:
            merged.deleted.append(key)
    return merged


def is_same(first: Record, second: Record) -> bool:
    """Return whether two records are the same to the letter: 1, 1.0 and true are not."""
    return first == second and orjson.dumps(first) == orjson.dumps(second)


def _keep_own(
    merged: Merged, key: str, record: Record, current: Record | None, changes: Changes
) -> None:
    if current is not None:
        merged.records[key] = current
        if is_same(record, current):
            return
    merged.own.append(key)
    if not any(is_same(record, version) for version in changes.versions.get(key, ())):
        merged.conflicts.append(key)
