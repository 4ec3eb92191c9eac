"""The changes that a journal has of one resource, since one of its files was written. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from larst.domain import Record
from larst.store.disk.journal_v1 import Line
from larst.store.records import key_of


@dataclass(slots=True)
class Changes:
    """The keys of the records that were changed since, and all versions of each in the journal.

    `is_replaced`: all records were replaced since, so that the journal holds all there are.
    """

    keys: set[str] = field(default_factory=set)
    versions: dict[str, list[Record]] = field(default_factory=dict)
    is_replaced: bool = False

    def has(self, key: str) -> bool:
        """Return whether a record was changed."""
        return self.is_replaced or key in self.keys


def changes_since(lines: Iterable[Line], resource: str, transaction: int) -> Changes:
    """Return the changes of a resource after the transaction of that number."""
    changes = Changes()
    for line in lines:
        change = line.get("resources", {}).get(resource)
        if change is None:
            continue
        keys = [key_of(record["id"]) for record in change["put"]]
        for key, record in change.get("was", {}).items():
            changes.versions.setdefault(key, []).append(record)
        for key, record in zip(keys, change["put"], strict=True):
            changes.versions.setdefault(key, []).append(record)
        if line["tx"] <= transaction:
            continue
        if (own_keys := line.get("edited", {}).get(resource)) is not None:
            changes.keys.update(own_keys)  # all others are as in the file that was edited
            continue
        changes.is_replaced |= change.get("replace", False)
        changes.keys.update(keys, change["del"])
    return changes
