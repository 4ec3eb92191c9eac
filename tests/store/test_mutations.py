"""The histories catch each deliberate break of the store.

A simulation that accepts a broken store proves nothing about the real one, and a later change
could weaken the histories without notice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from larst.store.disk import frames, session_reading
from larst.store.disk import journal as journal_module
from larst.store.disk.checkpoint import Checkpoint
from larst.store.disk.files import FileOps
from larst.store.disk.journal import Journal
from larst.store.disk.journal_v1 import Line
from larst.store.disk.loaded import Loaded
from larst.store.disk.session_files import SessionFiles
from larst.store.session_replacements import SessionReplacements
from larst.store.session_store import SessionStore
from larst.store.session_writer import SessionWriter
from larst.store.transfer.replacing import Replacement
from tests.store.histories import run_history
from tests.store.power_disk import PowerDisk

MAX_HISTORIES = 400

Break = Callable[[pytest.MonkeyPatch], type[PowerDisk]]


class UnsyncedNewFiles(PowerDisk):
    """`write_new` without its fsync."""

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        inode = self.files.get(self.at(path))
        durable = inode.durable if inode else b""
        super().write_new(path, chunks)
        self.inode(path).durable = durable


class UnsyncedAppends(PowerDisk):
    """`write_at` without its fdatasync."""

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        durable = self.inode(path).durable
        super().write_at(path, offset, data)
        self.inode(path).durable = durable


class UnsyncedNames(PowerDisk):
    """`sync_directory` that does nothing."""

    def sync_directory(self, path: Path) -> None:
        self._count_call()


class UnsyncedLoads(PowerDisk):
    """`sync` that does nothing, so that writes of a killed process are taken for durable."""

    def sync(self, path: Path) -> None:
        self._count_call()


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


_append, _begin = Journal.append, Journal.begin
_announce, _finish = Checkpoint.announce, Checkpoint.finish


def _append_without_next(self: Journal, lines: Sequence[Line]) -> None:
    if not any("next" in line for line in lines):
        _append(self, lines)


def _append_at_the_old_end(self: Journal, lines: Sequence[Line]) -> None:
    end = self.end
    _append(self, lines)
    if not any("next" in line for line in lines) and end:
        self.end = end


def _announce_and_finish(self: Checkpoint) -> None:
    """Begin the new journal before the files that replace the old one are in place."""
    _announce(self)
    _finish(self)


def _nothing(self: Checkpoint) -> None:
    del self


def _journal_first(monkeypatch: pytest.MonkeyPatch) -> type[PowerDisk]:
    monkeypatch.setattr(Checkpoint, "announce", _announce_and_finish)
    monkeypatch.setattr(Checkpoint, "finish", _nothing)
    return PowerDisk


def _final_path(self: Checkpoint, name: str) -> Path:
    return self._directory / name


def _begin_with_a_smaller_base(self: Journal, base: Any, lines: Sequence[Line] = ()) -> None:
    _begin(self, dict(list(base.items())[:-1]), lines)


def _skip_the_write(self: SessionWriter, lines: list[Line]) -> None:
    del lines
    self.has_failed = False


def _never_cut(self: Journal) -> None:
    self.must_cut = False


def _ignore_failure(self: SessionWriter, lines: list[Line]) -> None:
    """Treat a write that the disk refused as successful."""
    try:
        self._files.journal.append(lines)
    except OSError:
        self._files.journal.must_cut = False
    self.has_failed = False


def _erase_in_place(self: SessionFiles) -> None:
    """Remove one file after another, under the session's name."""
    if self._files.names(self.directory):
        self._files.remove_directory(self.directory)
    self._files.sync_directory(self.directory.parent)
    self.journal = Journal(self.directory, self._files, self._new_salt)


