"""The parts of a session that its transactions go through."""

from __future__ import annotations

from dataclasses import dataclass

from larst.store.changes import ChangeRecorder
from larst.store.disk.session_files import SessionFiles
from larst.store.id_floors import IdFloors
from larst.store.quota import Quota
from larst.store.session_data import SessionData
from larst.store.session_snapshots import SessionSnapshots
from larst.store.session_writer import SessionWriter


@dataclass(frozen=True, slots=True)
class SessionParts:
    """The parts that commits, replacements, flushes and edits share; each has its own module.

    `data` is what they change, `writer` makes it durable, `changes` passes it on to those that
    follow the session. `floors` outlive the session's store.
    """

    files: SessionFiles
    writer: SessionWriter
    data: SessionData
    changes: ChangeRecorder
    snapshots: SessionSnapshots
    floors: IdFloors
    quota: Quota

    @property
    def size_bytes(self) -> int:
        """The bytes of documented files, journal and snapshots; pending writes are not counted."""
        files_bytes = self.files.journal.end + sum(self.writer.sizes.values())
        return files_bytes + self.snapshots.size_bytes
