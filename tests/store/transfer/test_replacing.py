"""All of a session replaced, erased or set aside: in one step, as whoever looks sees it."""

from __future__ import annotations

import contextlib
import errno
import secrets
from collections.abc import Iterable
from pathlib import Path

import pytest

from larst.errors import BodyTooLargeError, DiskRefusedError, SessionDamagedError
from larst.store import DiskFiles
from larst.store.collection import Collection
from larst.store.disk import journal as journal_module
from larst.store.disk.files import FileOps
from larst.store.disk.journal import Journal
from larst.store.disk.session_files import SessionFiles
from larst.store.transfer import replacing as restoring
from larst.store.transfer.replacing import replacements_of
from tests.store.disks import MemoryDisk
from tests.store.stores import HOME, JOURNAL, all_of, insert, now, opened


class RefusingDisk(DiskFiles):
    """The real disk, which refuses to make names in one directory durable, and more."""

    def __init__(self, refuses_in: Path, *, is_stuck: bool = False) -> None:
        self.refuses_in: Path | None = refuses_in
        self.is_stuck = is_stuck
        self.has_refused = False

    def sync_directory(self, path: Path) -> None:
        if path == self.refuses_in and (self.is_stuck or not self.has_refused):
            self.has_refused = True
            raise OSError(errno.EIO, "I/O error")
        super().sync_directory(path)

    def rename(self, old: Path, new: Path) -> None:
        if self.has_refused and self.is_stuck:
            raise OSError(errno.EIO, "I/O error")
        super().rename(old, new)


class TestRestoring:
    async def test_a_journal_of_before_is_read_as_it_was(self) -> None:
        """Its imports named what was deleted, and had no word for a replacement."""
        change = {"put": [{"id": 2, "n": 2}], "del": ["1"], "auto_id": 2}
        disk = MemoryDisk()
        journal = Journal(HOME, disk, lambda: 7)
        first = {"put": [{"id": 1}, {"id": 3}], "del": [], "auto_id": 1}
        journal.append([{"resources": {"users": first}}, {"resources": {"users": change}}])

        store = await opened(disk)

        assert all_of(store) == [{"id": 3}, {"id": 2, "n": 2}]

    async def test_what_is_gone_teaches_nothing_after_a_crash(self) -> None:
        """Two checkpoints that each left part of the files: old records beside the new, blank schema."""
        disk = MemoryDisk()
        store = await opened(disk)
        await insert(store, "users", {"n": 1})
        await store.flush()
        disk.refuses_at = disk.calls + 5  # the schema, with the records in place
        await store.checkpoint()
        records = HOME / "users.json"
        old = disk.content[records]
        store.restore(replacements_of({"users": Collection()}))
        await store.flush()
        await store.checkpoint()
        meta = HOME / ".schemas" / "users.meta.json"
        after = next(content for content in reversed(disk.history) if meta in content)
        journal = next(
            one for one in reversed(disk.history) if one[JOURNAL] != disk.content[JOURNAL]
        )
        mixture = {**after, records: old, JOURNAL: journal[JOURNAL]}
        del mixture[meta]

        again = await opened(MemoryDisk(mixture))

        assert all_of(again) == []
        assert again.schema("users") is None

    async def test_what_was_shown_before_stays_as_it_was_shown(self) -> None:
        """An export that is under way is of one moment."""
        store = await opened(MemoryDisk())
        await insert(store, "users", {"n": 1}, {"n": 2})
        await store.flush()
        shown = store.snapshot()

        store.restore(replacements_of({"users": Collection({"9": {"id": 9}}, 9)}))
        await store.flush()

        assert list(shown["users"].records) == ["1", "2"]
        assert all_of(store) == [{"id": 9}]

    async def test_more_than_a_frame_can_hold_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(restoring, "MAX_TEXT_BYTES", 100)
        few = {str(number): {"id": number} for number in range(9)}
        many = {str(number): {"id": number} for number in range(90)}

        assert replacements_of({"users": Collection(few)})
        with pytest.raises(BodyTooLargeError):
            replacements_of({"users": Collection(many)})

    async def test_a_write_of_more_than_a_frame_can_hold_changes_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = await opened(MemoryDisk())
        await insert(store, "users", {"n": 1})
        await store.flush()
        monkeypatch.setattr(journal_module, "MAX_FRAME_BYTES", 200)
        await insert(store, "users", {"text": "x" * 300})

        with pytest.raises(DiskRefusedError, match="more than one write"):
            await store.flush()
        await store.reload()

        assert all_of(store) == [{"id": 1, "n": 1}]
        await insert(store, "users", {"n": 2})
        await store.flush()


