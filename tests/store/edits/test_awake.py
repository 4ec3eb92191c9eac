"""Edits of the files of a session that is awake, as they are taken in."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from larst.store import SessionStore
from tests.store.disks import HaltingDisk, MemoryDisk
from tests.store.edits.editing import (
    ANN,
    ASIDE,
    BOB,
    META,
    SCHEMA,
    USERS,
    asides,
    edit,
    killed_and_restarted,
    on_disk,
    patch,
)
from tests.store.stores import HOME, insert, open_store, records_of


async def test_an_edit_is_taken_in_as_one_transaction(
    disk: MemoryDisk, store: SessionStore
) -> None:
    """Changed, added with and without an id, deleted, and the order of the file."""
    carl = {"id": "x", "name": "Carl"}
    edit(disk, {"name": "New"}, carl, {"id": 2, "name": "Bobby", "age": 3})

    assert await store.edits.take_in()

    bobby, new = {"id": 2, "name": "Bobby", "age": 3}, {"id": 3, "name": "New"}
    assert records_of(store) == [carl, bobby, new]
    assert store.data.fields("users") == {"id", "name", "age"}
    await insert(store, "users", {"name": "Next"})
    assert records_of(store)[-1] == {"id": 4, "name": "Next"}
    (report,) = store.edits.reports
    assert report.detail == "users.json was edited and is taken in: 2 added, 1 changed, 1 deleted"
    await store.close()
    assert len(on_disk(disk)) == 4
    assert asides(disk) == []


async def test_an_edit_is_durable_at_once(disk: MemoryDisk, store: SessionStore) -> None:
    """A client may see it before the file is written again."""
    edit(disk, ANN, {"name": "New"})
    await store.edits.take_in()

    again = await killed_and_restarted(disk)

    assert records_of(again) == records_of(store) == [ANN, {"id": 3, "name": "New"}]


async def test_a_search_by_an_index_sees_the_edit(disk: MemoryDisk, store: SessionStore) -> None:
    await insert(store, "users", *({"name": f"user {number}"} for number in range(100)))
    await store.durability.checkpoint()
    assert len(store.data.matching("users", {"name": "Ann"})) == 1
    edit(disk, *({**user, "name": "Ann"} for user in on_disk(disk)))

    await store.edits.take_in()

    assert len(store.data.matching("users", {"name": "Ann"})) == 102


async def test_a_checkpoint_never_overwrites_an_edit(disk: MemoryDisk, store: SessionStore) -> None:
    """Even one that was made a moment before."""
    await patch(store, 2, age=5)
    content = edit(disk, {"id": 1, "name": "Anna"}, BOB)

    await store.durability.checkpoint()

    assert disk.content[USERS] == content
    assert store.checkpoints.is_needed
    await store.close()
    merged = [{"id": 1, "name": "Anna"}, {**BOB, "age": 5}]
    assert on_disk(disk) == records_of(store) == merged


async def test_a_record_that_both_changed_stays_the_sessions_own_and_the_edit_is_kept(
    disk: MemoryDisk, store: SessionStore
) -> None:
    await patch(store, 2, name="by a request")
    content = edit(disk, {"id": 1, "name": "Anna"}, {"id": 2, "name": "by hand"})

    await store.close()

    assert records_of(store) == [{"id": 1, "name": "Anna"}, {"id": 2, "name": "by a request"}]
    assert disk.content[ASIDE] == content
    (report,) = store.edits.reports
    assert "requests have changed record 2" in report.detail
    assert report.kept_as == ("users.json.edited-1",)


async def test_a_record_that_a_request_created_or_deleted_meanwhile_stays_so(
    disk: MemoryDisk, store: SessionStore
) -> None:
    transaction = store.commits.begin()
    transaction.resource("users").delete(2)
    transaction.resource("users").insert({"name": "Carl"})
    store.commits.commit(transaction)
    edit(disk, {"id": 1, "name": "Anna"}, BOB)

    await store.edits.take_in()

    assert records_of(store) == [{"id": 1, "name": "Anna"}, {"id": 3, "name": "Carl"}]


async def test_a_second_edit_right_after_the_first_is_taken_in_too(
    disk: MemoryDisk, store: SessionStore
) -> None:
    """Before the file is written again."""
    edit(disk, {"id": 1, "name": "Anna"}, BOB)
    await store.edits.take_in()
    edit(disk, {"id": 1, "name": "Anne"}, BOB)
    await store.edits.take_in()

    assert records_of(store)[0]["name"] == "Anne"
    assert asides(disk) == []


async def test_a_file_that_was_only_reformatted_stays_as_it_is(
    disk: MemoryDisk, store: SessionStore
) -> None:
    content = edit(disk, ANN, BOB)

    await store.edits.take_in()
    await insert(store, "logs", {})
    await store.close()

    assert disk.content[USERS] == content
    assert store.edits.reports == []
    assert records_of(await killed_and_restarted(disk)) == [ANN, BOB]


async def test_a_new_file_is_a_new_resource(disk: MemoryDisk, store: SessionStore) -> None:
    edit(disk, {"id": 7, "title": "A"}, {"title": "B"}, path=HOME / "posts.json")

    await store.close()

    posts = [{"id": 7, "title": "A"}, {"id": 8, "title": "B"}]
    assert records_of(store, "posts") == on_disk(disk, HOME / "posts.json") == posts
    assert store.data.fields("posts") == {"id", "title"}


@pytest.mark.parametrize("path", [USERS, SCHEMA, META])
async def test_a_deleted_file_is_written_again(
    disk: MemoryDisk, store: SessionStore, path: Path
) -> None:
    """The session has its content; an accident must not delete it."""
    before = disk.content.pop(path)

    await store.edits.take_in()
    assert records_of(await killed_and_restarted(disk)) == [ANN, BOB]
    await store.close()

    assert disk.content[path] == before
    (report,) = store.edits.reports
    assert "was missing and is written again" in report.detail


async def test_the_next_id_can_be_raised_and_never_lowered(
    disk: MemoryDisk, store: SessionStore
) -> None:
    disk.content[META] = b'{"auto_id":50}'
    await store.edits.take_in()
    disk.content[META] = b'{"auto_id":1}'
    await store.edits.take_in()
    await insert(store, "users", {"name": "Carl"})

    assert records_of(store)[-1]["id"] == 50
    assert asides(disk) == ["users.meta.json.edited-1"]


async def test_a_disk_that_refuses_leaves_the_edit_and_the_session(
    disk: MemoryDisk, store: SessionStore
) -> None:
    content = edit(disk, ANN)
    disk.refuses_at = disk.calls + 3

    await store.edits.take_in()
    assert disk.content[USERS] == content
    assert records_of(store) == [ANN, BOB]
    await store.edits.take_in()

    assert records_of(store) == [ANN]


class FullDisk(HaltingDisk):
    """Has no room for a new journal while `is_full` is set."""

    is_full = False

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        if self.is_full and path.name.startswith(".journal"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write_new(path, chunks)


async def test_an_edit_keeps_the_changes_during_a_checkpoint_whose_journal_was_refused() -> None:
    """They are in no file, and must not pass for records that the edit deleted."""
    disk = FullDisk()
    store = await open_store(disk)
    await insert(store, "users", {"name": "Ann"}, {"name": "Bob"})
    await store.durability.flush()
    disk.may_go_on.clear()
    checkpointing = asyncio.create_task(store.durability.checkpoint())
    await asyncio.to_thread(disk.is_halted.wait, 20)
    await insert(store, "users", {"name": "Carl"})
    await store.durability.flush()
    disk.is_full = True
    disk.may_go_on.set()
    await checkpointing
    disk.is_full = False

    edit(disk, ANN, BOB, {"id": "new", "name": "New"})
    await store.edits.take_in()

    assert {user["name"] for user in records_of(store)} == {"Ann", "Bob", "Carl", "New"}
    assert records_of(await killed_and_restarted(disk)) == records_of(store)


async def test_so_many_reports_are_kept(
    disk: MemoryDisk, store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latest of them: a program may edit a file every second."""
    monkeypatch.setattr("larst.store.session_edits.MAX_REPORTS", 2)

    for name in ("A", "B", "C"):
        edit(disk, {"id": 1, "name": name})
        await store.edits.take_in()
        await store.durability.checkpoint()
    edit(disk, {"id": 1, "name": "C", "age": 1}, {"id": 9, "name": "D"})
    await store.edits.take_in()

    assert [report.resource for report in store.edits.reports] == ["users", "users"]
    assert "1 added" in store.edits.reports[-1].detail
