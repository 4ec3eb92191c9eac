"""The file that a service is started with, as in `larst serve db.json`.

Must never replace data unless asked to: the file counts only while the session has no records.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import orjson

from larst.config import Settings
from larst.domain import DEFAULT_TENANT
from larst.errors import BadRequestError, DiskRefusedError, QuotaFullError
from larst.http.components import RunningService
from larst.http.control.snapshots import START, SnapshotControl
from larst.packs import Pack
from larst.planning.reading.nouns import counted
from larst.seeds import kind_of
from larst.store.transfer.db_json import shortened
from larst.store.transfer.importing import snapshot_settings

DIALECT = "json-server"
"""The dialect of clients whose data is in such a file, unless LARS_DIALECT names another."""

_log = logging.getLogger("larst.service")


@dataclass(frozen=True, slots=True)
class SeedFile:
    """A file by its name, and its content; `is_lenient` changes what cannot be stored.

    `session_id` None: the session of requests that name none. `replaces`: also while it has data.
    `pack`: the pack that the content comes from, if the file is one.
    """

    name: str
    content: bytes
    is_lenient: bool = False
    session_id: str | None = None
    replaces: bool = False
    pack: Pack | None = None


@dataclass(frozen=True, slots=True)
class Seeded:
    """What became of the file, and one of its resources with records; None: it has none."""

    report: str
    resource: str | None


async def seed(
    running: RunningService, file: SeedFile, settings: Settings, session_id: str
) -> Seeded:
    """Import the file into a session, and save it as its snapshot `start`; return a report.

    Raises:
        BadRequestError: it is not a db.json, and not an export.
        SessionDamagedError: the files of the session cannot be loaded.
    """
    dialect = settings.sessions.dialect or DIALECT
    try:
        seeded = await running.transfers.seed(
            session_id,
            bytearray(file.content),
            dialect if file.pack is None else snapshot_settings(file.content),
            is_lenient=file.is_lenient,
            replaces=file.replaces,
        )
    except BadRequestError as error:
        raise BadRequestError(f"{file.name} cannot be imported: {error.detail}") from error
    if file.pack is not None:
        running.plans.add_pinned(file.pack.plans)
        _put_faults(running, file, session_id)
    if seeded is None:
        report = f"{file.name} is not imported: the session has data already (--fresh replaces it)"
        return Seeded(report, _resource_of(file.content))
    await _save_start(running.snapshots, session_id)
    counts, changes = seeded
    for line in shortened([*changes.changes, *changes.warnings]):
        _log.warning("%s: %s", file.name, line)
    fields = {"session_id": session_id, "file": file.name, "records": sum(counts.values())}
    _log.info("imported", extra={"fields": fields})
    ending = f"replies are in the dialect {dialect}"
    if file.pack is not None:
        ending = f"{len(file.pack.plans)} plans, plan mode {settings.planning.mode}"
    report = f"{file.name}: {counted(counts) or 'no records'}; {ending}"
    several = (resource for resource, count in counts.items() if count > 1)
    return Seeded(report, next(several, None) or _resource_of(file.content))


def _put_faults(running: RunningService, file: SeedFile, session_id: str) -> None:
    """Give the session the faults on demand of its pack, if that has any.

    Raises:
        BadRequestError: they are not valid.
    """
    if file.pack is None or file.pack.faults is None:
        return
    try:
        running.faults.put_json(DEFAULT_TENANT.key_of(session_id), file.pack.faults)
    except BadRequestError as error:
        raise BadRequestError(
            f"the faults in {file.name} cannot be used: {error.detail}"
        ) from error


async def _save_start(snapshots: SnapshotControl, session_id: str) -> None:
    """Save what `larst reset` goes back to; without it, the service still starts."""
    try:
        await snapshots.save_as(DEFAULT_TENANT.key_of(session_id), START)
    except (DiskRefusedError, QuotaFullError) as error:
        _log.warning("no snapshot %s, so that a reset empties the session: %s", START, error.detail)


def _resource_of(content: bytes) -> str | None:
    """Return the first list of a db.json that has been imported before; None for other files."""
    if kind_of(content) is not None:
        return None
    try:
        database = orjson.loads(content)
    except ValueError:
        return None
    if not isinstance(database, dict):
        return None
    return next((name for name, value in database.items() if isinstance(value, list)), None)
