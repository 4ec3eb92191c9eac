"""Documented files that people edit: taken in or set aside, while the session is awake or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from larst.errors import SessionDamagedError
from larst.store import SessionStore
from larst.store.quota import Quota
from tests.store.disks import MemoryDisk
from tests.store.stores import HOME, insert, now, open_store, records_of

USERS = HOME / "users.json"
SCHEMA = HOME / ".schemas" / "users.json"
META = HOME / ".schemas" / "users.meta.json"
ASIDE = HOME / "users.json.edited-1"

ANN, BOB = {"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of these tests are complete."""
    monkeypatch.setattr("larst.store.edits.foreign_files.SETTLE_S", 0)


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()


@pytest.fixture
async def store(disk: MemoryDisk) -> SessionStore:
    """A store with two users, whose files are complete."""
    store = await open_store(disk)
    await insert(store, "users", {"name": "Ann"}, {"name": "Bob"})
    await store.durability.checkpoint()
    return store


def edit(disk: MemoryDisk, *records: dict[str, Any], path: Path = USERS) -> bytes:
    """Write records as an editor does, with an indentation."""
    disk.content[path] = json.dumps(records, indent=4).encode()
    return disk.content[path]


def on_disk(disk: MemoryDisk, path: Path = USERS) -> Any:
    return orjson.loads(disk.content[path])


async def patch(store: SessionStore, id: int, **fields: Any) -> None:
    transaction = store.commits.begin()
    transaction.resource("users").update(id, fields)
    store.commits.commit(transaction)
    await store.durability.flush()


def asides(disk: MemoryDisk) -> list[str]:
    return sorted(path.name for path in disk.content if ".edited-" in path.name)


async def killed_and_restarted(disk: MemoryDisk) -> SessionStore:
    return await open_store(MemoryDisk(disk.content))


