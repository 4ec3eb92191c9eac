"""Edits of the files of a session that sleeps, or was killed."""

from __future__ import annotations

import pytest

from larst.errors import SessionDamagedError
from larst.store import SessionStore
from tests.store.disks import MemoryDisk
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


async def test_an_edit_is_taken_in(disk: MemoryDisk, store: SessionStore) -> None:
    await store.close()
    edit(disk, {"id": 2, "name": "Bobby"}, {"name": "Carl", "age": 1})

    again = await open_store(disk)

    assert records_of(again) == [
        {"id": 2, "name": "Bobby"},
        {"id": 3, "name": "Carl", "age": 1},
    ]
    assert again.data.fields("users") == {"id", "name", "age"}
    (report,) = again.edits.reports
    assert report.is_taken_in
    await again.close()
    assert on_disk(disk) == records_of(again)


async def test_a_kill_right_after_shows_the_same_ids(disk: MemoryDisk, store: SessionStore) -> None:
    await store.close()
    edit(disk, {"name": "Carl"})
    first = await open_store(disk)
    await insert(first, "users", {"name": "Dora"})
    await first.durability.flush()

    assert records_of(await killed_and_restarted(disk)) == records_of(first)


async def test_after_a_kill_an_edit_is_merged_with_the_changes_of_the_journal(
    disk: MemoryDisk, store: SessionStore
) -> None:
    await patch(store, 2, age=5)
    edit(disk, {"id": 1, "name": "Anna"}, BOB)

    again = await killed_and_restarted(disk)

    assert records_of(again) == [{"id": 1, "name": "Anna"}, {**BOB, "age": 5}]


async def test_after_a_kill_an_edit_of_a_record_in_the_journal_is_set_aside(
    disk: MemoryDisk, store: SessionStore
) -> None:
    await patch(store, 2, name="by a request")
    content = edit(disk, ANN, {"id": 2, "name": "by hand"})
    disk = MemoryDisk(disk.content)

    again = await open_store(disk)

    assert records_of(again) == [ANN, {"id": 2, "name": "by a request"}]
    assert disk.content[ASIDE] == content


async def test_after_a_kill_an_edit_of_a_file_that_was_complete_is_taken_in(
    disk: MemoryDisk,
) -> None:
    """The journal still lists its changes, and `.places` that the file had them."""
    store = await open_store(disk)
    await insert(store, "users", {"name": "Ann"}, {"name": "Bob"})
    await store.durability.flush()
    store.checkpoints.start_quiet()
    await store.checkpoints.finished()
    edit(disk, {"id": 1, "name": "Anna"})
    disk = MemoryDisk(disk.content)

    again = await open_store(disk)

    assert records_of(again) == [{"id": 1, "name": "Anna"}]
    assert asides(disk) == []


async def test_without_places_more_of_an_edit_is_set_aside(disk: MemoryDisk) -> None:
    """It is a hint, which a loss of power may take away."""
    store = await open_store(disk)
    await insert(store, "users", {"name": "Ann"})
    await store.durability.flush()
    store.checkpoints.start_quiet()
    await store.checkpoints.finished()
    edit(disk, {"id": 1, "name": "Anna"})
    disk = MemoryDisk({**disk.content, HOME / ".places": b"torn"})

    assert records_of(await open_store(disk)) == [ANN]
    assert asides(disk) == ["users.json.edited-1"]


async def test_a_broken_file_is_refused_until_a_good_one_is_in_its_place(
    disk: MemoryDisk, store: SessionStore
) -> None:
    """Only the file had the records. Followed to the letter, the message leads to a session."""
    await store.close()
    disk.content[USERS] = b'[{"id":1,}]'
    with pytest.raises(SessionDamagedError, match=r"put a good users\.json in its place"):
        await open_store(disk)
    with pytest.raises(SessionDamagedError, match=r"larst repair session"):
        await open_store(disk)

    edit(disk, ANN)

    assert records_of(await open_store(disk)) == [ANN]


async def test_a_broken_file_whose_records_the_journal_has_is_set_aside(disk: MemoryDisk) -> None:
    store = await open_store(disk)
    await insert(store, "users", {"name": "Ann"})
    await store.durability.flush()
    disk = MemoryDisk({**disk.content, USERS: b"[broken"})

    assert records_of(await open_store(disk)) == [ANN]
    assert disk.content[ASIDE] == b"[broken"


async def test_the_records_of_a_deleted_file_are_deleted_and_its_ids_not_given_out_again(
    disk: MemoryDisk, store: SessionStore
) -> None:
    await store.close()
    for path in (USERS, SCHEMA, META):
        del disk.content[path]

    again = await open_store(disk)

    assert records_of(again) == []
    assert "users.json was removed" in again.edits.reports[0].detail
    await insert(again, "users", {"name": "Carl"})
    assert records_of(again) == [{"id": 3, "name": "Carl"}]


async def test_what_the_journal_has_of_a_deleted_file_stays(
    disk: MemoryDisk, store: SessionStore
) -> None:
    await patch(store, 2, age=5)
    content = {path: data for path, data in disk.content.items() if path != USERS}

    assert records_of(await open_store(MemoryDisk(content))) == [{**BOB, "age": 5}]


async def test_a_lost_meta_file_gives_no_id_out_twice(
    disk: MemoryDisk, store: SessionStore
) -> None:
    transaction = store.commits.begin()
    transaction.resource("users").delete(2)
    store.commits.commit(transaction)
    await store.close()
    del disk.content[META]

    again = await open_store(disk)
    await insert(again, "users", {"name": "Carl"})

    assert records_of(again) == [ANN, {"id": 3, "name": "Carl"}]
    await again.close()
    assert on_disk(disk, META) == {"auto_id": 4}


async def test_a_schema_that_is_broken_is_learned_again(
    disk: MemoryDisk, store: SessionStore
) -> None:
    await store.close()
    disk.content[SCHEMA] = b"{"

    again = await open_store(disk)

    assert again.data.fields("users") == {"id", "name"}
    assert records_of(again) == [ANN, BOB]


async def test_an_older_backup_of_the_files_is_merged_with_the_journal(
    disk: MemoryDisk, store: SessionStore
) -> None:
    older = {path: disk.content[path] for path in (USERS, SCHEMA, META)}
    await insert(store, "users", {"name": "Carl"})
    await store.durability.checkpoint()
    await insert(store, "users", {"name": "Dora"})
    await store.durability.flush()

    again = await open_store(MemoryDisk({**disk.content, **older}))

    assert records_of(again) == [ANN, BOB, {"id": 4, "name": "Dora"}]


async def test_no_kill_while_an_edit_is_taken_in_loses_it_or_a_change(
    disk: MemoryDisk, store: SessionStore
) -> None:
    """Before each call of the disk, in a session with changes that its files lack."""
    await patch(store, 2, name="by a request")
    edit(disk, {"id": 1, "name": "Anna"}, {"id": 2, "name": "by hand"})
    begin = len(disk.history)
    await store.close()
    merged = [{"id": 1, "name": "Anna"}, {"id": 2, "name": "by a request"}]

    for content in disk.history[begin:]:
        killed = MemoryDisk(content)
        assert records_of(await open_store(killed)) == merged
        assert b"by hand" in killed.content[ASIDE]
        assert asides(killed) == ["users.json.edited-1"]