class TestErasing:
    async def test_a_removal_that_is_not_durable_is_undone(self, tmp_path: Path) -> None:
        """Whoever was told that nothing was changed must find everything there."""
        disk = RefusingDisk(Path("nowhere"))
        store = await opened(disk, tmp_path / "one")
        await insert(store, "users", {"n": 1})
        await store.flush()
        disk.refuses_in = tmp_path

        with pytest.raises(DiskRefusedError, match="nothing was changed"):
            await store.erase()

        await insert(store, "users", {"n": 2})
        await store.flush()
        assert [user["n"] for user in all_of(store)] == [1, 2]
        assert all_of(await opened(DiskFiles(), tmp_path / "one")) == all_of(store)

    async def test_one_that_cannot_be_undone_is_told_as_done(self, tmp_path: Path) -> None:
        """Memory is what the disk has, so that what is written next is whole."""
        disk = RefusingDisk(Path("nowhere"), is_stuck=True)
        store = await opened(disk, tmp_path / "one")
        await insert(store, "users", {"n": 1})
        await store.flush()
        disk.refuses_in = tmp_path

        with pytest.raises(DiskRefusedError, match="is erased"):
            await store.erase()

        disk.refuses_in, disk.is_stuck = None, False
        await insert(store, "users", {"n": 2})
        await store.flush()
        assert all_of(store) == [{"id": 1, "n": 2}]
        assert all_of(await opened(DiskFiles(), tmp_path / "one")) == [{"id": 1, "n": 2}]

    async def test_erasing_again_makes_an_erasure_durable(self, tmp_path: Path) -> None:
        disk = RefusingDisk(Path("nowhere"), is_stuck=True)
        store = await opened(disk, tmp_path / "one")
        await insert(store, "users", {"n": 1})
        await store.flush()
        disk.refuses_in = tmp_path
        for _ in range(2):
            with pytest.raises(DiskRefusedError, match="is erased"):
                await store.erase()
        disk.refuses_in, disk.is_stuck = None, False

        await store.erase()

        assert not (tmp_path / "one").exists()


class EndingDisk(DiskFiles):
    """The real disk until a call, of those that change something, that does not come back."""

    def __init__(self, ends_at: int) -> None:
        self.left = ends_at

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        self._count()
        super().write_new(path, chunks)

    def make_directory(self, path: Path) -> None:
        self._count()
        super().make_directory(path)

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self._count()
        super().remove(path)

    def sync_directory(self, path: Path) -> None:
        self._count()
        super().sync_directory(path)

    def _count(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise OSError(errno.EIO, "I/O error")


class TestSettingAside:
    @pytest.mark.parametrize("ends_at", range(1, 16))
    async def test_broken_off_anywhere_it_keeps_all_and_shows_nothing_half(
        self, tmp_path: Path, ends_at: int
    ) -> None:
        """Some files without the others would pass for a whole session that holds less."""
        home = tmp_path / "one"
        store = await opened(DiskFiles(), home)
        for name in ("films", "users"):
            await insert(store, name, {"n": 1})
        await store.close()
        (home / "users.json").write_bytes(b"damaged")
        with pytest.raises(SessionDamagedError):
            await opened(DiskFiles(), home)
        before = sorted(path.read_bytes() for path in home.rglob("*.json*"))

        with contextlib.suppress(OSError):
            _files_of(home, EndingDisk(ends_at)).set_all_aside()
        try:
            found = (await opened(DiskFiles(), home)).names()
        except SessionDamagedError:
            found = []
        _files_of(home, DiskFiles()).set_all_aside()

        assert found == []
        assert (await opened(DiskFiles(), home)).names() == []
        assert sorted(path.read_bytes() for path in home.rglob("*.json*")) == before


def _files_of(home: Path, disk: FileOps) -> SessionFiles:
    return SessionFiles(home, disk, now, lambda: secrets.randbits(32))
