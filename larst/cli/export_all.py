"""`larst export --all DIR`: one file for each session. Must never replace a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from larst.cli.client import Service
from larst.cli.sessions import all_sessions

PART_SUFFIX = ".part"
"""An export that broke off keeps this ending."""

Write = Callable[[Service, str, IO[bytes]], None]


def export_all(service: Service, directory: Path, write: Write) -> None:
    """Write each session of the service to `SESSION.ndjson` in the directory, which may be new.

    Raises:
        ServiceError: the service cannot be reached, or an export broke off.
        OSError: a file exists already, or cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    number = 0
    for session in all_sessions(service):
        _export(service, session["id"], directory, write)
        number += 1
    sys.stdout.write(f"exported {number} session{'' if number == 1 else 's'} to {directory}\n")


def _export(service: Service, session: str, directory: Path, write: Write) -> None:
    path = directory / f"{session}.ndjson"
    if path.exists():  # also where the disk takes Shop and shop for one name
        raise FileExistsError(f"{path} exists already: choose an empty directory")
    part = path.with_name(path.name + PART_SUFFIX)
    with part.open("wb") as target:
        write(service, session, target)
    part.rename(path)
