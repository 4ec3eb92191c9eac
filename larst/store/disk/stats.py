"""A session's statistics: its size, for a list of sessions that loads none.

::

    .stats   {"journal_bytes":118,"resources":{"users":{"bytes":245,"records":2}}}

Written after checkpoints and at sleep. It is not durable: no session depends on its figures, and a
file that is damaged, or written for another journal, counts as missing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from larst.store.disk.files import FileOps, put_in_place

STATS = ".stats"


@dataclass(frozen=True, slots=True)
class ResourceStats:
    """The number of records of a resource, and the bytes of its files."""

    records: int
    bytes: int


@dataclass(frozen=True, slots=True)
class SessionStats:
    """The size of a session when its journal had `journal_bytes`."""

    journal_bytes: int = 0
    resources: dict[str, ResourceStats] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """The bytes of the documented files and the journal."""
        return self.journal_bytes + sum(item.bytes for item in self.resources.values())


def decode_stats(content: bytes | None) -> SessionStats | None:
    """Return the statistics in a file; None if it is missing or damaged."""
    if content is None:
        return None
    try:
        value = orjson.loads(content)
        resources = {
            name: ResourceStats(_count(item["records"]), _count(item["bytes"]))
            for name, item in value["resources"].items()
        }
        return SessionStats(_count(value["journal_bytes"]), resources)
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def write_stats(files: FileOps, directory: Path, stats: SessionStats) -> None:
    """Replace the file in one step.

    Raises:
        OSError: the old file or the new one is in place, each of them whole.
    """
    content = orjson.dumps(asdict(stats), option=orjson.OPT_SORT_KEYS)
    put_in_place(files, directory / STATS, [content, b"\n"])


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("it must be a count")
    return value
