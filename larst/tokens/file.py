"""The file of tokens: reading it, and changing it for `larst token`; blocks.

Must never leave a file that is half written, or that others than its owner can read.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from larst.errors import ConfigError
from larst.tokens.table import TokenTable, parse_entries, table_of

MAX_FILE_BYTES = 4 * 1024**2

Entries = list[dict[str, Any]]


def new_token() -> str:
    """Return a new token: 256 random bits behind a prefix that scanners for secrets can find."""
    return f"larst_{secrets.token_urlsafe(32)}"


def is_toml(path: Path) -> bool:
    """Return whether a file is TOML, by its name; all others are JSON."""
    return path.suffix.lower() == ".toml"


def read_table(path: Path) -> TokenTable:
    """Return the table of a file.

    Raises:
        ConfigError: it is not a file of tokens.
        OSError: it cannot be read.
    """
    return table_of(read_entries(path))


def read_entries(path: Path) -> Entries:
    """Return the entries of a file.

    Raises:
        ConfigError: it is not a file of tokens.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(f"it is larger than {MAX_FILE_BYTES} bytes")
    return parse_entries(content, is_toml=is_toml(path))


def change_entries(path: Path, change: Callable[[Entries], Entries]) -> None:
    """Replace the entries of a JSON file, which may not exist yet, by changed ones.

    Raises:
        ConfigError: it is not a JSON file of tokens, or the changed one would be wrong.
        OSError: it cannot be written; it is as before.
    """
    path = path.resolve()  # a link stays, and what it leads to is replaced
    with _locked(path.parent):
        entries: Entries = []
        with suppress(FileNotFoundError):
            entries = read_entries(path)
            table_of(entries)
        entries = change(entries)
        table_of(entries)
        _put_in_place(path, json.dumps({"tokens": entries}, indent=2).encode() + b"\n")


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Keep others from changing the file meanwhile."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_in_place(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(unfinished, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
