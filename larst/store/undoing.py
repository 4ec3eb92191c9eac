"""The changes of the latest run of each plan in a session, so that a user can take them back.

In memory, and after a load those that the journal has (`run_changes.py`). Must never take back a
change that later ones build upon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cachetools import LRUCache

from larst.domain import Record
from larst.errors import UndoRefusedError
from larst.store.records import is_hidden, key_of
from larst.store.run_changes import MAX_RECORDS, MAX_RUNS, RunChange, RunChanges
from larst.store.transaction import Transaction

Find = Callable[[str, str], Record | None]
"""Returns the stored record of a resource and a key."""


class UndoLog:
    """The undoable runs of a session, by the keys of their plans."""

    def __init__(self) -> None:
        self._runs: LRUCache[str, RunChanges | None] = LRUCache(MAX_RUNS)

    def note(self, plan_key: str, transaction: Transaction, find: Find) -> None:
        """Note a run that is about to be committed."""
        if transaction.change_count > MAX_RECORDS:
            self._runs[plan_key] = None
            return
        changes: list[RunChange] = []
        for resource, change in transaction.changes().items():
            if is_hidden(resource):
                continue
            after: Mapping[str, Record] = {key_of(record["id"]): record for record in change.put}
            changes += [
                RunChange(resource, key, find(resource, key), after.get(key))
                for key in (*after, *change.deleted)
            ]
        self._runs[plan_key] = changes

    def reset(self, runs: Mapping[str, RunChanges | None]) -> None:
        """Continue from the runs that the journal has: the records were loaded again."""
        self._runs.clear()
        self._runs.update(runs)

    def undo(self, plan_key: str, transaction: Transaction, find: Find) -> dict[str, int]:
        """Take back a run in a transaction; return how many records by resource.

        Raises:
            UndoRefusedError: nothing is known of the run, it was too large, or records that it
                changed were changed since.
        """
        changes = self._runs.get(plan_key, ())
        if changes is None:
            raise UndoRefusedError(
                f"the latest run of the plan changed more than {MAX_RECORDS} records; load a"
                " snapshot instead"
            )
        if not changes:
            raise UndoRefusedError(
                "no run of this plan is known that changed anything: the journal ends when the"
                f" session sleeps or the service stops, and the latest {MAX_RUNS} plans count; load"
                " a snapshot instead"
            )
        for change in changes:
            if find(change.resource, change.key) is not change.after:
                raise UndoRefusedError(
                    f"{change.resource}/{change.key[:80]} was changed since; nothing was taken back"
                )
        counts: dict[str, int] = {}
        for change in changes:
            _take_back(change, transaction)
            counts[change.resource] = counts.get(change.resource, 0) + 1
        del self._runs[plan_key]
        return counts


def _take_back(change: RunChange, transaction: Transaction) -> None:
    view = transaction.resource(change.resource)
    if change.before is None:
        view.delete(change.key)
    elif change.after is None:
        view.insert(dict(change.before))
    else:
        view.replace(change.key, dict(change.before))
