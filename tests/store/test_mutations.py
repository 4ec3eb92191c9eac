"""The histories find what they are for: each deliberate break of the store is caught by them.

A simulation that lets a broken store pass proves nothing of the real one. Kept as a test, since
the histories can lose their teeth as easily as the store its care.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from larst.store.disk import frames, session_files
from larst.store.disk import journal as journal_module
from larst.store.disk.documents import SCHEMAS, digest_of, documents_of
from larst.store.disk.files import FileOps, put_in_place
from larst.store.disk.journal import Journal, Line
from larst.store.disk.session_files import Loaded, SessionFiles
from larst.store.session_store import SessionStore
from larst.store.transfer.replacing import Replacement
from tests.store.histories import run_history
from tests.store.power_disk import PowerDisk

MAX_HISTORIES = 400

Break = Callable[[pytest.MonkeyPatch], type[PowerDisk]]


class UnsyncedNewFiles(PowerDisk):
    """`write_new` without its fsync."""

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        inode = self.seen.get(self.at(path))
        kept = inode.kept if inode else b""
        super().write_new(path, chunks)
        self.inode(path).kept = kept


class UnsyncedAppends(PowerDisk):
    """`write_at` without its fdatasync."""

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        kept = self.inode(path).kept
        super().write_at(path, offset, data)
        self.inode(path).kept = kept


class UnsyncedNames(PowerDisk):
    """`sync_directory` that does nothing."""

    def sync_directory(self, path: Path) -> None:
        self._pass()


class UnsyncedLoads(PowerDisk):
    """`sync` that does nothing: what a killed process left in memory is taken for durable."""

    def sync(self, path: Path) -> None:
        self._pass()


def disk(disk_class: type[PowerDisk]) -> Break:
    return lambda _: disk_class


def patched(target: object, name: str, replacement: object) -> Break:
    def apply(monkeypatch: pytest.MonkeyPatch) -> type[PowerDisk]:
        monkeypatch.setattr(target, name, replacement)
        return PowerDisk

    return apply


def _in_place_at_once(files: FileOps, path: Path, chunks: Iterable[bytes]) -> None:
    files.write_new(path, chunks)


def _no_checksum(payload: bytes, length: int, salt: int) -> int:
    del payload, length, salt
    return 0


_append, _checkpoint, _begin = Journal.append, SessionFiles.checkpoint, Journal.begin


def _append_without_next(self: Journal, lines: Sequence[Line]) -> None:
    if not any("next" in line for line in lines):
        _append(self, lines)


def _append_at_the_end_that_there_was(self: Journal, lines: Sequence[Line]) -> None:
    end = self.end
    _append(self, lines)
    if not any("next" in line for line in lines) and end:
        self.end = end


def _fold_journal_first(self: SessionFiles, collections: Any) -> int:
    """Begin the new journal before the files that make the old one superfluous are in place."""
    documents = {
        name: chunks
        for resource, collection in collections.items()
        for name, chunks in documents_of(resource, collection)
    }
    digests = {name: digest_of(chunks) for name, chunks in documents.items()}
    self.journal.append([{"next": digests}])
    self.journal.begin({**self.journal.base, **digests})
    self._files.make_directory(self._directory / SCHEMAS)
    for name, chunks in documents.items():
        put_in_place(self._files, self._directory / name, chunks)
    self._files.sync_directory(self._directory / SCHEMAS)
    self._files.sync_directory(self._directory)
    return 0


def _begin_with_the_old_base(self: Journal, base: Any) -> None:
    _begin(self, dict(list(base.items())[:-1]))


def _forget_the_write(self: SessionStore, taken: list[Line]) -> None:
    del taken
    self._has_failed = False


def _never_cut(self: Journal) -> None:
    self.must_cut = False


def _ignore_what_failed(self: SessionStore, taken: list[Line]) -> None:
    """Take a write that the disk refused for one that it took."""
    try:
        self._session_files.journal.append(taken)
    except OSError:
        self._session_files.journal.must_cut = False
    self._has_failed = False


def _erase_in_place(self: SessionFiles) -> None:
    """Remove one file after another, where the session would be looked for."""
    if self._files.names(self._directory):
        self._files.remove_directory(self._directory)
    self._files.sync_directory(self._directory.parent)
    self.journal = Journal(self._directory, self._files, self._new_salt)


def _put_away_unsynced(self: SessionFiles, aside: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        self._files.rename(self._directory, aside)


def _never_back(self: SessionFiles, aside: Path) -> bool:
    del self, aside
    return True


def _erase_in_memory(self: SessionStore) -> None:
    self._take_in(Loaded({}, set(), 0))


def _erase_on_disk(self: SessionStore) -> OSError | None:
    return self._session_files.erase()


def _restore_beside_the_others(self: SessionStore, replacements: Mapping[str, Replacement]) -> None:
    """Leave the resources alone that are not among the new ones."""
    others = {name: one for name, one in self._collections.items() if name not in replacements}
    self._collections = {n: one for n, one in self._collections.items() if n not in others}
    _restore(self, replacements)
    self._collections |= others


def _restore_into_memory(self: SessionStore, replacements: Mapping[str, Replacement]) -> None:
    pending = list(self._pending)
    _restore(self, replacements)
    self._pending = pending


def _without(name: str, value: object) -> Callable[[Replacement], dict[str, Any]]:
    """Return how a replacement is spelled where that part of it is forgotten."""
    return lambda self: {**_spelled(self), name: value}


_restore, _spelled = SessionStore.restore, Replacement.spelled


def _replay_nothing(*_: object) -> None:
    pass


BREAKS: dict[str, Break] = {
    "new files without fsync": disk(UnsyncedNewFiles),
    "appends without fdatasync": disk(UnsyncedAppends),
    "names without a directory fsync": disk(UnsyncedNames),
    "loads without fsync": disk(UnsyncedLoads),
    "files written in their place": patched(session_files, "put_in_place", _in_place_at_once),
    "a journal written in its place": patched(journal_module, "put_in_place", _in_place_at_once),
    "no checksum": patched(frames, "_checksum", _no_checksum),
    "no `next` before a fold": patched(Journal, "append", _append_without_next),
    "appends over each other": patched(Journal, "append", _append_at_the_end_that_there_was),
    "a checkpoint that begins with the journal": patched(
        SessionFiles, "checkpoint", _fold_journal_first
    ),
    "a journal that names fewer files": patched(Journal, "begin", _begin_with_the_old_base),
    "a flush that writes nothing": patched(SessionStore, "_append", _forget_the_write),
    "a failed write that is believed": patched(SessionStore, "_append", _ignore_what_failed),
    "leftovers that are never cut": patched(Journal, "cut", _never_cut),
    "a load that replays nothing": patched(session_files, "replay", _replay_nothing),
    "an erasure in place": patched(SessionFiles, "erase", _erase_in_place),
    "an erasure without a directory fsync": patched(SessionFiles, "_put_away", _put_away_unsynced),
    "an erasure that is not undone": patched(SessionFiles, "_is_back_from", _never_back),
    "an erasure of memory alone": patched(SessionStore, "_erase", _erase_in_memory),
    "an erasure of the disk alone": patched(SessionStore, "_erase", _erase_on_disk),
    "a restoration beside the rest": patched(SessionStore, "restore", _restore_beside_the_others),
    "a restoration of memory alone": patched(SessionStore, "restore", _restore_into_memory),
    "a restoration that adds": patched(Replacement, "spelled", _without("replace", False)),
    "a restoration without its schema": patched(Replacement, "spelled", _without("schema", None)),
    "a restoration without its ids": patched(Replacement, "spelled", _without("auto_id", 0)),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_the_histories_catch_a_store_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    disk_class = BREAKS[name](monkeypatch)

    for seed in range(MAX_HISTORIES):
        try:
            await run_history(seed, disk_class)
        except Exception:  # noqa: BLE001 - however the break shows, it shows
            return
    pytest.fail(f"{MAX_HISTORIES} histories passed with {name}")


async def test_they_pass_with_the_store_as_it_is() -> None:
    """Else everything would be caught."""
    for seed in range(20):
        assert await run_history(seed) >= 0
