"""The next id to give out: no id is ever given out twice, in a session of any origin."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from larst.errors import IdTakenError, SessionDamagedError
from larst.store import SessionStore
from larst.store.disk.frames import decode_header
from tests.store import version_1
from tests.store.disks import MemoryDisk
from tests.store.stores import HOME, JOURNAL, insert, open_store, records_of

META = HOME / ".schemas" / "users.meta.json"
ANN, BOB, EVE = ({"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}, {"id": 3, "name": "Eve"})


def _disk(contents: dict[str, bytes]) -> MemoryDisk:
    return MemoryDisk({HOME / name: content for name, content in contents.items()})


def _folder_of_version_1(*frames: list[dict[str, Any]]) -> dict[str, bytes]:
    """Return a session of LARST 0.1 whose users 3 and tags 5 to 7 were deleted."""
    documents = {
        **version_1.documents("users", [ANN, BOB], last_id=3),
        **version_1.documents("tags", [{"id": 4, "name": "red"}], last_id=7),
    }
    return {**documents, ".journal": version_1.journal(documents, *frames)}


def _insert_dan() -> list[dict[str, Any]]:
    dan = {"id": 4, "name": "Dan"}
    return [{"tx": 1, "resources": {"users": version_1.change(dan, last_id=4)}}]


def _delete_dan() -> list[dict[str, Any]]:
    return [{"tx": 2, "resources": {"users": version_1.change(last_id=4, deleted=["4"])}}]


async def _new_id(store: SessionStore, resource: str = "users") -> int:
    await insert(store, resource, {"name": "new"})
    await store.durability.flush()
    identifier: int = records_of(store, resource)[-1]["id"]
    return identifier


def _journal_version(disk: MemoryDisk) -> int:
    header = decode_header(disk.content[JOURNAL])
    assert header is not None
    version: int = orjson.loads(header[0])["larst"]
    return version


def _auto_id(disk: MemoryDisk, resource: str = "users") -> int:
    value: int = json.loads(disk.content[HOME / f".schemas/{resource}.meta.json"])["auto_id"]
    return value


class TestSessionsOfVersion1:
    @pytest.mark.parametrize(
        ("frames", "expected"),
        [
            ([], 4),
            ([_insert_dan()], 5),
            ([_insert_dan(), _delete_dan()], 5),
            ([[*_insert_dan(), *_delete_dan()]], 5),
        ],
    )
    async def test_their_ids_are_the_last_ones_given_out(
        self, frames: list[list[dict[str, Any]]], expected: int
    ) -> None:
        store = await open_store(_disk(_folder_of_version_1(*frames)))

        assert await _new_id(store) == expected
        assert await _new_id(store, "tags") == 8

    async def test_reading_leaves_them_as_they_are(self) -> None:
        contents = _folder_of_version_1(_insert_dan())
        contents[".journal"] = version_1.journal(
            {name: content for name, content in contents.items() if name != ".journal"}
        )
        disk = _disk(contents)

        store = await open_store(disk)
        await store.close()

        assert disk.content == _disk(contents).content

    async def test_a_write_before_the_checkpoint_is_readable_by_version_1(self) -> None:
        """An older LARST may be started again while the journal is still its own."""
        disk = _disk(_folder_of_version_1())
        store = await open_store(disk)
        await _new_id(store)

        raw = disk.content[JOURNAL]
        assert _journal_version(disk) == 1
        new = {"id": 4, "name": "new"}
        line = {"tx": 1, "resources": {"users": version_1.change(new, last_id=4)}}
        assert raw == _folder_of_version_1([line])[".journal"]
        assert await _new_id(await open_store(MemoryDisk(disk.content))) == 5

    async def test_the_next_checkpoint_upgrades_every_resource(self) -> None:
        """Also those that have not changed: the new journal says how all meta files are read."""
        disk = _disk(_folder_of_version_1())
        tags = disk.content[HOME / "tags.json"]
        store = await open_store(disk)
        await _new_id(store)
        await store.close()

        assert (_journal_version(disk), _auto_id(disk), _auto_id(disk, "tags")) == (2, 5, 8)
        assert disk.content[HOME / "tags.json"] is tags
        again = await open_store(disk)
        assert (await _new_id(again), await _new_id(again, "tags")) == (5, 8)

    async def test_a_crash_of_version_1_within_its_checkpoint_is_recovered(self) -> None:
        """Some of its files are new, and all of them hold the last id."""
        old = _folder_of_version_1()
        new = version_1.documents("users", [ANN, BOB, {"id": 4, "name": "Dan"}], last_id=4)
        digests = {name: version_1.digest(content) for name, content in new.items()}
        folder = _folder_of_version_1(_insert_dan(), [{"next": digests}])

        for name in new:
            mixture = {**folder, **{other: old[other] for other in new if other != name}}
            assert await _new_id(await open_store(_disk({**mixture, name: new[name]}))) == 5

    async def test_an_upgrade_killed_at_any_call_gives_no_id_out_twice(self) -> None:
        disk = _disk(_folder_of_version_1(_insert_dan()))
        store = await open_store(disk)
        disk.history.clear()
        await _new_id(store)
        await store.close()

        for content in [*disk.history, disk.content]:
            survivor = MemoryDisk(content)
            again = await open_store(survivor)
            assert (await _new_id(again), await _new_id(again, "tags")) in [(5, 8), (6, 8)]
            await again.close()
            assert (_journal_version(survivor), _auto_id(survivor, "tags")) == (2, 9)
        assert len(disk.history) > 15

    async def test_an_upgrade_refused_at_any_call_gives_no_id_out_twice(self) -> None:
        """The session works on, and a later checkpoint completes the upgrade."""
        for refused in itertools.count(1):
            disk = _disk(_folder_of_version_1(_insert_dan()))
            store = await open_store(disk)
            assert await _new_id(store) == 5
            disk.refuses_at = disk.calls + refused
            await store.durability.checkpoint()
            if disk.calls < disk.refuses_at:
                break
            assert (await _new_id(store), await _new_id(store, "tags")) == (6, 8)
            again = await open_store(MemoryDisk(disk.content))
            assert (await _new_id(again), await _new_id(again, "tags")) == (7, 9)
            await store.close()
            assert (_journal_version(disk), _auto_id(disk), _auto_id(disk, "tags")) == (2, 7, 9)
        assert refused > 15

    async def test_version_1_refuses_the_files_of_an_upgrade(self) -> None:
        """It does not know their digests, so it cannot take the next id for the last one."""
        disk = _disk(_folder_of_version_1(_insert_dan()))
        store = await open_store(disk)
        disk.history.clear()
        await _new_id(store)
        await store.close()

        upgrading = next(c for c in disk.history if c[META] == b'{"auto_id":6}\n')
        lines = [line for line in upgrading[JOURNAL].split(b"\n") if b'"upgrade"' in line]
        assert len(lines) == 1
        assert lines[0][8:].startswith(b'{"next":{},"upgrade":{')

    async def test_after_the_last_number_none_is_given_out(self) -> None:
        documents = version_1.documents("users", [ANN], last_id=2**53 - 1)
        disk = _disk({**documents, ".journal": version_1.journal(documents)})
        store = await open_store(disk)
        await insert(store, "logs", {})
        await store.close()

        assert _auto_id(disk) == 2**53
        again = await open_store(disk)
        with pytest.raises(IdTakenError):
            await insert(again, "users", {})

    async def test_a_newer_journal_is_refused_and_kept(self) -> None:
        header = {"base": {}, "larst": 3, "salt": 1}
        disk = _disk({".journal": version_1.frame(json.dumps(header).encode(), 0)})

        raw = disk.content[JOURNAL]

        with pytest.raises(SessionDamagedError, match="another LARST"):
            await open_store(disk)

        assert list(disk.content.values()) == [raw]


def _files(
    records: Any, meta: bytes | None = None, schema: bytes | None = None
) -> dict[str, bytes]:
    files = {"users.json": json.dumps(records, indent=2).encode()}
    if meta is not None:
        files[".schemas/users.meta.json"] = meta
    if schema is not None:
        files[".schemas/users.json"] = schema
    return files


class TestFoldersWithoutJournal:
    """Seeded by hand, or by the original program: `auto_id` is the next id."""

    @pytest.mark.parametrize(
        ("records", "meta", "expected"),
        [
            ([ANN], b'{"auto_id": 7}', 7),
            ([ANN, BOB], b'{"auto_id": 3}', 3),
            ([ANN, {"id": 5}], b'{"auto_id": 2}', 6),
            ([{"id": "9"}], b'{"auto_id": 2}', 10),
            ([ANN, {"id": 5}], None, 6),
            ([ANN], b'{"auto_id": 0}', 2),
            ([], b'{"auto_id": 0}', 1),
            ([], b'{"auto_id": 4}', 4),
        ],
    )
    async def test_the_next_id_is_above_all_ids(
        self, records: Any, meta: bytes | None, expected: int
    ) -> None:
        store = await open_store(_disk(_files(records, meta)))

        assert await _new_id(store) == expected

    @pytest.mark.parametrize("is_killed", [False, True])
    async def test_a_deleted_last_record_leaves_its_id_unused(self, is_killed: bool) -> None:
        """Also where the meta file is too low, and is read again behind a journal."""
        schema = version_1.documents("users", [EVE], last_id=0)[".schemas/users.json"]
        disk = _disk(_files([{"id": 5, "name": "Eve"}], b'{"auto_id": 1}', schema))
        store = await open_store(disk)
        await insert(store, "logs", {})
        await (store.durability.flush() if is_killed else store.close())

        again = await open_store(MemoryDisk(disk.content))
        transaction = again.commits.begin()
        transaction.resource("users").delete(5)
        again.commits.commit(transaction)

        assert await _new_id(again) == 6

    @pytest.mark.parametrize("is_killed", [False, True])
    async def test_a_folder_of_the_original_program_is_taken_over(self, is_killed: bool) -> None:
        """Its schema file has no `json_schema`, so the schema is learned from the records."""
        schema = {"fields": ["id", "name"], "example": ANN, "updated_at": "2025-01-01T00:00:00"}
        disk = _disk(_files([ANN, BOB], b'{"auto_id": 3}', json.dumps(schema).encode()))
        store = await open_store(disk)
        await insert(store, "logs", {})
        await (store.durability.flush() if is_killed else store.close())

        again = await open_store(MemoryDisk(disk.content))

        assert await _new_id(again) == 3
        learned = again.data.schema("users")
        assert learned is not None
        assert learned["json_schema"]["required"] == ["id", "name"]


async def _flush(store: SessionStore) -> None:
    await store.durability.flush()


class TestSessionsOfVersion2:
    @pytest.mark.parametrize("end", [_flush, SessionStore.close])
    async def test_the_next_id_survives_the_deletion_of_every_record(
        self, end: Callable[[SessionStore], Any]
    ) -> None:
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {}, {}, {})
        transaction = store.commits.begin()
        for identifier in (1, 2, 3):
            transaction.resource("users").delete(identifier)
        store.commits.commit(transaction)
        await end(store)

        assert await _new_id(await open_store(MemoryDisk(disk.content))) == 4

    async def test_the_meta_file_holds_the_next_id(self) -> None:
        """As the original program wrote it (SPEC section 7)."""
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {}, {"id": 8}, {"id": "x"})
        await store.close()

        assert disk.content[META] == b'{"auto_id":9}\n'
