"""A repair keeps every whole record of a damaged session, and all of its original files."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from larst.errors import SessionDamagedError
from larst.store import DiskFiles, SessionStore
from larst.store.recovery.inspection import inspect
from larst.store.recovery.repair import Repair, repair
from tests.store import version_1
from tests.store.disks import MemoryDisk


def _now() -> datetime:
    return datetime(2026, 11, 24, tzinfo=UTC)


def _repair(directory: Path) -> Repair:
    numbers = itertools.count(1)
    return repair(directory, DiskFiles(), _now, lambda: next(numbers))


async def _open(directory: Path) -> SessionStore:
    store = SessionStore(directory, files=DiskFiles(), now=_now)
    await store.load()
    return store


async def _commit(store: SessionStore, resource: str, *records: dict[str, Any]) -> None:
    """Write the records as one transaction, in a separate frame."""
    transaction = store.begin()
    for record in records:
        transaction.resource(resource).insert(record)
    store.commit(transaction)
    await store.flush()


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A session with ten users in its files, and four more and three notes in the journal."""
    directory = tmp_path / "one"
    store = await _open(directory)
    await _commit(store, "users", *({"name": f"user {number}"} for number in range(1, 11)))
    await store.checkpoint()
    for number in range(11, 15):
        await _commit(store, "users", {"name": f"user {number}"})
    for number in range(1, 4):
        await _commit(store, "notes", {"text": f"note {number}"})
    transaction = store.begin()
    transaction.resource("users").delete(2)
    store.commit(transaction)
    await store.flush()
    return directory


def _damage(path: Path, text: bytes, replacement: bytes) -> bytes:
    before = path.read_bytes()
    assert before.count(text) == 1
    path.write_bytes(before.replace(text, replacement))
    return path.read_bytes()


def _files_set_aside(directory: Path) -> list[Path]:
    return list(directory.glob("*.damaged-*"))


