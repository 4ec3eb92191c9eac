"""What a session's files hold when they are loaded. Data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from larst.store.changes import NO_POSITION, CommittedChanges, Position
from larst.store.collection import Collection
from larst.store.disk.changes import Changes
from larst.store.disk.documents import digest_of
from larst.store.disk.files import Identity
from larst.store.disk.journal_format import ABSENT
from larst.store.disk.settings import NO_SETTINGS, StoredSettings
from larst.store.disk.stats import SessionStats
from larst.store.run_changes import RunChanges


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A documented file that LARST did not write, and the changes of its resource since it did.

    `content`: None if the file is missing, or `is_odd`: a link, a directory or a pipe. `has_own`:
    the session's own records are complete without the file. `transaction` is the last one that the
    file as LARST wrote it held.
    """

    name: str
    content: bytes | None
    identity: Identity | None = None
    changes: Changes = field(default_factory=Changes)
    has_own: bool = False
    is_odd: bool = False
    transaction: int = 0

    @property
    def digest(self) -> str:
        """The digest of the content; ABSENT without content."""
        return ABSENT if self.content is None else digest_of([self.content])


@dataclass(frozen=True, slots=True)
class Loaded:
    """A session's resources and settings; `dirty` names the resources with incomplete files.

    `sizes` are the bytes of each resource's files, as they are on the disk. `edited` are files that
    LARST did not write: their content is not in the resources. `settings_in_journal`: the settings
    are in the journal alone. `runs`: what the latest runs of plans changed, as far as the journal
    has it.
    """

    collections: dict[str, Collection]
    dirty: set[str]
    sizes: dict[str, int] = field(default_factory=dict)
    settings: StoredSettings = NO_SETTINGS
    stats: SessionStats | None = None
    edited: tuple[EditedFile, ...] = ()
    settings_in_journal: bool = False
    position: Position = NO_POSITION
    history: Sequence[CommittedChanges] = ()
    runs: Mapping[str, RunChanges | None] = field(default_factory=dict)
