"""The changes that a journal has of one resource, since one of its files was written. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from larst.domain import Record
from larst.store.disk.journal_v1 import Line
from larst.store.records import key_of


@dataclass(slots=True)
class Changes:
    """The versions of each changed record, oldest first; None: it was deleted.

    `is_replaced`: all records were replaced, so that the journal holds all there are.
    """

    versions: dict[str, list[Record | None]] = field(default_factory=dict)
    is_replaced: bool = False

    def has(self, key: str) -> bool:
        """Return whether a record was changed."""
        return self.is_replaced or key in self.versions


def changes_since(lines: Iterable[Line], resource: str, transaction: int) -> Changes:
    """Return the changes of a resource after the transaction of that number."""
    changes = Changes()
    for line in lines:
        change = line.get("resources", {}).get(resource)
        if change is None or line["tx"] <= transaction:
            continue
        changes.is_replaced |= change.get("replace", False)
        for key in change["del"]:
            changes.versions.setdefault(key, []).append(None)
        for record in change["put"]:
            changes.versions.setdefault(key_of(record["id"]), []).append(record)
    return changes
