"""`larst repair`: have a damaged session be whole again, while nothing serves the data root."""

from __future__ import annotations

import secrets
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from larst.cli.client import printable
from larst.config import Settings
from larst.errors import ConfigError, DiskRefusedError
from larst.http.client_identity import session_id_of
from larst.store import DataRoot, DiskFiles
from larst.store.recovery.inspection import inspect
from larst.store.recovery.repair import repair


def run(options: Namespace, settings: Settings) -> int:
    """Repair the session; return 0 where it is whole afterwards.

    Raises:
        ConfigError: there is no such directory, or no such session.
        DataRootTakenError: a service has it.
        DiskRefusedError: nothing is lost; it can be tried again.
        OSError: the data root cannot be written.
    """
    path = Path(options.data_root) if options.data_root else settings.data_root
    session_id = session_id_of(options.session, None, "")
    if not path.is_dir():
        raise ConfigError(f"there is no data root {path}")
    with DataRoot.hold(path) as root:
        directory = root.session_directory(session_id)
        if not root.has_session(session_id):
            raise ConfigError(f"there is no session {session_id} in {path}")
        if inspect(directory).problem is None:
            sys.stdout.write(f"{session_id} is whole: nothing was changed\n")
            return 0
        try:
            made = repair(
                directory, DiskFiles(), lambda: datetime.now(UTC), lambda: secrets.randbits(32)
            )
        except OSError as error:
            raise DiskRefusedError(
                f"{error.strerror or error}; the session is as damaged as before, and no more:"
                " make room or mend the disk, and repair it again"
            ) from error
        after = inspect(directory)
    for text in made.done:
        sys.stdout.write(f"{printable(text)}\n")
    counts = ", ".join(f"{count} {name}" for name, count in made.records.items())
    sys.stdout.write(f"kept: {counts or 'nothing'}\n")
    sys.stdout.write(f"the files as they were are in {made.originals}\n")
    if after.problem:
        sys.stdout.write(f"still damaged: {printable(after.problem)}\n")
        return 1
    return 0
