"""The files that a binary needs in order to start: its loader, and its shared libraries."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

_PROGRAM_INTERPRETER = 3  # PT_INTERP
_LOADER_CACHE = Path("/etc/ld.so.cache")
_LIST_S = 20


@dataclass(frozen=True, slots=True)
class BinaryFiles:
    """A binary with its loader, and the files that the loader reads."""

    executables: tuple[Path, ...]
    libraries: tuple[Path, ...]


def files_of(binary: Path) -> BinaryFiles:
    """Return the files of an ELF binary; blocks while its loader lists them.

    Raises:
        OSError, ValueError: it cannot be read, or is not a 64-bit little-endian ELF file.
        subprocess.SubprocessError: the loader could not list its libraries.
    """
    loader = loader_of(binary)
    if loader is None:
        return BinaryFiles((binary,), ())
    listed = subprocess.run(  # noqa: S603 - the loader that the binary itself names
        [loader, "--list", binary],
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LIST_S,
        check=True,
    ).stdout
    paths = [Path(word) for word in listed.split() if word.startswith("/")]
    libraries = [path for path in dict.fromkeys(paths) if path not in (loader, binary)]
    cache = [_LOADER_CACHE] if _LOADER_CACHE.exists() else []
    return BinaryFiles((binary, loader), (*libraries, *cache))


def loader_of(binary: Path) -> Path | None:
    """Return the loader that the binary names; None if it is linked statically.

    Raises:
        OSError, ValueError: as for `files_of`.
    """
    with binary.open("rb") as file:
        header = file.read(64)
        if header[:6] != b"\x7fELF\x02\x01" or len(header) < 64:
            raise ValueError(f"{binary} is not a 64-bit little-endian ELF file")
        (table,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        for number in range(count):
            file.seek(table + number * size)
            entry = file.read(size)
            (kind,) = struct.unpack_from("<I", entry)
            if kind == _PROGRAM_INTERPRETER:
                (offset,) = struct.unpack_from("<Q", entry, 8)
                (length,) = struct.unpack_from("<Q", entry, 32)
                file.seek(offset)
                return Path(file.read(length).rstrip(b"\0").decode())
    return None