def _files(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


async def _records(directory: Path, resource: str) -> list[Any]:
    store = await _open(directory)
    return [record["id"] for record in store.begin().resource(resource).list()[0]]


async def test_every_whole_record_of_a_damaged_file_is_kept(folder: Path) -> None:
    """The changes and deletions in the journal still apply."""
    damaged = _damage(folder / "users.json", b'"user 3"', b'"user 3')

    repaired = _repair(folder)

    assert await _records(folder, "users") == [1, *range(4, 15)]
    assert await _records(folder, "notes") == [1, 2, 3]
    assert repaired.records == {"notes": 3, "users": 12}
    assert "users.json cannot be read" in repaired.report[0]
    assert "9 whole records kept, 1 damaged left out" in repaired.report[0]
    assert (repaired.originals / "users.json").read_bytes() == damaged
    assert (repaired.originals / ".journal").exists()
    assert inspect(folder).problem is None
    assert inspect(folder).remarks == ()


async def test_a_file_that_was_set_aside_is_repaired(folder: Path) -> None:
    """The service sets it aside when it refuses the session."""
    damaged = _damage(folder / "users.json", b'"user 3"', b'"user 3')
    with pytest.raises(SessionDamagedError):
        await _open(folder)
    assert not (folder / "users.json").exists()

    repaired = _repair(folder)

    assert await _records(folder, "users") == [1, *range(4, 15)]
    assert [path.read_bytes() for path in repaired.originals.glob("users.json.damaged-*")] == [
        damaged
    ]
    assert not _files_set_aside(folder)


async def test_every_good_frame_of_a_damaged_journal_is_kept(folder: Path) -> None:
    _damage(folder / ".journal", b'"user 12"', b'"user XX"')

    repaired = _repair(folder)

    assert await _records(folder, "users") == [1, *range(3, 12), 13, 14]
    assert await _records(folder, "notes") == [1, 2, 3]
    assert any("1 of 8 transactions are lost" in text for text in repaired.report)


async def test_a_journal_with_a_damaged_header_length_is_salvaged(folder: Path) -> None:
    """The frames name the salt."""
    raw = (folder / ".journal").read_bytes()
    (folder / ".journal").write_bytes(b"\0\0\0\0" + raw[4:])

    repaired = _repair(folder)

    assert await _records(folder, "users") == [1, *range(3, 15)]
    assert await _records(folder, "notes") == [1, 2, 3]
    assert ".journal: its beginning is damaged" in repaired.report


@pytest.mark.parametrize("damage", ["a bit of the salt", "all of the beginning"])
async def test_a_journal_without_the_salt_in_its_header_is_salvaged(
    folder: Path, damage: str
) -> None:
    """The frames name the salt."""
    journal = folder / ".journal"
    raw = bytearray(journal.read_bytes())
    salt = raw.index(b'"salt":') + len(b'"salt":')
    if damage == "a bit of the salt":
        raw[salt] ^= 1
    else:
        end = raw.index(b"\n", salt) + 1
        raw[:end] = bytes(end)
    journal.write_bytes(raw)

    repaired = _repair(folder)

    assert await _records(folder, "users") == [1, *range(3, 15)]
    assert await _records(folder, "notes") == [1, 2, 3]
    assert not any("transactions" in text or "as LARST wrote" in text for text in repaired.report)


async def test_a_damaged_frame_does_not_hide_the_salt(folder: Path) -> None:
    """The first frame is damaged; the next one names the salt."""
    journal = folder / ".journal"
    raw = _damage(journal, b'"user 11"', b'"user XX"')
    journal.write_bytes(raw.replace(b'"salt":', b'"sa\0\0":', 1))  # in the header

    repaired = _repair(folder)

    assert await _records(folder, "users") == [1, *range(3, 11), 12, 13, 14]
    assert any("1 of 8 transactions are lost" in text for text in repaired.report)


async def test_a_single_frame_behind_a_damaged_header_is_salvaged(tmp_path: Path) -> None:
    """A frame needs no second one to be verified."""
    store = await _open(tmp_path / "one")
    await _commit(store, "users", {"name": "Ann"})
    journal = tmp_path / "one" / ".journal"
    raw = journal.read_bytes()
    end = raw.index(b"}\n") + 2
    journal.write_bytes(bytes(end) + raw[end:])

    repaired = _repair(tmp_path / "one")

    assert await _records(tmp_path / "one", "users") == [1]
    assert repaired.report == [
        ".journal: its beginning is damaged",
        f".journal: {end} bytes are in no good frame, and were left out",
    ]


class TestVersion1:
    """Sessions of LARST 0.1, whose ids are the last ones given out."""

    async def _repaired(self, tmp_path: Path, damage: Callable[[bytes], bytes], name: str) -> Path:
        folder = tmp_path / "one"
        documents = version_1.documents("users", [{"id": 1}, {"id": 2}], last_id=3)
        line = {"tx": 1, "resources": {"users": version_1.change({"id": 4}, last_id=4)}}
        contents = {**documents, ".journal": version_1.journal(documents, [line])}
        contents[name] = damage(contents[name])
        for path, content in contents.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        _repair(folder)
        return folder

    async def _next_id(self, folder: Path) -> int:
        store = await _open(folder)
        await _commit(store, "users", {})
        return int((await _records(folder, "users"))[-1])

    async def test_a_damaged_document_is_repaired(self, tmp_path: Path) -> None:
        folder = await self._repaired(tmp_path, lambda content: content + b"x", "users.json")

        assert await _records(folder, "users") == [1, 2, 4]
        assert await self._next_id(folder) == 5

    async def test_a_damaged_header_is_repaired_by_its_salt(self, tmp_path: Path) -> None:
        folder = await self._repaired(tmp_path, lambda raw: bytes(4) + raw[4:], ".journal")

        assert await _records(folder, "users") == [1, 2, 4]
        assert await self._next_id(folder) == 5

    async def test_a_lost_journal_gives_no_id_out_twice(self, tmp_path: Path) -> None:
        """The version is unknown then, and to skip an id is harmless."""
        folder = await self._repaired(tmp_path, lambda raw: bytes(len(raw)), ".journal")

        assert await _records(folder, "users") == [1, 2]
        assert await self._next_id(folder) == 4


async def test_a_file_edited_by_hand_is_accepted(folder: Path) -> None:
    _damage(folder / "users.json", b'"user 3"', b'"Ann"')

    repaired = _repair(folder)

    store = await _open(folder)
    assert store.begin().resource("users").get(3) == {"id": 3, "name": "Ann"}
    assert repaired.report == [
        "users.json is not as LARST wrote it, but can be read: taken as it is"
    ]
    assert await _records(folder, "users") == [1, *range(3, 15)]


async def test_a_damaged_schema_is_derived_from_the_records(folder: Path) -> None:
    (folder / ".schemas" / "users.json").write_bytes(b"{")
    (folder / ".schemas" / "users.meta.json").write_bytes(b"\xff")

    repaired = _repair(folder)

    store = await _open(folder)
    assert store.fields("users") == {"id", "name"}
    assert len(repaired.report) == 2
    transaction = store.begin()
    assert transaction.resource("users").insert({"name": "next"})["id"] == 15


async def test_a_damaged_schema_without_records_is_removed(tmp_path: Path) -> None:
    """Without records nothing can be derived, and in its place it would stay damaged."""
    folder = tmp_path / "one"
    store = await _open(folder)
    await _commit(store, "users", {"name": "Ann"})
    transaction = store.begin()
    transaction.resource("users").delete(1)
    store.commit(transaction)
    await store.close()
    for name in ("users", "ghosts"):
        (folder / ".schemas" / f"{name}.json").write_bytes(b"\0\xffgarbage")

    repaired = _repair(folder)

    assert inspect(folder).problem is None
    assert not list((folder / ".schemas").glob("ghosts*"))
    assert (repaired.originals / ".schemas" / "users.json").read_bytes() == b"\0\xffgarbage"
    store = await _open(folder)
    await _commit(store, "users", {"name": "Bob"})
    assert await _records(folder, "users") == [2]


@pytest.mark.parametrize("damage", [None, b"{}"])
async def test_a_lost_next_id_is_reported(tmp_path: Path, damage: bytes | None) -> None:
    """A client may know a deleted record by the id that a new record gets."""
    folder = tmp_path / "one"
    store = await _open(folder)
    await _commit(store, "users", {"name": "Ann"}, {"name": "Bob"})
    transaction = store.begin()
    transaction.resource("users").delete(2)
    store.commit(transaction)
    await store.close()
    meta = folder / ".schemas" / "users.meta.json"
    if damage is None:
        meta.unlink()
    else:
        meta.write_bytes(damage)

    repaired = _repair(folder)

    assert any("users: the next id is lost; ids from 2 on" in t for t in repaired.report)


def _link(path: Path) -> None:
    (path.parent.parent / "elsewhere.json").write_bytes(b'[{"id":77}]')
    path.symlink_to("../elsewhere.json")


def _is_there(path: Path) -> bool:
    return path in path.parent.iterdir()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, _link])
