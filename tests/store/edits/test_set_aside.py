"""Edits that a session does not take in: they are set aside, and nothing of them is lost."""

from __future__ import annotations

import pytest

from larst.store import SessionStore
from larst.store.quota import Quota
from tests.store.disks import MemoryDisk
from tests.store.edits.editing import (
    ANN,
    ASIDE,
    BOB,
    SCHEMA,
    USERS,
    asides,
    edit,
    killed_and_restarted,
    on_disk,
)
from tests.store.stores import HOME, insert, now, records_of


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b'[{"id":1,}]', "Invalid JSON"),
        (b'[{"id":1}', "Invalid JSON"),
        (b'{"id":1}', "it must hold a list of records"),
        (b"[1]", "record 1: a record must be a JSON object"),
        (b'[{"id":1},{"id":"1"}]', "record 2: the id '1' is there twice"),
        (b'[{"id":true}]', "record 1: an id must be"),
        (b'[{"id":1,"n":123456789012345678901}]', "more than 64 bits"),
        (b"\xff[]", "UTF-8"),
    ],
)
async def test_broken_content_is_set_aside_and_the_sessions_own_written_again(
    disk: MemoryDisk, store: SessionStore, content: bytes, reason: str
) -> None:
    disk.content[USERS] = content

    await store.edits.take_in()
    assert records_of(await killed_and_restarted(disk)) == [ANN, BOB]
    await store.close()

    assert records_of(store) == on_disk(disk) == [ANN, BOB]
    assert disk.content[ASIDE] == content
    (report,) = store.edits.reports
    assert reason in report.detail


async def test_the_message_followed_to_the_letter_ends_the_matter(
    disk: MemoryDisk, store: SessionStore
) -> None:
    """Correct the copy and rename it."""
    disk.content[USERS] = b'[{"id":1,"name":"Anna",}]'
    await store.edits.take_in()
    await store.durability.checkpoint()

    disk.content[ASIDE] = b'[{"id":1,"name":"Anna"}]'
    disk.content[USERS] = disk.content.pop(ASIDE)
    await store.edits.take_in()

    assert records_of(store) == [{"id": 1, "name": "Anna"}]
    assert asides(disk) == []


async def test_a_correction_before_the_file_is_written_again_is_taken_in(
    disk: MemoryDisk, store: SessionStore
) -> None:
    disk.content[USERS] = b'[{"id":1,"name":"Anna",}]'
    await store.edits.take_in()
    edit(disk, {"id": 1, "name": "Anna"})
    await store.edits.take_in()

    assert records_of(store) == [{"id": 1, "name": "Anna"}]


async def test_the_same_broken_content_is_kept_once(disk: MemoryDisk, store: SessionStore) -> None:
    for content in (b"[", b"[", b"{"):
        disk.content[USERS] = content
        await store.edits.take_in()
        await store.durability.checkpoint()

    assert asides(disk) == ["users.json.edited-1", "users.json.edited-2"]


async def test_so_many_copies_are_kept_and_then_the_edit_stays_where_it_is(
    disk: MemoryDisk, store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that writes broken files must not fill the disk."""
    monkeypatch.setattr("larst.store.disk.set_aside.MAX_EDITS", 1)
    for content in (b"[", b"{"):
        disk.content[USERS] = content
        await store.edits.take_in()
        await store.close()

    assert disk.content[USERS] == b"{"
    assert records_of(store) == [ANN, BOB]


async def test_an_edit_beyond_the_quota_is_set_aside(disk: MemoryDisk) -> None:
    store = SessionStore(HOME, files=disk, now=now, quota=Quota(records=2))
    await store.load()
    await insert(store, "users", {"name": "Ann"}, {"name": "Bob"})
    await store.durability.checkpoint()
    edit(disk, ANN, BOB, {"name": "Carl"})

    await store.close()

    assert records_of(store) == on_disk(disk) == [ANN, BOB]
    assert "LARS_MAX_RECORDS" in store.edits.reports[0].detail


async def test_an_edit_that_breaks_the_enforced_schema_is_set_aside(disk: MemoryDisk) -> None:
    store = SessionStore(HOME, files=disk, now=now, enforces_schema=True)
    await store.load()
    await insert(store, "users", {"name": "Ann"})
    await store.durability.checkpoint()
    edit(disk, {"id": 1, "name": 5})

    await store.close()

    assert records_of(store) == [ANN]
    assert "name: string expected, found integer" in store.edits.reports[0].detail


async def test_a_schema_that_is_not_one_is_set_aside(disk: MemoryDisk, store: SessionStore) -> None:
    before, disk.content[SCHEMA] = disk.content[SCHEMA], b'{"type":"object"}'

    await store.close()

    assert disk.content[SCHEMA] == before
    assert asides(disk) == ["users.json.edited-1"]
