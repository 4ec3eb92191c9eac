"""A checkpoint: it completes the documented files of some resources, while writes go on.

::

    step          alone  what it does                           a crash in this step leaves
    ------------  -----  -------------------------------------  -----------------------------------
    (new)         yes    marks the end of the journal           the journal
    write_beside  no     writes NAME.tmp of each file, synced   the journal; load removes NAME.tmp
    announce      yes    appends the digests of those files to  a torn tail: truncated at load
                         the journal
    put_in_place  no     renames or removes each file, then     old and new files: each is completed
                         syncs the directory; before finish       from its own line on (replay.py)
                         begins a journal, also .schemas
    finish        yes    writes a journal of the transactions   the old journal or the new one:
                         since the mark to .journal.tmp, whose    either completes the files
                         base digests are those files; syncs
                         it, renames it, syncs the directory
                         and its parent

A step that is `alone` may not run beside an append to the journal; in the others, appends go on.
The announced files hold what the journal held at the mark, and no later transaction. If another
resource has changes in the journal, or the journal is small, `finish` keeps it: it completes each
file from its own line on, as after a crash. So the names of the files need not be durable before
the journal ends; those of records files are, for the claims in `.places` (places.py).

A file that is not as LARST wrote it is neither replaced nor removed: it is `foreign`, and its
resource stays incomplete. An edit between that look and the rename, some microseconds, is lost.

A checkpoint that fails or is abandoned in its middle leaves the journal in use: later changes are
appended to it, and a later checkpoint announces its files behind them.

Synchronous. Must never put a file in place that the journal does not announce durably.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from larst.store.collection import Collection
from larst.store.disk.documents import SCHEMAS, digest_of, document_names, encode_documents
from larst.store.disk.files import TEMP_SUFFIX, FileOps
from larst.store.disk.journal import Journal
from larst.store.disk.journal_format import ABSENT
from larst.store.disk.places import Place, Places


class CheckpointAbandonedError(Exception):
    """The checkpoint was abandoned before its files were in place."""


class Checkpoint:
    """The steps of one checkpoint, called in the order of the drawing; or `discard`, at any time.

    `collections` must not change; the files of one that is None are removed. `metas` are further
    files to write. `is_abandoned` may be set from any thread, and makes the current step fail.
    """

    def __init__(
        self,
        directory: Path,
        files: FileOps,
        journal: Journal,
        places: Places,
        collections: Mapping[str, Collection | None],
        metas: Mapping[str, list[bytes]],
        *,
        is_whole: bool,
    ) -> None:
        self.is_abandoned = False
        self.sizes: dict[str, int] = {}
        """The bytes of each resource's files, after `write_beside`."""
        self.foreign: set[str] = set()
        """The files that were changed by something other than LARST."""
        self._directory = directory
        self._files = files
        self._journal = journal
        self._places = places
        self._collections = collections
        self._metas = metas
        self._is_whole = is_whole
        self._digests: dict[str, str] = {}
        self._beside: deque[str] = deque()
        self._removed: list[str] = []
        self._through = journal.mark()

    def write_beside(self) -> None:
        """Write the files under temporary names, durably.

        A file that is in place with this content already is not written again.

        Raises:
            OSError: `discard` removes the files written so far.
            CheckpointAbandonedError: as OSError.
        """
        self._files.make_directory(self._directory / SCHEMAS)
        for name, chunks in self._documents():
            self._refuse_if_abandoned()
            if self._places.is_foreign(name):
                self.foreign.add(name)
            elif chunks is None:
                self._digests[name] = ABSENT
                self._removed.append(name)
            else:
                self._write_beside(name, chunks)

    def _write_beside(self, name: str, chunks: Iterable[bytes]) -> None:
        digest = self._digests[name] = digest_of(chunks)
        place = self._places.get(name)
        if place is None or place.digest != digest:
            self._beside.append(name)
            self._files.write_new(self._temporary(name), chunks)
        elif not place.is_synced:
            self._files.sync(self._directory / name)  # another program may have written it
            place.is_synced = True

    def announce(self) -> None:
        """Append the digests of the files to the journal.

        Raises:
            OSError: the journal is as before; what it may have written is truncated.
            CheckpointAbandonedError: as OSError.
        """
        self._refuse_if_abandoned()
        if self._digests:
            self._journal.announce(self._digests, self._through)

    def put_in_place(self) -> None:
        """Rename the files to their names; durably, if a new journal is to begin.

        Raises:
            OSError: some files are in place; the journal completes all.
        """
        while self._beside:
            self._put_in_place(self._beside.popleft())
        for name in self._removed:
            self._remove(name)
        if self._ends_journal:  # also for files of checkpoints before
            self._files.sync_directory(self._directory / SCHEMAS)
        if self._ends_journal or self._digests:
            self._files.sync_directory(self._directory)

    def _put_in_place(self, name: str) -> None:
        path, temporary = self._directory / name, self._temporary(name)
        if self._places.is_foreign(name):
            self.foreign.add(name)
            self._files.remove(temporary)
            return
        identity = self._files.identity(temporary)
        try:
            self._files.rename(temporary, path)
        finally:  # a refused rename may have happened
            if self._files.identity(path) == identity:
                self._places.note(name, Place(self._digests[name], identity, is_synced=True))

    def _remove(self, name: str) -> None:
        if self._places.is_foreign(name):
            self.foreign.add(name)
            return
        with contextlib.suppress(FileNotFoundError):
            self._files.remove(self._directory / name)
        self._places.forget(name)

    def finish(self) -> None:
        """Begin a journal from the files, with the transactions since the mark.

        Raises:
            OSError: as for `Journal.begin`.
        """
        through, later = self._through, self._journal.later
        own = {name: item for name, item in self._digests.items() if name not in self.foreign}
        digests = {**self._journal.base, **own}
        base = {name: digest for name, digest in digests.items() if digest != ABSENT}
        for name, collection in self._collections.items():
            if collection is not None:
                self._journal.next_ids[name] = collection.next_id
        self._journal.unmark()
        if self._ends_journal:
            self._journal.begin(base, later)
            return
        self._journal.base = base
        self._claim([name for name in own if name in base], through)

    def _claim(self, names: Iterable[str], through: int) -> None:
        """Note that those files hold the transactions up to this one."""
        for name in names:
            if (place := self._places.get(name)) is not None:
                place.salt, place.transaction = self._journal.salt, through
        with contextlib.suppress(OSError):  # it is a hint
            self._places.write_claims(self._journal.salt)

    @property
    def _ends_journal(self) -> bool:
        return self._is_whole and not self.foreign

    def discard(self) -> None:
        """Remove the files that are not in place; the journal stays in use."""
        self._journal.unmark()
        for name in self._beside:
            with contextlib.suppress(OSError):  # the next load removes it
                self._files.remove(self._temporary(name))

    def _documents(self) -> Iterator[tuple[str, Iterable[bytes] | None]]:
        """Yield the files and their content, one resource at a time, which saves memory.

        A file without content is to be removed.
        """
        for resource, collection in self._collections.items():
            size = 0
            if collection is None:
                self.sizes[resource] = size
                yield from ((name, None) for name in document_names(resource))
                continue
            for name, chunks in encode_documents(resource, collection):
                size += sum(map(len, chunks))
                yield name, chunks
            self.sizes[resource] = size
        for name, chunks in self._metas.items():
            if name not in self._digests:  # its resource has not changed
                yield name, chunks

    def _temporary(self, name: str) -> Path:
        path = self._directory / name
        return path.with_name(path.name + TEMP_SUFFIX)

    def _refuse_if_abandoned(self) -> None:
        if self.is_abandoned:
            raise CheckpointAbandonedError
