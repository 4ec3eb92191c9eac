"""A person who edits a records file in the histories: each edit is in the session, or on the disk.

An edit changes a record or adds one. A broken file may cost the session its records while it is
not loaded, and then the person puts the file back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from larst.domain import Record
from tests.store.power_disk import PowerDisk

BROKEN = b'[{"id": 1,'


class Editor:
    """Edits one file, and looks where its latest edit is."""

    def __init__(self, disk: PowerDisk, random: Random, path: Path) -> None:
        self._disk = disk
        self._random = random
        self._path = path
        self._count = 0
        self._edit: Record | None = None  # a record as edited, until it is in the session or aside
        self._written = b""
        self._before = b""  # the file before it was broken

    def edit(self) -> None:
        """Change a record of the file, or add one, unless an edit is still in it."""
        content = self._disk.read(self._path)
        is_durable = self._disk.at(self._path) in self._disk.durable_files
        if self._edit is not None or not content or not is_durable or content == BROKEN:
            return
        records: list[dict[str, Any]] = json.loads(content)
        self._count += 1
        if records and self._random.random() < 0.6:
            record = self._random.choice(records)
            record[list(record)[-1]] = 1000 + self._count
        elif not records:
            return
        else:
            field = list(records[0])[-1]
            record = {"id": f"hand-{self._count}", field: 1000 + self._count}
            records.append(record)
        self._edit = dict(record)
        self._written = json.dumps(records, indent=1).encode()
        self._disk.edit(self._path, self._written)

    def break_file(self) -> None:
        """Replace the file by one that cannot be read."""
        content = self._disk.read(self._path)
        if self._edit is None and content and content != BROKEN:
            self._before = content
            self._disk.edit(self._path, BROKEN)

    @property
    def is_broken(self) -> bool:
        """Whether the file is broken, or was set aside because it is."""
        content = self._disk.read(self._path)
        names = self._disk.names(self._path.parent)
        is_set_aside = content is None and any(".damaged-" in name for name in names)
        return content == BROKEN or is_set_aside

    def put_back(self) -> bool:
        """Put the file from before it was broken in its place; return whether there is one."""
        if self._before:
            self._disk.edit(self._path, self._before)
        return bool(self._before)

    def forget(self) -> None:
        """The session was erased, and the edit with it."""
        self._edit = None

    def accepts(
        self,
        state: object,
        users: Sequence[Record],
        states: Sequence[tuple[object, Sequence[Record]]],
    ) -> bool:
        """Return whether the session is in one of the states, with or without the edit.

        Without it, the edit must be in the file or set aside.
        """
        edit = self._edit
        if edit is None:
            return any(state == other and _same(users, own) for other, own in states)
        if edit in users:
            self._edit = None
            return any(state == other and _same(users, _with(own, edit)) for other, own in states)
        if not any(state == other and _same(users, own) for other, own in states):
            return False
        if self._disk.read(self._path) == self._written:
            return True  # it may be taken in later, although a copy is set aside
        is_erased = not self._disk.names(self._path.parent)
        is_aside, self._edit = self._is_in(self._asides()), None
        return is_aside or is_erased

    def _asides(self) -> list[Path]:
        folder = self._path.parent
        prefix = f"{self._path.name}.edited-"
        names = [name for name in self._disk.names(folder) if name.startswith(prefix)]
        return [folder / name for name in names if not name.endswith(".tmp")]

    def _is_in(self, paths: Sequence[Path]) -> bool:
        contents = [self._disk.read(path) or b"" for path in paths]
        return any(self._edit in json.loads(item) for item in contents if item != BROKEN)


def _with(users: Sequence[Record], edit: Record) -> list[Record]:
    """Return the users with the edited record in place of its earlier version."""
    return [*(user for user in users if user["id"] != edit["id"]), edit]


def _same(users: Sequence[Record], others: Sequence[Record]) -> bool:
    """Compare without regard to the order, which a merge may change."""
    return sorted(map(json.dumps, users)) == sorted(map(json.dumps, others))
