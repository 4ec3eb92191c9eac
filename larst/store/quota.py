"""How much a session may hold. A change that would exceed it is refused before it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from larst.domain import Json
from larst.errors import QuotaFullError
from larst.store.collection import Change, Collection
from larst.store.records import is_hidden, key_of

MAX_CHANGE_BYTES = 256 * 1024 * 1024
"""More than one change can add. A session that has more left needs no look at the change."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The most that one session may hold; a figure that is not given is unlimited.

    `size_bytes` counts what the session takes on the disk.
    """

    records: float = math.inf
    size_bytes: float = math.inf
    resources: float = math.inf

    def check(
        self, collections: Mapping[str, Collection], changes: Mapping[str, Change], size_bytes: int
    ) -> None:
        """Check that a session of this size may make the changes; deleting is always allowed.

        Raises:
            QuotaFullError: it may not.
        """
        put_count = 0
        for change in changes.values():
            put_count += len(change.put)
        if not put_count:
            return
        self._refuse_bytes(size_bytes)
        if size_bytes > self.size_bytes - MAX_CHANGE_BYTES:
            records = (record for change in changes.values() for record in change.put)
            self._refuse_bytes(size_bytes + sum(map(_least_bytes, records)) - 1)
        changes = {name: change for name, change in changes.items() if not is_hidden(name)}
        self._check_counts(collections, changes, put_count)

    def check_replacement(self, collections: Mapping[str, Collection], size_bytes: int) -> None:
        """Check that a session may hold these resources, of this size, instead of its own.

        Raises:
            QuotaFullError: it may not.
        """
        self._refuse_resources(len(collections))
        self._refuse_records(_record_count(collections))
        self._refuse_bytes(size_bytes - 1)

    def check_size(self, size_bytes: int) -> None:
        """Check that a session may take so many bytes.

        Raises:
            QuotaFullError: it may not.
        """
        self._refuse_bytes(size_bytes - 1)

    def _check_counts(
        self, collections: Mapping[str, Collection], changes: Mapping[str, Change], put_count: int
    ) -> None:
        new_names = sum(name not in collections for name in changes)
        if new_names:
            self._refuse_resources(new_names + sum(not is_hidden(name) for name in collections))
        count = _record_count(collections)
        if count + put_count > self.records:  # some may replace records, so look closer
            grown = sum(_growth(collections.get(name), item) for name, item in changes.items())
            if grown > 0:
                self._refuse_records(count + grown)

    def _refuse_bytes(self, count: int) -> None:
        """Refuse a session that has used up its bytes."""
        if count >= self.size_bytes:
            raise _full("LARS_MAX_SESSION_BYTES", "bytes on the disk", count, self.size_bytes)

    def _refuse_resources(self, count: int) -> None:
        if count > self.resources:
            raise _full("LARS_MAX_RESOURCES", "resources", count, self.resources)

    def _refuse_records(self, count: int) -> None:
        if count > self.records:
            raise _full("LARS_MAX_RECORDS", "records", count, self.records)


NO_QUOTA = Quota()


def _record_count(collections: Mapping[str, Collection]) -> int:
    return sum(len(item.records) for name, item in collections.items() if not is_hidden(name))


def _growth(collection: Collection | None, change: Change) -> int:
    """Return by how many records the resource grows."""
    stored = {} if collection is None else collection.records
    new = sum(key_of(record["id"]) not in stored for record in change.put)
    return new - sum(key in stored for key in change.deleted)


def _least_bytes(value: Json) -> int:
    """Return how many bytes the JSON of a value has at least."""
    count, pending = 0, [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            count += len(item) + 2
        elif isinstance(item, dict):
            count += 2 + sum(map(len, item)) + 4 * len(item)
            pending.extend(item.values())
        elif isinstance(item, list):
            count += 2 + len(item)
            pending.extend(item)
        else:
            count += 1
    return count


def _full(variable: str, what: str, count: int, limit: float) -> QuotaFullError:
    return QuotaFullError(
        f"the session would have {count} {what}, and {limit:.0f} are allowed ({variable}); nothing"
        " was changed. Delete some records, or raise the limit"
    )
