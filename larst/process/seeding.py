"""The file that a service is started with, as in `larst serve db.json`.

Must never replace data: the file counts only while the session has no records.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from larst.config import Settings
from larst.errors import BadRequestError
from larst.http.client_identity import local_session_id
from larst.http.control.sessions import SessionControl

DIALECT = "json-server"
"""The dialect of clients whose data is in such a file, unless LARS_DIALECT names another."""

_log = logging.getLogger("larst.service")


@dataclass(frozen=True, slots=True)
class SeedFile:
    """A file by its name, and its content."""

    name: str
    content: bytes


async def seed(sessions: SessionControl, file: SeedFile, settings: Settings) -> str:
    """Import the file into the session of clients that name none; return a report.

    Raises:
        BadRequestError: it is not a db.json, and not an export.
        SessionDamagedError: the files of the session cannot be loaded.
    """
    session_id = local_session_id(settings.http.host, settings.http.auth_token)
    dialect = settings.sessions.dialect or DIALECT
    try:
        seeded = await sessions.seed(session_id, bytearray(file.content), dialect)
    except BadRequestError as error:
        raise BadRequestError(f"{file.name} cannot be imported: {error.detail}") from error
    if seeded is None:
        return f"{file.name} is not imported: the session has data already"
    counts, report = seeded
    for warning in report.warnings:
        _log.warning("%s: %s", file.name, warning)
    fields = {"session_id": session_id, "file": file.name, "records": sum(counts.values())}
    _log.info("imported", extra={"fields": fields})
    numbers = ", ".join(f"{count} {resource}" for resource, count in counts.items())
    return f"{file.name}: {numbers or 'no records'}; replies are in the dialect {dialect}"
