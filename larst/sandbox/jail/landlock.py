"""The Landlock rules of a worker: it may read its binary and libraries, and nothing else.

Each version of Landlock (ABI) knows more rights; a right that the kernel does not know cannot be
taken away, so the rules follow its version. See `linux/landlock.h`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

EXECUTE = 1 << 0
READ_FILE = 1 << 2

_FIRST_RIGHTS = (1 << 13) - 1  # EXECUTE to MAKE_SYM
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15

RIGHTS: Mapping[int, tuple[int, int, int]] = {
    1: (_FIRST_RIGHTS, 0, 0),
    2: (_FIRST_RIGHTS | _REFER, 0, 0),
    3: (_FIRST_RIGHTS | _REFER | _TRUNCATE, 0, 0),
    4: (_FIRST_RIGHTS | _REFER | _TRUNCATE, 0b11, 0),
    5: (_FIRST_RIGHTS | _REFER | _TRUNCATE | _IOCTL_DEVICE, 0b11, 0),
    6: (_FIRST_RIGHTS | _REFER | _TRUNCATE | _IOCTL_DEVICE, 0b11, 0b11),
}
"""By ABI: the rights to files (all of them), to TCP (bind, connect), and to reach out of the jail
(abstract Unix sockets, signals). Later versions add no right that a worker could use."""

_CREATE_RULESET = 444  # on both architectures
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION


def supported_abi() -> int:
    """Return the kernel's version of Landlock; 0 if it has none, or does not use it."""
    try:
        syscall = ctypes.CDLL(None, use_errno=True).syscall
    except (OSError, AttributeError):
        return 0
    return max(0, int(syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION))))


def ruleset(abi: int, binaries: Iterable[Path], libraries: Iterable[Path]) -> dict[str, Any] | None:
    """Return the orders for the launcher, or None without Landlock.

    `binaries` may be executed; that includes the loader that a binary names.
    """
    if abi < 1:
        return None
    files, network, scopes = RIGHTS[min(abi, max(RIGHTS))]
    return {
        "rights": [files, network, scopes],
        "rules": [
            *([str(path), EXECUTE | READ_FILE] for path in binaries),
            *([str(path), READ_FILE] for path in libraries),
        ],
    }
