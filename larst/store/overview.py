"""An overview of a session without loading it: its size, its records, visible damage.

Reads the small files of a session and the names of the others. Must never read records, nor change
anything: 100,000 sessions are looked at, page by page. `recovery/inspection.py` reads everything.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from larst.store.disk.disk_files import DiskFiles
from larst.store.disk.documents import SCHEMAS
from larst.store.disk.journal_format import JOURNAL
from larst.store.disk.set_aside import DAMAGED_MARK, SNAPSHOTS
from larst.store.disk.settings import NO_SETTINGS, SETTINGS, StoredSettings, decode_settings
from larst.store.disk.stats import STATS, decode_stats
from larst.store.records import is_hidden
from larst.store.recovery.inspection import disk_usage


@dataclass(frozen=True, slots=True)
class Overview:
    """What a session's files show at a glance.

    `records` counts by resource; None: unknown until the session wakes. `problem` describes visible
    damage. `used_at` is when the session was last written, in seconds since 1970; None: its files
    are lost.
    """

    session_id: str
    size_bytes: int
    used_at: float | None
    records: dict[str, int] | None
    problem: str | None = None
    settings: StoredSettings = NO_SETTINGS


def look(directory: Path) -> Overview:
    """Return what the directory of a session shows; blocks.

    Raises:
        FileNotFoundError: the session does not exist any more.
    """
    problem = next(_problems(directory), None)
    settings = NO_SETTINGS
    try:
        settings = decode_settings(DiskFiles().read(directory / SETTINGS))
    except (OSError, ValueError) as error:
        problem = problem or f"{SETTINGS} cannot be read: {error}"
    size_bytes, used_at, records = _figures(directory)
    return Overview(directory.name, size_bytes, used_at, records, problem, settings)


def _figures(directory: Path) -> tuple[int, float, dict[str, int] | None]:
    """Return the size, the last write, and the records if the statistics are of this journal."""
    try:
        status = (directory / JOURNAL).lstat()
        stats = decode_stats(DiskFiles().read(directory / STATS))
    except OSError:
        stats = None
    if stats is None or stats.journal_bytes != status.st_size:
        return (*disk_usage(directory), None)
    shown = {name: item for name, item in sorted(stats.resources.items()) if not is_hidden(name)}
    records = {name: item.records for name, item in shown.items()}
    return stats.size_bytes + _snapshots_size(directory), status.st_mtime, records


def _snapshots_size(directory: Path) -> int:
    try:
        return disk_usage(directory / SNAPSHOTS)[0]
    except OSError:  # the session has none
        return 0


def _problems(directory: Path) -> Iterator[str]:
    """Yield the damage that names and types of files show.

    Raises:
        FileNotFoundError: the session does not exist any more.
    """
    yield from _problems_in(directory)
    try:
        if not stat.S_ISDIR((directory / SCHEMAS).lstat().st_mode):
            yield f"{directory / SCHEMAS}: it is not a directory of its own"
            return
        yield from _problems_in(directory / SCHEMAS)
    except FileNotFoundError:
        return


def _problems_in(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if DAMAGED_MARK in entry.name:
                yield f"{entry.path} was set aside because it is damaged"
            is_own = entry.name in (JOURNAL, SETTINGS) or entry.name.endswith(".json")
            if is_own and not entry.is_file(follow_symlinks=False):
                yield f"{entry.path}: it is not an ordinary file"
