"""The replacement of all resources of a session: imports, resets and snapshots.

Must never leave a mixture: each replacement is one transaction, and is durable with the next flush.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from larst.store.collection import Collection
from larst.store.disk.settings import StoredSettings, settings_as_json
from larst.store.folding import refuse_folded
from larst.store.records import CONTRACT
from larst.store.session_parts import SessionParts
from larst.store.session_settings import SessionSettings
from larst.store.transfer.replacing import Replacement, dropped_entry


class SessionReplacements:
    """Replaces all resources of a session; the session's contract stays.

    `new_salt` distinguishes one restored state of the settings from another. `folds_case`: the
    disk does not distinguish upper and lower case.
    """

    __slots__ = ("_data", "_folds_case", "_new_salt", "_parts", "_settings", "_writer")

    def __init__(
        self,
        parts: SessionParts,
        settings: SessionSettings,
        new_salt: Callable[[], int],
        *,
        folds_case: bool = False,
    ) -> None:
        self._parts = parts
        self._data = parts.data
        self._writer = parts.writer
        self._settings = settings
        self._new_salt = new_salt
        self._folds_case = folds_case

    def check(self, replacements: Mapping[str, Replacement]) -> None:
        """Check that the session may hold these resources instead of its own.

        Raises:
            QuotaFullError: it may not.
        """
        collections = {name: new.collection for name, new in replacements.items()}
        size_bytes = sum(len(new.records_json) for new in replacements.values())
        size_bytes += self._parts.snapshots.size_bytes
        self._parts.quota.check_replacement(collections, size_bytes)

    def restore(self, replacements: Mapping[str, Replacement]) -> None:
        """Replace all resources, in one transaction.

        The metadata of each replacement must be complete (`Collection.derive_metadata`). Ids that
        were generated here are not generated again, even in resources that are empty now.

        Raises:
            BadResourceNameError: two names would be one file on this disk; nothing is replaced.
        """
        if self._folds_case:
            for name in replacements:
                refuse_folded(name, {*replacements, *self._data.resources})
        self._data.change()
        resources = {}
        for name in sorted({*replacements, *self._data.resources} - {CONTRACT}):
            old = self._data.resources.get(name, Collection())
            replacement = replacements.get(name) or Replacement()
            new = replacement.collection
            new.next_id = max(new.next_id, old.next_id)
            self._writer.discard([old])
            self._data.resources[name] = new
            resources[name] = replacement.journal_entry()
        self._parts.changes.record_replacement()
        self._writer.add(resources)

    def reset_to(
        self, replacements: Mapping[str, Replacement], settings: StoredSettings | None = None
    ) -> None:
        """Replace all resources, their ids and, if given, the settings, in one transaction.

        No other resource remains, and ids that were generated since may be generated again. The
        metadata of each replacement must be complete, as for `restore`.
        """
        names = {*replacements, *self._data.resources} - {CONTRACT}
        if not names and settings is None:
            return
        self._data.change()
        self._parts.floors.discard(self._parts.files.directory)
        self._writer.discard(
            [self._data.resources[name] for name in names & self._data.resources.keys()]
        )
        for name in names - replacements.keys():
            del self._data.resources[name]
        self._data.resources.update((name, new.collection) for name, new in replacements.items())
        entries = {
            name: replacements[name].journal_entry() if name in replacements else dropped_entry()
            for name in sorted(names)
        }
        self._parts.changes.record_replacement()
        if settings is None:
            self._writer.add(entries)
            return
        settings = replace(settings, restored=f"{self._new_salt():08x}")
        self._settings.restore(settings)
        self._writer.add(entries, settings_as_json(settings))