class TestAwake:
    async def test_an_edit_is_taken_in_as_one_transaction(
        self, disk: MemoryDisk, store: SessionStore
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
        assert (
            report.detail == "users.json was edited and is taken in: 2 added, 1 changed, 1 deleted"
        )
        await store.close()
        assert len(on_disk(disk)) == 4
        assert asides(disk) == []

    async def test_an_edit_is_durable_at_once(self, disk: MemoryDisk, store: SessionStore) -> None:
        """A client may see it before the file is written again."""
        edit(disk, ANN, {"name": "New"})
        await store.edits.take_in()

        again = await killed_and_restarted(disk)

        assert records_of(again) == records_of(store) == [ANN, {"id": 3, "name": "New"}]

    async def test_a_search_by_an_index_sees_the_edit(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        await insert(store, "users", *({"name": f"user {number}"} for number in range(100)))
        await store.durability.checkpoint()
        assert len(store.data.matching("users", {"name": "Ann"})) == 1
        edit(disk, *({**user, "name": "Ann"} for user in on_disk(disk)))

        await store.edits.take_in()

        assert len(store.data.matching("users", {"name": "Ann"})) == 102

    async def test_a_checkpoint_never_overwrites_an_edit(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
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
        self, disk: MemoryDisk, store: SessionStore
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
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        transaction = store.commits.begin()
        transaction.resource("users").delete(2)
        transaction.resource("users").insert({"name": "Carl"})
        store.commits.commit(transaction)
        edit(disk, {"id": 1, "name": "Anna"}, BOB)

        await store.edits.take_in()

        assert records_of(store) == [{"id": 1, "name": "Anna"}, {"id": 3, "name": "Carl"}]

    async def test_a_second_edit_right_after_the_first_is_taken_in_too(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        """Before the file is written again."""
        edit(disk, {"id": 1, "name": "Anna"}, BOB)
        await store.edits.take_in()
        edit(disk, {"id": 1, "name": "Anne"}, BOB)
        await store.edits.take_in()

        assert records_of(store)[0]["name"] == "Anne"
        assert asides(disk) == []

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
        self, disk: MemoryDisk, store: SessionStore, content: bytes, reason: str
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
        self, disk: MemoryDisk, store: SessionStore
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
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        disk.content[USERS] = b'[{"id":1,"name":"Anna",}]'
        await store.edits.take_in()
        edit(disk, {"id": 1, "name": "Anna"})
        await store.edits.take_in()

        assert records_of(store) == [{"id": 1, "name": "Anna"}]

    async def test_the_same_broken_content_is_kept_once(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        for content in (b"[", b"[", b"{"):
            disk.content[USERS] = content
            await store.edits.take_in()
            await store.durability.checkpoint()

        assert asides(disk) == ["users.json.edited-1", "users.json.edited-2"]

    async def test_so_many_copies_are_kept_and_then_the_edit_stays_where_it_is(
        self, disk: MemoryDisk, store: SessionStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A program that writes broken files must not fill the disk."""
        monkeypatch.setattr("larst.store.disk.set_aside.MAX_EDITS", 1)
        for content in (b"[", b"{"):
            disk.content[USERS] = content
            await store.edits.take_in()
            await store.close()

        assert disk.content[USERS] == b"{"
        assert records_of(store) == [ANN, BOB]

    async def test_a_file_that_was_only_reformatted_stays_as_it_is(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        content = edit(disk, ANN, BOB)

        await store.edits.take_in()
        await insert(store, "logs", {})
        await store.close()

        assert disk.content[USERS] == content
        assert store.edits.reports == []
        assert records_of(await killed_and_restarted(disk)) == [ANN, BOB]

    async def test_a_new_file_is_a_new_resource(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        edit(disk, {"id": 7, "title": "A"}, {"title": "B"}, path=HOME / "posts.json")

        await store.close()

        posts = [{"id": 7, "title": "A"}, {"id": 8, "title": "B"}]
        assert records_of(store, "posts") == on_disk(disk, HOME / "posts.json") == posts
        assert store.data.fields("posts") == {"id", "title"}

    @pytest.mark.parametrize("path", [USERS, SCHEMA, META])
    async def test_a_deleted_file_is_written_again(
        self, disk: MemoryDisk, store: SessionStore, path: Path
    ) -> None:
        """The session has its content; an accident must not delete it."""
        before = disk.content.pop(path)

        await store.edits.take_in()
        assert records_of(await killed_and_restarted(disk)) == [ANN, BOB]
        await store.close()

        assert disk.content[path] == before
        (report,) = store.edits.reports
        assert "was missing and is written again" in report.detail

    async def test_an_edit_beyond_the_quota_is_set_aside(self, disk: MemoryDisk) -> None:
        store = SessionStore(HOME, files=disk, now=now, quota=Quota(records=2))
        await store.load()
        await insert(store, "users", {"name": "Ann"}, {"name": "Bob"})
        await store.durability.checkpoint()
        edit(disk, ANN, BOB, {"name": "Carl"})

        await store.close()

        assert records_of(store) == on_disk(disk) == [ANN, BOB]
        assert "LARS_MAX_RECORDS" in store.edits.reports[0].detail

    async def test_an_edit_that_breaks_the_enforced_schema_is_set_aside(
        self, disk: MemoryDisk
    ) -> None:
        store = SessionStore(HOME, files=disk, now=now, enforces_schema=True)
        await store.load()
        await insert(store, "users", {"name": "Ann"})
        await store.durability.checkpoint()
        edit(disk, {"id": 1, "name": 5})

        await store.close()

        assert records_of(store) == [ANN]
        assert "name: string expected, found integer" in store.edits.reports[0].detail

    async def test_the_next_id_can_be_raised_and_never_lowered(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        disk.content[META] = b'{"auto_id":50}'
        await store.edits.take_in()
        disk.content[META] = b'{"auto_id":1}'
        await store.edits.take_in()
        await insert(store, "users", {"name": "Carl"})

        assert records_of(store)[-1]["id"] == 50
        assert asides(disk) == ["users.meta.json.edited-1"]

    async def test_a_schema_that_is_not_one_is_set_aside(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        before, disk.content[SCHEMA] = disk.content[SCHEMA], b'{"type":"object"}'

        await store.close()

        assert disk.content[SCHEMA] == before
        assert asides(disk) == ["users.json.edited-1"]

    async def test_a_disk_that_refuses_leaves_the_edit_and_the_session(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        content = edit(disk, ANN)
        disk.refuses_at = disk.calls + 3

        await store.edits.take_in()
        assert disk.content[USERS] == content
        assert records_of(store) == [ANN, BOB]
        await store.edits.take_in()

        assert records_of(store) == [ANN]


class TestAsleep:
    """The session was stopped, or killed, and is loaded again."""

    async def test_an_edit_is_taken_in(self, disk: MemoryDisk, store: SessionStore) -> None:
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

    async def test_a_kill_right_after_shows_the_same_ids(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        await store.close()
        edit(disk, {"name": "Carl"})
        first = await open_store(disk)
        await insert(first, "users", {"name": "Dora"})
        await first.durability.flush()

        assert records_of(await killed_and_restarted(disk)) == records_of(first)

    async def test_after_a_kill_an_edit_is_merged_with_the_changes_of_the_journal(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        await patch(store, 2, age=5)
        edit(disk, {"id": 1, "name": "Anna"}, BOB)

        again = await killed_and_restarted(disk)

        assert records_of(again) == [{"id": 1, "name": "Anna"}, {**BOB, "age": 5}]

    async def test_after_a_kill_an_edit_of_a_record_in_the_journal_is_set_aside(
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        await patch(store, 2, name="by a request")
        content = edit(disk, ANN, {"id": 2, "name": "by hand"})
        disk = MemoryDisk(disk.content)

        again = await open_store(disk)

        assert records_of(again) == [ANN, {"id": 2, "name": "by a request"}]
        assert disk.content[ASIDE] == content

    async def test_after_a_kill_an_edit_of_a_file_that_was_complete_is_taken_in(
        self, disk: MemoryDisk
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

    async def test_without_places_more_of_an_edit_is_set_aside(self, disk: MemoryDisk) -> None:
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
        self, disk: MemoryDisk, store: SessionStore
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

    async def test_a_broken_file_whose_records_the_journal_has_is_set_aside(
        self, disk: MemoryDisk
    ) -> None:
        store = await open_store(disk)
        await insert(store, "users", {"name": "Ann"})
        await store.durability.flush()
        disk = MemoryDisk({**disk.content, USERS: b"[broken"})

        assert records_of(await open_store(disk)) == [ANN]
        assert disk.content[ASIDE] == b"[broken"

    async def test_the_records_of_a_deleted_file_are_deleted_and_its_ids_not_given_out_again(
        self, disk: MemoryDisk, store: SessionStore
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
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        await patch(store, 2, age=5)
        content = {path: data for path, data in disk.content.items() if path != USERS}

        assert records_of(await open_store(MemoryDisk(content))) == [{**BOB, "age": 5}]

    async def test_a_lost_meta_file_gives_no_id_out_twice(
        self, disk: MemoryDisk, store: SessionStore
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
        self, disk: MemoryDisk, store: SessionStore
    ) -> None:
        await store.close()
        disk.content[SCHEMA] = b"{"

        again = await open_store(disk)

        assert again.data.fields("users") == {"id", "name"}
        assert records_of(again) == [ANN, BOB]

    async def test_an_older_backup_of_the_files_is_merged_with_the_journal(
        self, disk: MemoryDisk, store: SessionStore
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
