"""Writes go on during a checkpoint, and none of them is lost, whatever ends it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence

import orjson
import pytest

from larst.store import SessionStore, Threads
from larst.store.collection import Collection
from larst.store.disk.checkpoint import Checkpoint
from larst.store.disk.journal import Journal
from larst.store.disk.journal_format import Digests
from larst.store.disk.journal_v1 import Line
from larst.store.disk.session_files import SessionFiles
from larst.store.session_writer import SessionWriter
from tests.store.busy_histories import run_busy_history, take_steps
from tests.store.disks import HaltingDisk, HaltingNewFiles, MemoryDisk
from tests.store.stores import HOME, ids_of, insert, now, open_store

USERS = HOME / "users.json"
WAIT_S = 10

MAX_HISTORIES = 400


async def _halted(store: SessionStore, disk: HaltingDisk | HaltingNewFiles) -> None:
    """Begin a checkpoint, and return when it has halted."""
    disk.may_go_on.clear()
    store.checkpoints.start_quiet()
    assert await asyncio.to_thread(disk.is_halted.wait, WAIT_S)


class TestWrites:
    @pytest.mark.parametrize("disk_class", [HaltingDisk, HaltingNewFiles])
    async def test_no_write_waits_for_the_files(
        self, disk_class: type[HaltingDisk | HaltingNewFiles]
    ) -> None:
        """A checkpoint of 1,000 resources kept a write waiting for 14.6 seconds."""
        disk = disk_class()
        store = await open_store(disk)
        await insert(store, "users", {}, {})
        await store.durability.flush()
        await _halted(store, disk)

        await insert(store, "users", {})
        await asyncio.wait_for(store.durability.flush(), WAIT_S)
        killed = await open_store(MemoryDisk(disk.content))
        disk.may_go_on.set()
        await store.checkpoints.finished()

        assert ids_of(killed) == [1, 2, 3]
        assert [user["id"] for user in orjson.loads(disk.content[USERS])] == [1, 2]
        assert ids_of(await open_store(MemoryDisk(disk.content))) == [1, 2, 3]

    async def test_the_journal_shrinks_although_writes_go_on(self) -> None:
        """Otherwise the journal of a busy session would grow without limit."""
        disk = HaltingNewFiles()
        store = await open_store(disk)
        await insert(store, "users", {"text": "x" * 10_000})
        await store.durability.flush()
        await _halted(store, disk)
        await insert(store, "users", {"text": "y"})
        await store.durability.flush()

        disk.may_go_on.set()
        await store.checkpoints.finished()

        journal = disk.content[HOME / ".journal"]
        assert b"xxx" not in journal
        assert b'"y"' in journal

    async def test_a_change_during_a_checkpoint_is_in_the_files_after_the_next(self) -> None:
        disk = HaltingNewFiles()
        store = await open_store(disk)
        await insert(store, "users", {})
        await store.durability.flush()
        await _halted(store, disk)
        await insert(store, "users", {})
        await store.durability.flush()
        disk.may_go_on.set()

        await store.close()

        assert [user["id"] for user in orjson.loads(disk.content[USERS])] == [1, 2]


class TestInterruptions:
    async def test_a_reload_does_not_wait_for_all_files(self) -> None:
        """After a refused write, every request waits for the reload."""
        disk = HaltingNewFiles()
        store = await open_store(disk)
        await insert(store, "users", {})
        await store.durability.flush()
        await _halted(store, disk)

        reloading = asyncio.create_task(store.reload())
        await asyncio.sleep(0)
        disk.may_go_on.set()
        await reloading
        await store.checkpoints.finished()

        assert USERS not in disk.content
        assert not [path for path in disk.content if path.name.endswith(".tmp")]
        assert ids_of(store) == [1]

    async def test_an_actor_that_follows_a_crash_waits_for_the_checkpoint(self) -> None:
        """Otherwise it would remove files that are still being written, and begin its own."""
        disk, threads = HaltingDisk(), Threads()
        first, second = (SessionStore(HOME, files=disk, now=now, threads=threads) for _ in range(2))
        await first.load()
        await insert(first, "users", {})
        await first.durability.flush()
        await _halted(first, disk)
        first.release()

        loading = asyncio.create_task(second.load())
        await take_steps(20)
        assert not loading.done()
        disk.may_go_on.set()
        await loading

        assert ids_of(second) == [1]
        assert USERS in disk.content

    async def test_a_full_disk_gets_the_room_of_unfinished_files_back(self) -> None:
        """Otherwise the checkpoint itself would make the next write fail."""
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {})
        await store.durability.flush()
        disk.refuses_at, disk.error = disk.calls + 4, errno.ENOSPC  # the third file

        await store.durability.checkpoint()

        assert not [path for path in disk.content if path.name.endswith(".tmp")]
        assert ids_of(await open_store(MemoryDisk(disk.content))) == [1]

    async def test_a_file_that_is_as_before_again_is_written_after_a_failure(self) -> None:
        """The failed checkpoint has replaced it, so it is not as before on the disk."""
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {})
        await store.durability.checkpoint()
        await insert(store, "users", {})
        await store.durability.flush()
        disk.refuses_at = disk.calls + 7  # with the records in place, but not the next id
        await store.durability.checkpoint()
        assert len(orjson.loads(disk.content[USERS])) == 2

        transaction = store.commits.begin()
        transaction.resource("users").delete(2)
        store.commits.commit(transaction)
        await store.durability.checkpoint()

        assert ids_of(await open_store(MemoryDisk(disk.content))) == [1]


class TestHistories:
    @pytest.mark.parametrize("start", range(0, 200, 100))
    async def test_no_kill_or_loss_of_power_loses_a_shown_change(self, start: int) -> None:
        """The steps of checkpoints and of writes alternate in any order."""
        deaths = [await run_busy_history(seed) for seed in range(start, start + 100)]

        assert sum(deaths) > 300

    @pytest.mark.slow
    @pytest.mark.parametrize("start", range(10_000, 30_000, 1000))
    async def test_twenty_thousand_histories_lose_no_shown_change(self, start: int) -> None:
        """`pytest -m slow` before a release."""
        deaths = [await run_busy_history(seed) for seed in range(start, start + 1000)]

        assert sum(deaths) > 3000


_begin = Journal.begin
_begin_checkpoint = SessionFiles.begin_checkpoint


def _begin_empty(self: Journal, base: Digests, lines: Sequence[Line] = ()) -> None:
    del lines
    _begin(self, base)


def _begin_once(self: Journal, base: Digests, lines: Sequence[Line] = ()) -> None:
    """Forget the transactions to carry where the disk refuses the new journal."""
    try:
        _begin(self, base, lines)
    finally:
        self._carried = ()


def _announce_as_latest(self: Journal, digests: Digests, through: int) -> None:
    """Announce files of an earlier moment as if they held the latest changes."""
    del through
    self.append([{"next": digests}])


def _as_it_is(self: Collection) -> Collection:
    return self


def _begin_whole(self: SessionFiles, collections: dict[str, Collection], **_: bool) -> Checkpoint:
    return _begin_checkpoint(self, collections, is_whole=True)


_nothing_pending = property(lambda _: False)

BREAKS: dict[str, tuple[type, str, object]] = {
    "a new journal without the later transactions": (Journal, "begin", _begin_empty),
    "a refused journal that loses the later transactions": (Journal, "begin", _begin_once),
    "old files announced as the latest": (Journal, "announce", _announce_as_latest),
    "files that mix two moments": (Collection, "snapshot", _as_it_is),
    "a new journal without the other resources": (SessionFiles, "begin_checkpoint", _begin_whole),
    "commits written without their flush": (SessionWriter, "has_pending", _nothing_pending),
}


_SUBTLE = "a refused journal that loses the later transactions"
"""It takes hundreds of histories, so it is for the slow run."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name == _SUBTLE else ()) for name in BREAKS],
)
async def test_the_histories_catch_a_break(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a later change could weaken the histories without notice."""
    monkeypatch.setattr(*BREAKS[name])

    for seed in range(MAX_HISTORIES):
        try:
            await run_busy_history(seed)
        except Exception:  # noqa: BLE001 - a break may show as any error
            return
    pytest.fail(f"{MAX_HISTORIES} histories passed with {name}")
