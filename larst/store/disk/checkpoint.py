"""A checkpoint: it completes the documented files of some resources, while writes go on.

::

    step          alone  what it does                           a crash in this step leaves
    ------------  -----  -------------------------------------  -----------------------------------
    (new)         yes    marks the end of the journal           the journal
    write_beside  no     writes NAME.tmp of each file, synced   the journal; load removes NAME.tmp
    announce      yes    appends the digests of those files to  a torn tail: truncated at load
                         the journal
    put_in_place  no     renames or removes each file; before   old and new files: each is completed
                         finish begins a journal: syncs           from its own line on (replay.py)
                         .schemas, then the directory
    finish        yes    writes a journal of the transactions   the old journal or the new one:
                         since the mark to .journal.tmp, whose    either completes the files
                         base digests are those files; syncs
                         it, renames it, syncs the directory
                         and its parent

A step that is `alone` may not run beside an append to the journal; in the others, appends go on.
The announced files hold what the journal held at the mark, and no later transaction. If another
resource has changes in the journal, or the journal is small, `finish` keeps it: it completes each
file from its own line on, as after a crash. So the names of the files need not be durable before
the journal ends.

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
from larst.store.disk.journal import ABSENT, Journal


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
        collections: Mapping[str, Collection | None],
        metas: Mapping[str, list[bytes]],
        *,
        is_whole: bool,
    ) -> None:
        self.is_abandoned = False
        self.sizes: dict[str, int] = {}
        """The bytes of each resource's files, after `write_beside`."""
        self._directory = directory
        self._files = files
        self._journal = journal
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
            if chunks is None:
                self._digests[name] = ABSENT
                self._removed.append(name)
                continue
            self._digests[name] = digest_of(chunks)
            if self._is_in_place(name):
                self._files.sync(self._directory / name)  # another program may have written it
            else:
                self._beside.append(name)
                self._files.write_new(self._temporary(name), chunks)

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
            name = self._beside.popleft()
            self._files.rename(self._temporary(name), self._directory / name)
        for name in self._removed:
            with contextlib.suppress(FileNotFoundError):
                self._files.remove(self._directory / name)
        if self._is_whole:  # also for the files of checkpoints that kept the journal
            self._files.sync_directory(self._directory / SCHEMAS)
            self._files.sync_directory(self._directory)

    def finish(self) -> None:
        """Begin a journal from the files, with the transactions since the mark.

        Raises:
            OSError: as for `Journal.begin`.
        """
        digests = {**self._journal.base, **self._digests}
        base = {name: digest for name, digest in digests.items() if digest != ABSENT}
        later = self._journal.later
        self._journal.unmark()
        if self._is_whole:
            self._journal.begin(base, later)
        else:
            self._journal.base = base

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

    def _is_in_place(self, name: str) -> bool:
        """Return whether the file has this content already: it was not edited since."""
        digest = self._digests[name]
        if self._journal.base.get(name) != digest:
            return False
        with contextlib.suppress(OSError):  # it is not an ordinary file any more
            content = self._files.read(self._directory / name)
            return content is not None and digest_of([content]) == digest
        return False

    def _temporary(self, name: str) -> Path:
        path = self._directory / name
        return path.with_name(path.name + TEMP_SUFFIX)

    def _refuse_if_abandoned(self) -> None:
        if self.is_abandoned:
            raise CheckpointAbandonedError
