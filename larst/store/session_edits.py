"""The documented files of one session that were edited by hand: taken in, or set aside.

::

    1  an edit that is not taken in is copied beside the file, durably
    2  one write of the journal makes the edited files known, and their resource's records durable
    3  the records in memory become those
    4  the next checkpoint writes the files

A crash before 2 leaves the edit, and after it the session, whatever becomes of the file. Runs in
threads; nothing else may use the session meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from larst.errors import QuotaFullError
from larst.store.collection import Collection as Records
from larst.store.disk.documents import DocumentDamagedError
from larst.store.disk.loaded import EditedFile, Loaded
from larst.store.disk.session_files import Adoption, SessionFiles
from larst.store.edits.declared import DeclaredEdit
from larst.store.edits.foreign_files import ForeignFiles
from larst.store.edits.reading import BadEditError
from larst.store.edits.resolving import Check, Resolution, Resolver, by_resource
from larst.store.quota import Quota
from larst.store.record_rules import NewId
from larst.store.resource_settings import ResourceSettings
from larst.store.schema.drift import find_drifts
from larst.store.session_rules import SessionRules
from larst.store.transfer.replacing import prepare_replacements

MAX_REPORTS = 20
"""The latest edits of a session that the control API lists."""

_MAX_NAMED_DRIFTS = 3

_log = logging.getLogger("larst.store")


@dataclass(frozen=True, slots=True)
class EditReport:
    """What became of an edit; `kept_as` names the copies that are set aside."""

    at: datetime
    resource: str
    is_taken_in: bool
    detail: str
    kept_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EditRules:
    """What an edit must keep to: the quota and, if `enforces_schema`, the learned schema.

    `declared` has the settings of the resources, once the session is loaded.
    """

    quota: Quota
    declared: SessionRules
    new_id: NewId
    enforces_schema: bool = False

    def check(self, name: str, collections: Mapping[str, Records]) -> Check:
        """Return the check of an edit of one resource of the session."""

        def check(after: Records, changed: list[dict[str, object]]) -> None:
            own = collections.get(name)
            if self.enforces_schema and own is not None and own.schema is not None:
                schema = own.schema["json_schema"]
                known = self.declared.without_own_fields
                _refuse_drifts(schema, [known(name, record, schema) for record in changed])
            if own is not None and len(after.records) <= len(own.records):
                return
            try:
                self.quota.check_replacement({**collections, name: after}, 0)
            except QuotaFullError as error:
                raise BadEditError(error.detail) from error

        return check


class SessionEdits:
    """Finds and takes in the edits of one session; `reports` are the latest of them."""

    def __init__(
        self,
        session_id: str,
        files: SessionFiles,
        foreign: ForeignFiles,
        now: Callable[[], datetime],
        rules: EditRules,
    ) -> None:
        self.reports: list[EditReport] = []  # an empty deque takes 700 bytes
        self._session_id = session_id
        self._files = files
        self._foreign = foreign
        self._now = now
        self._rules = rules
        self._refusal = ""

    def has_any(self, resources: Collection[str] | None = None) -> bool:
        """Return whether a file is not as LARST wrote it, of these resources or of any.

        Raises:
            OSError: the disk refused.
        """
        return bool(self._foreign.names(resources))

    def take_in_at_load(self, loaded: Loaded) -> None:
        """Take in the edits that were made while no LARST served the session.

        Raises:
            SessionDamagedError: an edit cannot be read, and the session does not have its own.
            OSError: the disk refused; the edits are as before.
        """
        for name, files in by_resource(loaded.edited).items():
            own = loaded.collections.get(name)
            resolver = Resolver(name, own, self._now(), self._next_id(name))
            try:
                collection = self._take_in(resolver, files, loaded.settings.resources)
            except DocumentDamagedError as error:
                raise self._files.damaged(error) from error
            if collection is not None:
                loaded.collections[name] = collection
                loaded.dirty.add(name)

    def take_in(self, collections: Mapping[str, Records]) -> dict[str, Records]:
        """Take in the edits of a session that is loaded; return the resources that they change.

        What cannot be taken in now stays for the next attempt.
        """
        taken: dict[str, Records] = {}
        try:
            for name, files in by_resource(self._foreign.read()).items():
                resolver = Resolver(name, collections.get(name), self._now())
                resolver.check = self._rules.check(name, {**collections, **taken})
                collection = self._take_in(resolver, files, self._rules.declared.resources)
                if collection is not None:
                    taken[name] = collection
        except OSError as error:
            self._report_refusal(error)
        return taken

    def _take_in(
        self,
        resolver: Resolver,
        files: Mapping[str, EditedFile],
        declared: Mapping[str, ResourceSettings],
    ) -> Records | None:
        name = resolver.resource
        if (settings := declared.get(name)) is not None:
            new_id = self._rules.new_id
            resolver.declared = DeclaredEdit(name, settings, new_id, resolver.now)
        resolution = resolver.resolve(files)
        kept_as = self._put(resolution)
        if resolution.asides or resolution.notes:
            self._report(resolution, kept_as)
        return resolution.collection

    def _put(self, resolution: Resolution) -> list[Path]:
        """Make a resolution durable; return the names of the files that are set aside."""
        asides = [file for file, _ in resolution.asides]
        copies = [self._files.copy_aside(file) for file in asides if not file.is_odd]
        self._files.adopt(
            Adoption(
                resolution.resource,
                resolution.files,
                _journal_entry(resolution),
                resolution.own_keys,
                resolution.taken,
            )
        )
        return copies + [self._files.move_aside(file.name) for file in asides if file.is_odd]

    def _report(self, resolution: Resolution, kept_as: list[Path]) -> None:
        parts = list(resolution.notes)
        for file, reason in resolution.asides:
            path = next(path for path in kept_as if path.name.startswith(Path(file.name).name))
            extent = "not all of it is" if file.name in resolution.taken else "it is not"
            parts.append(_set_aside(file.name, path.name, f"{extent} taken in: {reason}"))
        detail = "; ".join(parts)
        names = tuple(path.name for path in kept_as)
        is_taken_in = not resolution.asides
        report = EditReport(self._now(), resolution.resource, is_taken_in, detail, names)
        self.reports.append(report)
        del self.reports[:-MAX_REPORTS]
        fields = {"session_id": self._session_id, "event": "Edited", "kept_as": list(names)}
        level = logging.INFO if is_taken_in else logging.WARNING
        _log.log(level, "session %s: %s", self._session_id, detail, extra={"fields": fields})

    def _report_refusal(self, error: OSError) -> None:
        """Log why the disk refused, unless it was the reason before."""
        reason = error.strerror or str(error)
        if reason != self._refusal:
            self._refusal = reason
            fields = {"session_id": self._session_id, "event": "EditsRefused"}
            text = "session %s: edited files cannot be taken in: %s"
            _log.warning(text, self._session_id, reason, extra={"fields": fields})

    def _next_id(self, name: str) -> int:
        """Return the next id of a resource whose meta file may be lost."""
        return self._files.journal.next_ids.get(name, 1)


def _journal_entry(resolution: Resolution) -> Mapping[str, object] | None:
    if resolution.collection is None:
        return None
    prepared = prepare_replacements({resolution.resource: resolution.collection})
    return prepared[resolution.resource].journal_entry()


def _set_aside(name: str, kept_as: str, reason: str) -> str:
    return (
        f"{name} was edited, but {reason}. The session keeps its own, and the edited file is"
        f" {kept_as}: to use it, correct it and rename it to {Path(name).name}"
    )


def _refuse_drifts(schema: Mapping[str, object], changed: list[dict[str, object]]) -> None:
    for record in changed:
        if drifts := find_drifts(schema, record):
            named = "; ".join(drifts[:_MAX_NAMED_DRIFTS])
            raise BadEditError(
                f"record {record['id']!r:.80} breaks the learned schema, which"
                f" LARS_SCHEMA_MODE=enforce refuses: {named}"
            )
