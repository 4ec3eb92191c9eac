"""What the latest run of each plan changed, as the journal has it. Pure.

A run of a model's plan is a line of the journal with the plan's key, and with the records as they
were before. A new journal has none of them.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from larst.domain import Record
from larst.store.collection import Change, Collection
from larst.store.records import is_hidden, key_of

MAX_RUNS = 64
MAX_RECORDS = 1_000
"""A run that changed more records cannot be taken back."""

_CHANGED_SINCE: Final[Record] = {}
"""In the place of a record that is not as the run left it: no stored record is this object."""


class RunChange(NamedTuple):
    """A record before and after a run; None: it did not exist."""

    resource: str
    key: str
    before: Record | None
    after: Record | None


RunChanges: TypeAlias = Sequence[RunChange]


def replaced_records(
    changes: Mapping[str, Change], collections: Mapping[str, Collection]
) -> dict[str, dict[str, Record]]:
    """Return the records that a transaction is about to replace or delete, by resource and id."""
    return {name: _replaced(change, collections.get(name)) for name, change in changes.items()}


def runs_of(
    lines: Sequence[Mapping[str, Any]], collections: Mapping[str, Collection]
) -> dict[str, RunChanges | None]:
    """Return the changes of the latest run of each plan, by its key; None: they are too many.

    `collections` are the resources as they are with all lines.
    """
    runs: dict[str, RunChanges | None] = {}
    count = len(lines) if any("plan" in line for line in lines) else 0
    changed_since: set[tuple[str, str]] = set()
    for line in reversed(lines[:count]):
        resources = line.get("resources", {})
        if len(runs) == MAX_RUNS or any(entry.get("replace") for entry in resources.values()):
            break  # records before a replacement are other ones, also those that look the same
        if (plan := line.get("plan")) is not None and plan not in runs:
            changes = _changes(resources)
            runs[plan] = changes and [
                _resolved(change, collections, changed_since) for change in changes
            ]
        changed_since.update(_keys(resources))
    return dict(reversed(runs.items()))


def _keys(resources: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, entry in resources.items():
        yield from ((name, key_of(record["id"])) for record in entry["put"])
        yield from ((name, key) for key in entry["del"])


def _changes(resources: Mapping[str, Any]) -> RunChanges | None:
    changes: list[RunChange] = []
    for name, entry in resources.items():
        if is_hidden(name):
            continue
        if "was" not in entry:
            return None
        was, put = entry["was"], {key_of(record["id"]): record for record in entry["put"]}
        keys = (*put, *(key for key in entry["del"] if key not in put))
        changes += [RunChange(name, key, was.get(key), put.get(key)) for key in keys]
    return changes


def _resolved(
    change: RunChange,
    collections: Mapping[str, Collection],
    changed_since: Container[tuple[str, str]],
) -> RunChange:
    """Return the change with the stored record as `after`, if it is as the run left it."""
    collection = collections.get(change.resource)
    stored = None if collection is None else collection.records.get(change.key)
    is_same = stored == change.after and change[:2] not in changed_since
    return change._replace(after=stored if is_same else _CHANGED_SINCE)


def _replaced(change: Change, collection: Collection | None) -> dict[str, Record]:
    records = {} if collection is None else collection.records
    keys = [*change.deleted, *(key_of(record["id"]) for record in change.put)]
    return {key: records[key] for key in keys if key in records}
