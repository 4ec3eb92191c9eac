"""A store whose files are damaged: it refuses to load, and can be erased, replaced or repaired."""

from __future__ import annotations

import asyncio
import errno
import threading
from pathlib import Path

import pytest

from larst.errors import DiskRefusedError, SessionDamagedError
from larst.store import DiskFiles, SessionStore
from tests.store.stores import insert, now, open_store, records_of

SET_ASIDE = "users.json.damaged-20261123T000000Z"


class HaltingFiles(DiskFiles):
    """Waits before the first rename after `halt` until `may_continue` is set, and can refuse it."""

    def __init__(self) -> None:
        self.is_halted = threading.Event()
        self.may_continue = threading.Event()
        self.may_continue.set()
        self.refusal: OSError | None = None

    def halt(self) -> None:
        self.may_continue.clear()

    def rename(self, old: Path, new: Path) -> None:
        if not self.may_continue.is_set():
            self.is_halted.set()
        assert self.may_continue.wait(timeout=20)
        if self.refusal is not None:
            raise self.refusal
        super().rename(old, new)


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """The directory of a session with one user and one log entry."""
    directory = tmp_path / "session"
    store = await open_store(DiskFiles(), directory)
    await insert(store, "users", {"name": "Alice"})
    await insert(store, "logs", {"event": "signup"})
    await store.close()
    return directory


@pytest.fixture
def files() -> HaltingFiles:
    return HaltingFiles()


@pytest.fixture
async def store(home: Path, files: HaltingFiles) -> SessionStore:
    """A store that refused to load, since one of its files was changed."""
    damage(home)
    store = SessionStore(home, files=files, now=now)
    with pytest.raises(SessionDamagedError):
        await store.load()
    assert not store.is_loaded
    return store


def damage(home: Path) -> None:
    content = (home / "users.json").read_bytes()
    (home / "users.json").write_bytes(content.replace(b"Alice", b'Ali"ce'))


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def backup_in(home: Path) -> Path:
    (backup,) = home.glob(".before-import-*")
    return backup


class TestDetection:
    async def test_a_changed_file_is_set_aside_and_not_overwritten(self, home: Path) -> None:
        damage(home)
        damaged = (home / "users.json").read_bytes()

        with pytest.raises(SessionDamagedError, match=r"users\.json"):
            await open_store(DiskFiles(), home)

        assert (home / SET_ASIDE).read_bytes() == damaged
        with pytest.raises(SessionDamagedError, match="set aside"):
            await open_store(DiskFiles(), home)

    async def test_a_file_that_is_not_json_is_set_aside(self, tmp_path: Path) -> None:
        (tmp_path / "users.json").write_text("[{]")

        with pytest.raises(SessionDamagedError, match="cannot be read"):
            await open_store(DiskFiles(), tmp_path)


class TestLoadingAgain:
    async def test_the_same_store_loads_once_the_operator_has_fixed_the_files(
        self, home: Path, store: SessionStore
    ) -> None:
        (home / "users.json").write_bytes(b'[\n{"id":1,"name":"Alice"}\n]\n')

        await store.load()
        await insert(store, "users", {"name": "Bob"})
        await store.close()

        assert store.is_loaded
        reopened = await open_store(DiskFiles(), home)
        assert [user["name"] for user in records_of(reopened)] == ["Alice", "Bob"]

    async def test_a_failed_attempt_changes_no_file(self, home: Path, store: SessionStore) -> None:
        before = contents(home)

        with pytest.raises(SessionDamagedError, match="set aside"):
            await store.load()

        assert contents(home) == before

    async def test_a_flush_of_a_store_that_is_not_loaded_writes_nothing(
        self, home: Path, store: SessionStore
    ) -> None:
        """The actor flushes after each task of the control API."""
        before = contents(home)

        await store.durability.flush()
        await store.durability.checkpoint()

        assert contents(home) == before


class TestErasing:
    async def test_a_damaged_session_starts_empty_after_it_is_erased(
        self, home: Path, store: SessionStore
    ) -> None:
        await store.erase()

        assert store.is_loaded
        assert store.data.names() == []
        assert contents(home) == {}
        await insert(store, "users", {"name": "Bob"})
        await store.close()
        assert records_of(await open_store(DiskFiles(), home)) == [{"id": 1, "name": "Bob"}]

    async def test_a_refused_erasure_leaves_the_session_damaged(
        self, home: Path, store: SessionStore, files: HaltingFiles
    ) -> None:
        before = contents(home)
        files.refusal = OSError(errno.EROFS, "Read-only file system")

        with pytest.raises(DiskRefusedError):
            await store.erase()

        assert not store.is_loaded
        assert contents(home) == before

    async def test_an_erasure_completes_although_its_caller_is_cancelled(
        self, home: Path, store: SessionStore, files: HaltingFiles
    ) -> None:
        """Otherwise memory could hold records that the disk no longer has, or the reverse."""
        files.halt()
        erasing = asyncio.create_task(store.erase())
        await asyncio.to_thread(files.is_halted.wait, 20)

        erasing.cancel()
        files.may_continue.set()
        with pytest.raises(asyncio.CancelledError):
            await erasing

        assert store.is_loaded
        assert store.data.names() == []
        assert contents(home) == {}


class TestSettingAside:
    async def test_all_files_are_kept_and_the_session_starts_empty(
        self, home: Path, store: SessionStore
    ) -> None:
        before = contents(home)

        await store.set_all_aside()

        assert store.is_loaded
        assert store.data.names() == []
        assert contents(backup_in(home)) == before
        await insert(store, "users", {"name": "Bob"})
        await store.close()
        assert records_of(await open_store(DiskFiles(), home)) == [{"id": 1, "name": "Bob"}]
        assert contents(backup_in(home)) == before

    async def test_a_refused_move_loses_no_file_and_can_be_repeated(
        self, home: Path, store: SessionStore, files: HaltingFiles
    ) -> None:
        before = sorted(contents(home).values())
        files.refusal = OSError(errno.EIO, "Input/output error")
        with pytest.raises(DiskRefusedError):
            await store.set_all_aside()
        assert not store.is_loaded
        with pytest.raises(SessionDamagedError):
            await open_store(DiskFiles(), home)

        files.refusal = None
        await store.set_all_aside()

        remaining = [content for content in contents(home).values() if content]
        assert sorted(remaining) == before

    async def test_a_move_completes_although_its_caller_is_cancelled(
        self, home: Path, store: SessionStore, files: HaltingFiles
    ) -> None:
        """The store is not loaded then; the next attempt finds an empty session."""
        before = contents(home)
        files.halt()
        moving = asyncio.create_task(store.set_all_aside())
        await asyncio.to_thread(files.is_halted.wait, 20)

        moving.cancel()
        files.may_continue.set()
        with pytest.raises(asyncio.CancelledError):
            await moving
        await store.load()

        assert store.is_loaded
        assert store.data.names() == []
        assert contents(backup_in(home)) == before


async def test_a_cancelled_load_leaves_the_store_without_data(
    home: Path, files: HaltingFiles
) -> None:
    """The next load starts from the beginning."""
    damage(home)
    store = SessionStore(home, files=files, now=now)
    files.halt()
    loading = asyncio.create_task(store.load())
    await asyncio.to_thread(files.is_halted.wait, 20)

    loading.cancel()
    files.may_continue.set()
    with pytest.raises(asyncio.CancelledError):
        await loading

    assert not store.is_loaded
    with pytest.raises(SessionDamagedError, match="set aside"):
        await store.load()
