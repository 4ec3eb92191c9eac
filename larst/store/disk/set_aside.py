"""Setting damaged files and edits aside: under other names, never overwritten, never removed.

While a file that is set aside has none in its place, the session is refused.
"""

from __future__ import annotations

import errno
import logging
from datetime import datetime
from pathlib import Path

from larst.errors import SessionDamagedError
from larst.store.disk.files import TEMP_SUFFIX, FileOps, put_in_place
from larst.store.disk.settings import SETTINGS

DAMAGED_MARK = ".damaged-"
"""Part of the name of a file that is set aside."""

SNAPSHOTS = ".snapshots"
"""The directory of a session's snapshots, which stay where they are."""

EDITED_MARK = ".edited-"
"""Part of the name of a copy of an edit that was not taken in, or not as a whole."""

MAX_EDITS = 100
"""Copies of edits of one file; a program that writes broken files would fill the disk."""

ORIGINALS_PREFIX = ".before-"
"""Prefix of directories that keep files as they were before a repair or an import."""

_log = logging.getLogger("larst.store")


def set_aside(
    files: FileOps, path: Path, now: datetime, reason: str, advice: str
) -> SessionDamagedError:
    """Rename the damaged file, and return the error that says so and what to do."""
    aside = path.with_name(f"{path.name}{DAMAGED_MARK}{now:%Y%m%dT%H%M%SZ}")
    try:
        files.rename(path, aside)
        files.sync_directory(path.parent)
    except OSError as error:
        outcome = f"it could not be set aside ({error.strerror})"
    else:
        outcome = f"it was set aside as {aside.name}"
    _log.error("damaged: %s %s; %s", path, reason, outcome)
    return SessionDamagedError(f"{path} {reason}; {outcome}; {advice}")


def free_name(files: FileOps, path: Path) -> Path:
    """Return the name under which an edit of the file is set aside next.

    Raises:
        OSError: there are too many, or the disk refused.
    """
    names = set(files.names(path.parent))
    for number in range(1, MAX_EDITS + 1):
        aside = path.with_name(f"{path.name}{EDITED_MARK}{number}")
        if aside.name not in names:
            return aside
    raise OSError(
        errno.EDQUOT, f"{MAX_EDITS} edits of {path.name} are set aside: remove some of them"
    )


def copy_aside(files: FileOps, path: Path, content: bytes) -> Path:
    """Write the content of an edit beside its file, durably; one that is there is not repeated.

    Raises:
        OSError: there are too many, or the disk refused.
    """
    prefix = f"{path.name}{EDITED_MARK}"
    for name in files.names(path.parent):
        is_copy = name.startswith(prefix) and not name.endswith(TEMP_SUFFIX)
        if is_copy and files.read(path.with_name(name)) == content:
            files.sync_directory(path.parent)  # a refused attempt may have left it
            return path.with_name(name)
    aside = free_name(files, path)
    put_in_place(files, aside, [content])
    files.sync_directory(path.parent)
    return aside


def refuse_files_set_aside(files: FileOps, directory: Path, advice: str) -> None:
    """Check that each file that is set aside has one in its place.

    Raises:
        SessionDamagedError: a file is.
        OSError: the disk refused.
    """
    names = files.names(directory)
    for name in names:
        original, mark, _ = name.partition(DAMAGED_MARK)
        if mark and original not in names:
            raise SessionDamagedError(
                f"{directory / name} was set aside because it is damaged; put a good {original} in"
                f" its place, or {advice}; then try again"
            )


def set_all_aside(files: FileOps, directory: Path, unique: str) -> None:
    """Move all of a session's files to a directory within it, which leaves the session empty.

    The session's settings and snapshots stay. Interrupted at any point, the session stays refused,
    and this can be called again. `unique` becomes part of the names.

    Raises:
        OSError: some files are moved, some are not; none is lost.
    """
    names = [
        name
        for name in files.names(directory)
        if name not in (SETTINGS, SNAPSHOTS) and not name.startswith(ORIGINALS_PREFIX)
    ]
    originals = directory / f"{ORIGINALS_PREFIX}import-{unique}"
    mark = directory / f".import-not-finished{DAMAGED_MARK}{unique}"
    # Without the mark, a session with half of its files moved would pass for a smaller one.
    files.write_new(mark, [])
    files.make_directory(originals)
    files.sync_directory(directory)
    for name in names:
        files.rename(directory / name, originals / name)
    files.sync_directory(originals)
    files.sync_directory(directory)
    files.remove(mark)
    files.sync_directory(directory)
