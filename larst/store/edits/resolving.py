"""What becomes of the edited files of one resource: records, or copies set aside. Pure.

===========================  ======================================================================
an edited file               becomes
===========================  ======================================================================
valid records                merged (`merging.py`); records without an id get the next ones, and
                             all get what the settings of the resource fill in (`declared.py`)
records that cannot be       set aside, and the session's own are written again; where the session
taken in                     does not have its own, it is refused as damaged
missing                      written again; where the session does not have its own records, those
                             that the journal does not have are deleted
schema, valid                taken in, and widened to fit the records
next id, valid               taken in, but never an id that was given out
either of these, not valid   set aside, and derived again where the session does not have its own
===========================  ======================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

import orjson

from larst.domain import Record, RecordId
from larst.errors import BadRequestError
from larst.store.collection import Collection
from larst.store.disk.documents import (
    DocumentDamagedError,
    decode_next_id,
    decode_schema,
    document_names,
    resource_of,
)
from larst.store.disk.loaded import EditedFile, Loaded
from larst.store.edits.declared import DeclaredEdit
from larst.store.edits.merging import Merged, is_same, merge
from larst.store.edits.reading import BadEditError, EditedRecords, read_records
from larst.store.record_rules import random_id
from larst.store.records import MAX_AUTO_ID, copy_with_id, key_of

Check = Callable[[Collection, list[Record]], None]
"""Raises BadEditError where the session may not have those records, or not so many."""

MAX_NAMED_KEYS = 10
"""Records that a message names; it counts the others."""


@dataclass(slots=True)
class Resolution:
    """What becomes of the edited files of a resource.

    `collection`: None if all of it is as before. `asides` are files to copy or move, each with the
    reason; `notes` describe the rest. `taken` are the files that were taken in, and `own_keys` the
    records that are not as in them.
    """

    resource: str
    files: list[EditedFile]
    collection: Collection | None = None
    asides: list[tuple[EditedFile, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    own_keys: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Resolver:
    """Resolves the edits of one resource. `lost_next_id`: at least that id comes next.

    `own` is the session's own collection, which is not changed; at load, it may be incomplete.
    `declared` are the settings of the resource.
    """

    resource: str
    own: Collection | None
    now: datetime
    lost_next_id: int = 1
    check: Check = lambda collection, records: None
    declared: DeclaredEdit | None = None

    def resolve(self, files: Mapping[str, EditedFile]) -> Resolution:
        """Return what becomes of the files, which are of this resource, by their paths.

        Raises:
            DocumentDamagedError: a file cannot be read, and the session does not have its own.
        """
        resolution = Resolution(self.resource, list(files.values()))
        if self.own is None and all(file.is_odd for file in files.values()):
            for file in files.values():
                _keep_own(file, resolution)
            return resolution
        records, schema, meta = map(files.get, document_names(self.resource))
        before = self.own or Collection()
        collection = before.snapshot()
        collection.next_id = max(before.next_id, self.lost_next_id)
        changed: list[Record] = []
        if records is not None:
            changed = self._take_records(records, collection, resolution)
        if schema is not None:
            self._take_schema(schema, collection, resolution)
            changed = list(collection.records.values())
        if meta is not None:
            self._take_next_id(meta, collection, resolution)
        for record in changed:
            collection.learn(record, self.now)
        collection.derive_metadata(self.now)
        if self._differs(collection) or resolution.asides or _is_missing(files):
            resolution.collection = collection
        return resolution

    def _take_records(
        self, file: EditedFile, collection: Collection, resolution: Resolution
    ) -> list[Record]:
        """Give the collection the records of the file; return those that differ from its own."""
        if file.has_own and (file.is_odd or file.content is None):
            _keep_own(file, resolution)
            return []
        try:
            edited = EditedRecords() if file.content is None else read_records(file.content)
            merged = merge(edited, collection.records, file.changes)
            after = Collection(merged.records, collection.next_id, collection.schema)
            _give_ids(after, edited, merged, self.declared)
            self._keep_to_settings(collection, merged, knows_new=file.has_own)
            changed = [merged.records[key] for key in chain(merged.changed, merged.added)]
            self.check(after, changed)
        except BadEditError as error:
            if not file.has_own:
                raise DocumentDamagedError(file.name, str(error)) from error
            resolution.asides.append((file, str(error)))
            return []
        collection.records, collection.next_id = after.records, after.next_id
        resolution.taken.add(file.name)
        resolution.own_keys = merged.own
        resolution.notes += _notes(file, merged)
        if merged.conflicts:
            keys = _named(merged.conflicts)
            resolution.asides.append((file, f"requests have changed {keys} since it was written"))
        return changed

    def _keep_to_settings(self, own: Collection, merged: Merged, *, knows_new: bool) -> None:
        """Complete the edited records, and hold all of them against the settings.

        `knows_new`: those that are not in `own` are new. Others may be older than the settings:
        their ids may be of another kind, and a time to expire would delete them.

        Raises:
            BadEditError: they break the settings.
        """
        if (declared := self.declared) is None:
            return
        records = merged.records
        for key in merged.changed:
            records[key] = declared.completed(records[key], own.records[key])
        for key in merged.added:
            record = records[key]
            if knows_new:
                records[key] = declared.completed(record, None)
            else:
                records[key] = declared.with_defaults(record)
        new = [records[key] for key in merged.added] if knows_new else []
        declared.check(records.values(), new)

    def _take_schema(
        self, file: EditedFile, collection: Collection, resolution: Resolution
    ) -> None:
        if file.content is None:
            _keep_own(file, resolution)
            return
        try:
            collection.set_schema(decode_schema(orjson.loads(file.content)))
        except (LookupError, TypeError, ValueError, BadRequestError) as error:
            resolution.asides.append((file, str(error)))
        else:
            resolution.notes.append(f"{file.name} was taken in")

    def _take_next_id(
        self, file: EditedFile, collection: Collection, resolution: Resolution
    ) -> None:
        if file.content is None:
            _keep_own(file, resolution)
            return
        try:
            next_id = decode_next_id(orjson.loads(file.content))
        except (LookupError, TypeError, ValueError) as error:
            resolution.asides.append((file, str(error)))
            return
        if next_id < collection.next_id:
            reason = f"auto_id {next_id} was given out already: the next id is {collection.next_id}"
            resolution.asides.append((file, reason))
        elif next_id > collection.next_id:
            collection.next_id = next_id
            resolution.notes.append(f"{file.name} was taken in: the next id is {next_id}")

    def _differs(self, collection: Collection) -> bool:
        own = self.own
        return (
            own is None
            or collection.next_id != own.next_id
            or collection.schema != own.schema
            or list(collection.records) != list(own.records)
            or not all(map(is_same, collection.records.values(), own.records.values()))
        )


def by_resource(files: Iterable[EditedFile]) -> dict[str, dict[str, EditedFile]]:
    """Return the files of each resource, by their paths."""
    grouped: dict[str, dict[str, EditedFile]] = {}
    for file in files:
        if (resource := resource_of(file.name)) is not None:
            grouped.setdefault(resource, {})[file.name] = file
    return grouped


def preview(loaded: Loaded) -> list[str]:
    """Give the loaded resources what their edited files will make of them; return what that is.

    Raises:
        DocumentDamagedError: a file cannot be read, and the session does not have its own.
    """
    remarks: list[str] = []
    now, declared = datetime.now(UTC), loaded.settings.resources
    for name, files in by_resource(loaded.edited).items():
        resolver = Resolver(name, loaded.collections.get(name), now)
        if (settings := declared.get(name)) is not None:
            resolver.declared = DeclaredEdit(name, settings, random_id, now)
        resolution = resolver.resolve(files)
        if resolution.collection is not None:
            loaded.collections[name] = resolution.collection
        reasons = [f"{file.name} was edited: {reason}" for file, reason in resolution.asides]
        remarks += [*resolution.notes, *reasons]
    return remarks


def _is_missing(files: Mapping[str, EditedFile]) -> bool:
    return any(file.content is None for file in files.values())


def _keep_own(file: EditedFile, resolution: Resolution) -> None:
    if file.is_odd:
        reason = "it is not an ordinary file, but a link, a directory or a pipe"
        resolution.asides.append((file, reason))
    else:
        resolution.notes.append(f"{file.name} was missing and is written again")


def _give_ids(
    collection: Collection,
    edited: EditedRecords,
    merged: Merged,
    declared: DeclaredEdit | None,
) -> None:
    """Give ids to the records that have none, behind all others.

    Raises:
        BadEditError: all ids are used.
    """
    collection.derive_metadata(datetime.min, learns=False)
    for item in edited.without_id:
        record = item if declared is None else declared.completed(item, None)
        identifier: RecordId | None = None if declared is None else declared.next_id()
        if identifier is None:
            if collection.next_id > MAX_AUTO_ID:
                raise BadEditError("every number was given out: give each record an id")
            identifier = collection.next_id
            collection.next_id += 1
        merged.records[key_of(identifier)] = copy_with_id(record, identifier)
        merged.added.append(key_of(identifier))


def _notes(file: EditedFile, merged: Merged) -> list[str]:
    counts = {"added": merged.added, "changed": merged.changed, "deleted": merged.deleted}
    parts = [f"{len(keys)} {word}" for word, keys in counts.items() if keys]
    if file.content is None:
        return [f"{file.name} was removed: {len(merged.records)} records are left"]
    if not file.has_own:
        return [f"{file.name} was edited and is taken in: {len(merged.records)} records"]
    return [f"{file.name} was edited and is taken in: {', '.join(parts)}"] if parts else []


def _named(keys: list[str]) -> str:
    named = ", ".join(key[:80] for key in keys[:MAX_NAMED_KEYS])
    extra = len(keys) - MAX_NAMED_KEYS
    more = f" and {extra} more" if extra > 0 else ""
    return f"{'record' if len(keys) == 1 else 'records'} {named}{more}"
