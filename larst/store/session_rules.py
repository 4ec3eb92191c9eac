"""What a session has declared about its resources, as its transactions and imports keep to it.

Must be used only by the session's actor. Expired records are found here; the store deletes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from larst.domain import Json, Record
from larst.store.collection import Change, Collection
from larst.store.record_rules import NewId, RecordRules, check_records, expiry_of
from larst.store.resource_settings import ResourceSettings
from larst.store.session_settings import SessionSettings
from larst.store.work import Work

RulesOf = Callable[[str, Collection], RecordRules | None]


class SessionRules:
    """The settings of the resources of one session, and when their records expire next."""

    def __init__(self, settings: SessionSettings, new_id: NewId) -> None:
        self._settings = settings
        self._new_id = new_id
        self._due: dict[str, datetime | None] = {}  # by resource; None: no record expires
        self._due_by: Mapping[str, ResourceSettings] = {}

    @property
    def resources(self) -> Mapping[str, ResourceSettings]:
        """The settings by resource."""
        return self._settings.current.resources

    @property
    def has_expiry(self) -> bool:
        """Whether time alone changes what the session holds."""
        return any(settings.expiry is not None for settings in self.resources.values())

    def of_transaction(self, now: datetime | None) -> RulesOf:
        """Return what gives a transaction the rules of a resource; see `RecordRules`."""
        resources, new_id = self.resources, self._new_id

        def rules_of(name: str, base: Collection) -> RecordRules | None:
            settings = resources.get(name)
            return None if settings is None else RecordRules(name, settings, base, now, new_id)

        return rules_of

    def without_own_fields(self, name: str, record: Record, schema: Mapping[str, Json]) -> Record:
        """Return a record without the fields that LARST adds and its schema does not know yet."""
        if (settings := self.resources.get(name)) is None:
            return record
        known = schema["properties"].keys()
        added = {*settings.stamped, *settings.defaults, settings.expiry} - known
        return {field: value for field, value in record.items() if field not in added}

    def forget_expiry(self) -> None:
        """Look at all records again: they may have been replaced."""
        self._due.clear()

    def note(self, changes: Mapping[str, Change]) -> None:
        """Note when committed records expire."""
        for name in self._due.keys() & changes.keys():
            settings = self.resources.get(name)
            if settings is None or settings.expiry is None:
                continue
            times = [self._due[name]]
            times += [expiry_of(record, settings.expiry) for record in changes[name].put]
            self._due[name] = min((time for time in times if time is not None), default=None)

    def is_due(self, collections: Mapping[str, Collection], now: datetime) -> bool:
        """Return whether records may have expired: a few lookups, for every request."""
        if self._due_by is not self.resources:
            self._due, self._due_by = {}, self.resources
        for name, settings in self.resources.items():
            if settings.expiry is None or name not in collections:
                continue
            due = self._due.get(name, now)
            if due is not None and due <= now:
                return True
        return False

    def expired(
        self, collections: Mapping[str, Collection], now: datetime, work: Work
    ) -> dict[str, list[str]]:
        """Return the keys of the expired records by resource, and remember when the next ones are.

        Raises:
            LeaveLoopError, ProgramTimeoutError: see `Work.spend`.
        """
        expired: dict[str, list[str]] = {}
        due: dict[str, datetime | None] = {}
        for name, settings in self.resources.items():
            if settings.expiry is None or name not in collections:
                continue
            next_s, keys = None, []
            for key, record in work.paced(collections[name].records.items()):
                instant = expiry_of(record, settings.expiry)
                if instant is None:
                    continue
                if instant <= now:
                    keys.append(key)
                elif next_s is None or instant < next_s:
                    next_s = instant
            due[name], expired[name] = next_s, keys
        self._due = due
        return expired


def check_declared(
    collections: Mapping[str, Collection], resources: Mapping[str, ResourceSettings]
) -> None:
    """Check whole resources, such as those of an import, against settings.

    Raises:
        FieldRefusedError, ValueTakenError: a record breaks them.
    """
    for name in sorted(collections.keys() & resources.keys()):
        check_records(name, resources[name], collections[name].records.values())
