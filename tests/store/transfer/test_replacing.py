"""Replacing, erasing and setting aside a whole session: in one step, as readers see it."""

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
from larst.store.transfer import replacing
from larst.store.transfer.replacing import prepare_replacements
from tests.store.disks import MemoryDisk
from tests.store.stores import HOME, JOURNAL, insert, now, open_store, records_of


class RefusingDisk(DiskFiles):
    """The real disk, which refuses to sync one directory; `is_stuck`: and later renames."""

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
    async def test_an_entry_without_replace_merges_records(self) -> None:
        """Early journals of 0.1 have no `replace`: their imports list the deleted ids."""
        change = {"put": [{"id": 2, "n": 2}], "del": ["1"], "next_id": 3}
        disk = MemoryDisk()
        journal = Journal(HOME, disk, lambda: 7)
        first = {"put": [{"id": 1}, {"id": 3}], "del": [], "next_id": 2}
        journal.append([{"resources": {"users": first}}, {"resources": {"users": change}}])

        store = await open_store(disk)

        assert records_of(store) == [{"id": 3}, {"id": 2, "n": 2}]

    async def test_replaced_records_do_not_define_the_schema_after_a_crash(self) -> None:
        """Two interrupted checkpoints can leave old records beside the new, empty schema."""
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {"n": 1})
        await store.durability.flush()
        disk.refuses_at = disk.calls + 7  # the schema, with the records in place
        await store.durability.checkpoint()
        records = HOME / "users.json"
        old = disk.content[records]
        store.replacements.restore(prepare_replacements({"users": Collection()}))
        await store.durability.flush()
        await store.durability.checkpoint()
        meta = HOME / ".schemas" / "users.meta.json"
        after = next(content for content in reversed(disk.history) if meta in content)
        journal = next(
            content
            for content in reversed(disk.history)
            if content[JOURNAL] != disk.content[JOURNAL]
        )
        mixture = {**after, records: old, JOURNAL: journal[JOURNAL]}
        del mixture[meta]

        again = await open_store(MemoryDisk(mixture))

        assert records_of(again) == []
        assert again.data.schema("users") is None

    async def test_a_snapshot_keeps_its_moment(self) -> None:
        """An export in progress shows one moment."""
        store = await open_store(MemoryDisk())
        await insert(store, "users", {"n": 1}, {"n": 2})
        await store.durability.flush()
        snapshot = store.data.snapshot()

        store.replacements.restore(
            prepare_replacements({"users": Collection({"9": {"id": 9}}, 10)})
        )
        await store.durability.flush()

        assert list(snapshot["users"].records) == ["1", "2"]
        assert records_of(store) == [{"id": 9}]

    async def test_an_import_larger_than_a_frame_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(replacing, "MAX_TEXT_BYTES", 100)
        few = {str(number): {"id": number} for number in range(9)}
        many = {str(number): {"id": number} for number in range(90)}

        assert prepare_replacements({"users": Collection(few)})
        with pytest.raises(BodyTooLargeError):
            prepare_replacements({"users": Collection(many)})

    async def test_a_write_larger_than_a_frame_changes_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = await open_store(MemoryDisk())
        await insert(store, "users", {"n": 1})
        await store.durability.flush()
        monkeypatch.setattr(journal_module, "MAX_FRAME_BYTES", 200)
        await insert(store, "users", {"text": "x" * 300})

        with pytest.raises(DiskRefusedError, match="larger than one journal write"):
            await store.durability.flush()
        await store.reload()

        assert records_of(store) == [{"id": 1, "n": 1}]
        await insert(store, "users", {"n": 2})
        await store.durability.flush()


class TestErasing:
    async def test_a_removal_that_is_not_durable_is_undone(self, tmp_path: Path) -> None:
        """The error says that nothing was changed, so everything must be there."""
        disk = RefusingDisk(Path("nowhere"))
        store = await open_store(disk, tmp_path / "one")
        await insert(store, "users", {"n": 1})
        await store.durability.flush()
        disk.refuses_in = tmp_path

        with pytest.raises(DiskRefusedError, match="nothing was changed"):
            await store.erase()

        await insert(store, "users", {"n": 2})
        await store.durability.flush()
        assert [user["n"] for user in records_of(store)] == [1, 2]
        assert records_of(await open_store(DiskFiles(), tmp_path / "one")) == records_of(store)

    async def test_a_removal_that_cannot_be_undone_is_reported_as_done(
        self, tmp_path: Path
    ) -> None:
        """Memory matches the disk, so that later writes are whole."""
        disk = RefusingDisk(Path("nowhere"), is_stuck=True)
        store = await open_store(disk, tmp_path / "one")
        await insert(store, "users", {"n": 1})
        await store.durability.flush()
        disk.refuses_in = tmp_path

        with pytest.raises(DiskRefusedError, match="is erased"):
            await store.erase()

        disk.refuses_in, disk.is_stuck = None, False
        await insert(store, "users", {"n": 2})
        await store.durability.flush()
        assert records_of(store) == [{"id": 1, "n": 2}]
        assert records_of(await open_store(DiskFiles(), tmp_path / "one")) == [{"id": 1, "n": 2}]

    async def test_erasing_again_makes_an_erasure_durable(self, tmp_path: Path) -> None:
        disk = RefusingDisk(Path("nowhere"), is_stuck=True)
        store = await open_store(disk, tmp_path / "one")
        await insert(store, "users", {"n": 1})
        await store.durability.flush()
        disk.refuses_in = tmp_path
        for _ in range(2):
            with pytest.raises(DiskRefusedError, match="is erased"):
                await store.erase()
        disk.refuses_in, disk.is_stuck = None, False

        await store.erase()

        assert not (tmp_path / "one").exists()


class EndingDisk(DiskFiles):
    """The real disk until the given write call; from then on it refuses every write."""

    def __init__(self, ends_at: int) -> None:
        self.remaining_calls = ends_at

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
        self.remaining_calls -= 1
        if self.remaining_calls <= 0:
            raise OSError(errno.EIO, "I/O error")


class TestSettingAside:
    @pytest.mark.parametrize("ends_at", range(1, 16))
    async def test_interrupted_anywhere_it_keeps_all_files_and_shows_none(
        self, tmp_path: Path, ends_at: int
    ) -> None:
        """Half of the files would pass for a smaller session."""
        home = tmp_path / "one"
        store = await open_store(DiskFiles(), home)
        for name in ("films", "users"):
            await insert(store, name, {"n": 1})
        await store.close()
        (home / "users.json").write_bytes(b"damaged")
        with pytest.raises(SessionDamagedError):
            await open_store(DiskFiles(), home)
        before = sorted(path.read_bytes() for path in home.rglob("*.json*"))

        with contextlib.suppress(OSError):
            _files_of(home, EndingDisk(ends_at)).set_all_aside()
        try:
            names = (await open_store(DiskFiles(), home)).data.names()
        except SessionDamagedError:
            names = []
        _files_of(home, DiskFiles()).set_all_aside()

        assert names == []
        assert (await open_store(DiskFiles(), home)).data.names() == []
        assert sorted(path.read_bytes() for path in home.rglob("*.json*")) == before


def _files_of(home: Path, disk: FileOps) -> SessionFiles:
    return SessionFiles(home, disk, now, lambda: secrets.randbits(32))
