"""Holds the records of an edited file against the settings of their resource. Pure.

Times that an edit leaves out are filled in, and those that it has are kept: the file is the
person's. Only `updatedAt` follows, where a record was changed and its time was not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from larst.domain import Record
from larst.errors import FieldRefusedError, ValueTakenError
from larst.store.collection import Collection
from larst.store.edits.reading import BadEditError
from larst.store.record_rules import NewId, RecordRules, check_id, check_records
from larst.store.resource_settings import ResourceSettings


class DeclaredEdit:
    """The settings of one resource, for the records of an edit that was found at `now`."""

    def __init__(self, name: str, settings: ResourceSettings, new_id: NewId, now: datetime) -> None:
        self._name = name
        self._settings = settings
        self._rules = RecordRules(name, settings, Collection(), now, new_id)

    def next_id(self) -> str | None:
        """Return an id for a record that has none; None: the next number."""
        return self._rules.new_id()

    def with_defaults(self, record: Record) -> Record:
        """Return a record with its defaults alone: it may be older than the settings."""
        return self._rules.with_defaults(record)

    def completed(self, record: Record, current: Record | None) -> Record:
        """Return a record with its defaults and times, in place of the session's `current`."""
        settings = self._settings
        if current is None:
            completed = self._rules.completed(record)
        else:
            completed = self._rules.continued(record, current)
        times = {field: record[field] for field in settings.times if field in record}
        name = settings.updated
        if current is not None and name in times and times[name] == current.get(name):
            del times[name]
        return {**completed, **times}

    def check(self, records: Iterable[Record], new: Iterable[Record]) -> None:
        """Check all records of the resource; the ids of the `new` ones must be of the kind.

        Raises:
            BadEditError: they break the settings.
        """
        try:
            for record in new:
                check_id(self._name, self._settings.id, record["id"])
            check_records(self._name, self._settings, records)
        except (FieldRefusedError, ValueTakenError) as error:
            raise BadEditError(error.detail) from error
