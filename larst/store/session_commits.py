"""The transactions of one session: begun, committed, taken back.

A commit changes memory at once; it is durable with the next flush. Must never leave a change half
made: what refuses a transaction is asked before the first record changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from larst.domain import Json
from larst.store.collection import Change, Collection
from larst.store.records import is_hidden
from larst.store.run_changes import MAX_RECORDS, replaced_records
from larst.store.session_parts import SessionParts
from larst.store.transaction import Transaction
from larst.store.transfer.replacing import journal_entry
from larst.store.undoing import UndoLog


class SessionCommits:
    """Begins and commits the transactions of a session.

    `folds_case`: the disk does not distinguish upper and lower case.
    """

    __slots__ = ("_data", "_folds_case", "_now", "_parts", "undo_log")

    def __init__(
        self, parts: SessionParts, now: Callable[[], datetime], *, folds_case: bool = False
    ) -> None:
        self.undo_log = UndoLog()
        self._parts = parts
        self._data = parts.data
        self._now = now
        self._folds_case = folds_case

    def begin(self, now: datetime | None = None, *, keeps_times: bool = False) -> Transaction:
        """Return a transaction; drop it to roll back, or pass it to `commit`.

        `now` dates the records that it writes, in resources with timestamps (default: real time).
        `keeps_times`: they have their times already.
        """
        data, folds_case = self._data, self._folds_case
        if not data.rules.resources:
            return Transaction(data.resources, data.work, data.on_read, folds_case=folds_case)
        rules_of = data.rules.of_transaction(None if keeps_times else now or self._now())
        return Transaction(
            data.resources, data.work, data.on_read, folds_case=folds_case, rules_of=rules_of
        )

    def commit(self, transaction: Transaction, plan_key: str | None = None) -> bool:
        """Apply the changes of a transaction; return whether there is anything to flush.

        `plan_key`: they are the run of a plan, which `undo` can take back.

        Raises:
            QuotaFullError: the session may not grow; nothing is changed.
        """
        parts, data = self._parts, self._data
        changes = {
            name: change
            for name, change in transaction.changes().items()
            if change.put or name in data.resources  # a resource without records has no files
        }
        if not changes:
            return False
        parts.quota.check(data.resources, changes, parts.size_bytes)
        now = self._now()
        changes = {
            name: change.learn_from(data.schema(name), now) for name, change in changes.items()
        }
        if plan_key is not None:
            self.undo_log.note(plan_key, transaction, data.record)
        self._apply(changes, plan_key, has_was=transaction.change_count <= MAX_RECORDS)
        return True

    async def commit_large(
        self,
        transaction: Transaction,
        check: Callable[[Transaction], list[str]],
        plan_key: str | None = None,
    ) -> tuple[bool, list[str]]:
        """Commit a transaction of many records in a thread, after a check of it.

        Returns whether there is anything to flush, and what the check returned.
        """

        def commit() -> tuple[bool, list[str]]:
            checked = check(transaction)
            return self.commit(transaction, plan_key), checked

        async with self._parts.writer.lock:  # a write must not take half of the changes
            return await self._data.work.off_loop(commit)

    async def undo(self, plan_key: str) -> dict[str, int]:
        """Take back what the latest run of a plan changed here, as one transaction.

        Returns how many records were taken back, by resource.

        Raises:
            UndoRefusedError: it cannot be taken back.
        """
        self._data.work.begin()

        def take_back() -> tuple[Transaction, dict[str, int]]:
            transaction = self.begin(keeps_times=True)
            return transaction, self.undo_log.undo(plan_key, transaction, self._data.record)

        transaction, counts = await self._data.work.run(take_back)
        if transaction.is_large:
            await self.commit_large(transaction, lambda _: [])
        else:
            self.commit(transaction)
        return counts

    async def delete_expired(self, now: datetime) -> bool:
        """Delete the records that have expired; return whether there is anything to flush."""
        data = self._data
        data.work.begin()

        def delete() -> Transaction:
            transaction = self.begin(keeps_times=True)
            for name, keys in data.rules.expired(data.resources, now, data.work).items():
                for key in keys:
                    transaction.resource(name).delete(key)
            return transaction

        transaction = await data.work.run(delete)
        if transaction.is_large:
            return (await self.commit_large(transaction, lambda _: []))[0]
        return self.commit(transaction)

    def seed_schemas(self, schemas: Mapping[str, Json]) -> list[str]:
        """Give resources that have no schema one, as if it was learned; return their names.

        Raises:
            BadResourceNameError: a name is not valid, or two would be one file on this disk.
        """
        now, changes = self._now().isoformat(), dict[str, Change]()
        for name, schema in schemas.items():
            if self._data.schema(name) is not None:
                continue
            self.begin().resource(name)
            learned = {
                "fields": sorted(schema["properties"]),
                "example": {},
                "updated_at": now,
                "json_schema": schema,
            }
            next_id = self._data.resources.get(name, Collection()).next_id
            changes[name] = Change([], [], next_id, learned)
        if changes:
            self._apply(changes)
        return sorted(changes)

    def _apply(
        self, changes: Mapping[str, Change], plan_key: str | None = None, *, has_was: bool = False
    ) -> None:
        """Apply changes to memory, and pass them on to the journal and to those that follow.

        `has_was`: of a plan's run, the journal also gets the records as they were.
        """
        collections = self._data.resources
        was = self._parts.changes.record(changes, collections)
        if was is None and plan_key is not None and has_was:
            visible = {name: change for name, change in changes.items() if not is_hidden(name)}
            was = replaced_records(visible, collections)
        for name, change in changes.items():
            if change.schema is not None or name not in collections:
                self._data.change()
            collections.setdefault(name, Collection()).apply(change)
        self._data.rules.note(changes)
        entries = {name: journal_entry(change) for name, change in changes.items()}
        if was is not None:
            for name, records in was.items():
                entries[name]["was"] = records
        self._parts.writer.add(entries, plan_key=plan_key)