def _move_away_unsynced(self: SessionFiles, erased: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        self._files.rename(self.directory, erased)


def _never_restore(self: SessionFiles, erased: Path) -> bool:
    del self, erased
    return True


def _erase_in_memory(self: SessionStore) -> None:
    self._install(Loaded({}, set()))


def _erase_on_disk(self: SessionStore) -> OSError | None:
    return self._files.erase()


def _restore_beside_the_others(
    self: SessionReplacements, replacements: Mapping[str, Replacement]
) -> None:
    """Keep the resources that have no replacement."""
    data, resources = self._data, self._data.resources
    data.resources = {name: resources[name] for name in resources if name in replacements}
    _restore(self, replacements)
    data.resources |= {name: resources[name] for name in resources if name not in replacements}


def _restore_into_memory(
    self: SessionReplacements, replacements: Mapping[str, Replacement]
) -> None:
    pending = list(self._writer._pending)
    _restore(self, replacements)
    self._writer._pending = pending


def _with(name: str, value: object) -> Callable[[Replacement], dict[str, Any]]:
    """Return a `journal_entry` that records this value under the name."""
    return lambda self: {**_journal_entry(self), name: value}


_restore, _journal_entry = SessionReplacements.restore, Replacement.journal_entry


def _replay_nothing(*_: object) -> set[str]:
    return set()


def _upgrade_nothing(self: SessionFiles) -> dict[str, list[bytes]]:
    del self
    return {}


def _read_as_next_id(self: Journal, name: str, digest: str) -> bool:
    del self, name, digest
    return False


def _read_as_last_id(self: Journal, name: str, digest: str) -> bool:
    del name, digest
    return self.version == 1


BREAKS: dict[str, Break] = {
    "new files without fsync": disk(UnsyncedNewFiles),
    "appends without fdatasync": disk(UnsyncedAppends),
    "names without a directory fsync": disk(UnsyncedNames),
    "loads without fsync": disk(UnsyncedLoads),
    "files written in their place": patched(Checkpoint, "_temporary", _final_path),
    "a journal written in its place": patched(journal_module, "put_in_place", _in_place_at_once),
    "no checksum": patched(frames, "_checksum", _no_checksum),
    "no `next` before a checkpoint": patched(Journal, "append", _append_without_next),
    "appends over each other": patched(Journal, "append", _append_at_the_old_end),
    "a checkpoint that begins with the journal": _journal_first,
    "a journal that names fewer files": patched(Journal, "begin", _begin_with_a_smaller_base),
    "a flush that writes nothing": patched(SessionWriter, "_append", _skip_the_write),
    "a failed write taken for a success": patched(SessionWriter, "_append", _ignore_failure),
    "torn tails that are never truncated": patched(Journal, "cut", _never_cut),
    "a load that replays nothing": patched(session_reading, "replay", _replay_nothing),
    "an erasure in place": patched(SessionFiles, "erase", _erase_in_place),
    "an erasure without a directory fsync": patched(
        SessionFiles, "_move_away", _move_away_unsynced
    ),
    "an erasure that is not undone": patched(SessionFiles, "_is_restored_from", _never_restore),
    "an erasure of memory alone": patched(SessionStore, "_erase", _erase_in_memory),
    "an erasure of the disk alone": patched(SessionStore, "_erase", _erase_on_disk),
    "a restoration beside the old resources": patched(
        SessionReplacements, "restore", _restore_beside_the_others
    ),
    "a restoration of memory alone": patched(SessionReplacements, "restore", _restore_into_memory),
    "a restoration that adds": patched(Replacement, "journal_entry", _with("replace", False)),
    "a restoration without its schema": patched(
        Replacement, "journal_entry", _with("schema", None)
    ),
    "a restoration without its ids": patched(Replacement, "journal_entry", _with("next_id", 1)),
    "an upgrade that leaves meta files as they are": patched(
        SessionFiles, "_upgraded_metas", _upgrade_nothing
    ),
    "version-1 meta files read as next ids": patched(Journal, "has_last_id", _read_as_next_id),
    "upgraded meta files read as last ids": patched(Journal, "has_last_id", _read_as_last_id),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_the_histories_catch_a_break(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    disk_class = BREAKS[name](monkeypatch)

    for seed in range(MAX_HISTORIES):
        try:
            await run_history(seed, disk_class)
        except Exception:  # noqa: BLE001 - a break may show as any error
            return
    pytest.fail(f"{MAX_HISTORIES} histories passed with {name}")


async def test_the_histories_pass_with_the_unbroken_store() -> None:
    """Otherwise they would catch everything."""
    for seed in range(20):
        assert await run_history(seed) >= 0
