"""The format version of a data root: `.format`, which says who can read the directory.

::

    .format   {"format":2,"larst":"0.3.0"}

    format    1: LARST 0.1 and 0.2, which wrote no such file; 2: since this file exists. A change
              that an older LARST would misread or lose raises it
    larst     the version that brought the directory to this format

Must never change a directory of a format that this LARST does not know.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

from larst import __version__
from larst.errors import DataRootFormatError
from larst.store.disk.files import FileOps, put_in_place

FORMAT_NAME = ".format"
FORMAT = 2
"""The format that this LARST writes; it reads all formats up to this one."""

_UNMARKED = 1
_MAX_BYTES = 4096
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO would block


def check_format(root: Path) -> int:
    """Return the format of a data root; an empty or missing directory has the first one.

    Raises:
        DataRootFormatError: a newer LARST wrote it, or the file is damaged; nothing was changed.
        OSError: the file cannot be read.
    """
    path = root / FORMAT_NAME
    raw = _content(path)
    if raw is None:
        return _UNMARKED
    number, writer = _parsed(path, raw)
    if number > FORMAT:
        raise DataRootFormatError(
            f"{root} has format {number}, of LARST {writer}; this is LARST {__version__}, which"
            f" reads formats up to {FORMAT}. Nothing was changed: install LARST {writer} or newer,"
            " or choose another data root"
        )
    return number


def mark_format(root: Path, files: FileOps) -> None:
    """Write the format of this LARST into a data root that is locked, durably.

    Raises:
        OSError: the old mark is in place, or the new one.
    """
    text = json.dumps({"format": FORMAT, "larst": __version__}, separators=(",", ":"))
    put_in_place(files, root / FORMAT_NAME, [f"{text}\n".encode()])
    files.sync_directory(root)


def _content(path: Path) -> bytes | None:
    try:
        with os.fdopen(os.open(path, _READ), "rb") as file:
            return file.read(_MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.ELOOP):  # a directory or a link
            return b""
        raise


def _parsed(path: Path, raw: bytes) -> tuple[int, str]:
    """Return the number and the version in the file.

    Raises:
        DataRootFormatError: it is damaged.
    """
    try:
        value = json.loads(raw)
        number, writer = value["format"], value["larst"]
    except (ValueError, TypeError, KeyError, RecursionError):
        number, writer = None, None
    if type(number) is int and number >= _UNMARKED and isinstance(writer, str):
        return number, writer
    raise DataRootFormatError(
        f"{path} is damaged, so that it is unknown which LARST can read the directory. Nothing was"
        " changed: restore the file from a backup, or delete it if no LARST newer than"
        f" {__version__} has used the directory"
    )