@pytest.mark.parametrize(
    "name", ["notes.json", ".journal", ".schemas/users.json", "users.json.tmp", ".journal.tmp"]
)
async def test_an_entry_that_is_not_an_ordinary_file_is_moved_aside(
    folder: Path, name: str, make: Callable[[Path], None]
) -> None:
    """It is not read, and no longer blocks the file of its name."""
    await (await _open(folder)).close()
    (folder / name).unlink(missing_ok=True)
    make(folder / name)

    repaired = _repair(folder)

    assert f"{name} is not an ordinary file: moved, as it is, to the originals" in repaired.report
    assert _is_there(repaired.originals / name)
    assert inspect(folder).problem is None
    assert await _records(folder, "users") == [1, *range(3, 15)]
    await _commit(await _open(folder), "notes", {"text": "next"})


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, _link])
async def test_an_entry_in_the_place_of_the_schemas_directory_is_moved_aside(
    folder: Path, make: Callable[[Path], None]
) -> None:
    await (await _open(folder)).close()
    shutil.rmtree(folder / ".schemas")
    make(folder / ".schemas")

    repaired = _repair(folder)

    assert _is_there(repaired.originals / ".schemas")
    assert inspect(folder).problem is None
    assert await _records(folder, "users") == [1, *range(3, 15)]
    assert (await _open(folder)).fields("users") == {"id", "name"}


async def test_endless_nesting_is_damage(folder: Path) -> None:
    _damage(folder / "users.json", b'"user 3"', b"[" * 200_000)

    _repair(folder)

    assert await _records(folder, "users") == [1, *range(4, 15)]


async def test_two_records_with_the_same_id_are_both_kept(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "pets.json").write_bytes(b'[{"id": 1, "n": "a"},\n {"id": 1, "n": "b"}, 7]')

    repaired = _repair(folder)

    store = await _open(folder)
    assert [*store.begin().resource("pets").list()[0]] == [
        {"id": 1, "n": "a"},
        {"id": 2, "n": "b"},
    ]
    assert "1 damaged left out, 1 given a new id" in repaired.report[0]


async def test_a_new_id_was_not_given_out_in_the_journal(folder: Path) -> None:
    _damage(folder / "users.json", b'{"id":3,', b'{"id":1,')

    _repair(folder)

    store = await _open(folder)
    assert store.begin().resource("users").get(15) == {"id": 15, "name": "user 3"}
    assert await _records(folder, "users") == [1, 4, 5, 6, 7, 8, 9, 10, 15, 11, 12, 13, 14]


async def test_the_whole_records_of_a_truncated_indented_file_are_kept(tmp_path: Path) -> None:
    """An object within a record is not mistaken for a record."""
    folder = tmp_path / "one"
    folder.mkdir()
    text = '[\n  {\n    "id": 5,\n    "of": [\n      {"id": 77}\n    ]\n  },\n  {\n    "id": 6'
    (folder / "pets.json").write_text(text)

    _repair(folder)

    assert await _records(folder, "pets") == [5]


async def test_a_repair_interrupted_anywhere_can_be_repeated(folder: Path) -> None:
    """The disk refuses each call in turn: the next repair keeps as much as the first would have."""
    _damage(folder / "users.json", b'"user 3"', b'"user 3')
    whole = _files(folder)
    salts = itertools.count(1)

    for refused in itertools.count(1):
        disk = MemoryDisk(whole)
        disk.refuses_at = refused
        try:
            repair(folder, disk, _now, lambda: next(salts))
        except OSError:
            repair(folder, disk, _now, lambda: next(salts))
        else:
            break
        store = SessionStore(folder, files=disk, now=_now)
        await store.load()
        users = [record["id"] for record in store.begin().resource("users").list()[0]]
        notes = [record["id"] for record in store.begin().resource("notes").list()[0]]
        assert (users, notes) == ([1, *range(4, 15)], [1, 2, 3]), refused
        originals = [path for path in disk.content if ".before-repair-" in str(path)]
        assert any(disk.content[path] == whole[folder / "users.json"] for path in originals)

    assert refused > 20
