"""Who else may read the data root: what an older version, a copy or a person left open is closed.

Files in a private folder are out of reach whatever their own modes are, so that a start looks at
folders, and at files only in a folder that others could enter.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_OTHERS = 0o077
_OWN_FOLDERS = re.compile(r"@?[A-Za-z0-9_-]{1,128}|\.plans|\.erased-.*")
_MAX_DEPTH = 4
"""A tenant, its session, the session's `.schemas`, and what it set aside."""

_log = logging.getLogger("larst.store")


@dataclass(frozen=True, slots=True)
class Permissions:
    """Paths that were open to others: `closed` are not any more; `open` could not be closed."""

    closed: tuple[Path, ...]
    open: tuple[Path, ...]


def tighten(root: Path) -> Permissions:
    """Make the folders of sessions and plans private, with the files in those that were not.

    The root itself may be a volume whose mode the operator chose, so that it is only reported.
    """
    closed: list[Path] = []
    refused = [root] if root.stat().st_mode & _OTHERS else []
    with os.scandir(root) as entries:
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    for name in filter(_OWN_FOLDERS.fullmatch, names):
        for path, is_private in _tighten_folder(root / name, depth=1):
            (closed if is_private else refused).append(path)
    return Permissions(tuple(closed), tuple(refused))


def report_permissions(permissions: Permissions) -> None:
    """Log the paths that were open to other users of the machine."""
    for paths, text in (
        (permissions.closed, "was open to other users of this machine, and is closed now"),
        (permissions.open, "is open to other users of this machine: chmod go-rwx closes it"),
    ):
        if paths:
            suffix = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
            _log.warning("%s%s %s", paths[0], suffix, text)


def _tighten_folder(path: Path, *, depth: int) -> Iterator[tuple[Path, bool]]:
    """Yield the paths that were open to others, and whether they are private now."""
    try:
        folder = os.open(path, _FOLDER)
    except OSError:
        return  # a link, or gone
    try:
        if not os.fstat(folder).st_mode & _OTHERS:
            return
        yield path, _is_closed(folder, 0o700)
        for name in os.listdir(folder):  # noqa: PTH208 - a descriptor has no path
            yield from _tighten_entry(folder, path / name, depth=depth)
    finally:
        os.close(folder)


def _tighten_entry(folder: int, path: Path, *, depth: int) -> Iterator[tuple[Path, bool]]:
    try:
        mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode) and depth < _MAX_DEPTH:
            yield from _tighten_folder(path, depth=depth + 1)
        elif stat.S_ISREG(mode) and mode & _OTHERS:
            file = os.open(path.name, _FILE, dir_fd=folder)
            try:
                yield path, _is_closed(file, 0o600)
            finally:
                os.close(file)
    except OSError:
        yield path, False


def _is_closed(descriptor: int, mode: int) -> bool:
    try:
        os.fchmod(descriptor, mode)
    except OSError:
        return False
    return True
