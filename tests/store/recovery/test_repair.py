"""A damaged session comes back with every whole record, and its files are kept as they were."""

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
from larst.store.recovery.repair import BEFORE, Repair, repair
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
    """Write the records as one transaction, in a frame of its own."""
    transaction = store.begin()
    for record in records:
        transaction.resource(resource).insert(record)
    store.commit(transaction)
    await store.flush()


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A session with ten folded users, then four more and three notes in the journal."""
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


def _damage(path: Path, text: bytes, instead: bytes) -> bytes:
    before = path.read_bytes()
    assert before.count(text) == 1
    path.write_bytes(before.replace(text, instead))
    return path.read_bytes()


def _kept_aside(directory: Path) -> list[Path]:
    return list(directory.glob("*.damaged-*"))


def _files(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


async def _records(directory: Path, resource: str) -> list[Any]:
    store = await _open(directory)
    return [record["id"] for record in store.begin().resource(resource).list()[0]]


async def test_of_a_damaged_file_every_whole_record_is_kept(folder: Path) -> None:
    """And what the journal says of the others, and of those deleted, holds still."""
    damaged = _damage(folder / "users.json", b'"user 3"', b'"user 3')

    made = _repair(folder)

    assert await _records(folder, "users") == [1, *range(4, 15)]
    assert await _records(folder, "notes") == [1, 2, 3]
    assert made.records == {"notes": 3, "users": 12}
    assert "users.json cannot be read" in made.done[0]
    assert "9 whole records kept, 1 damaged left out" in made.done[0]
    assert (made.originals / "users.json").read_bytes() == damaged
    assert (made.originals / ".journal").exists()
    assert inspect(folder).problem is None
    assert inspect(folder).remarks == ()


async def test_a_file_that_was_set_aside_is_mended_too(folder: Path) -> None:
    """As the service left it when it refused to begin."""
    damaged = _damage(folder / "users.json", b'"user 3"', b'"user 3')
    with pytest.raises(SessionDamagedError):
        await _open(folder)
    assert not (folder / "users.json").exists()

    made = _repair(folder)

    assert await _records(folder, "users") == [1, *range(4, 15)]
    assert [path.read_bytes() for path in made.originals.glob("users.json.damaged-*")] == [damaged]
    assert not _kept_aside(folder)


async def test_of_a_damaged_journal_every_whole_frame_is_kept(folder: Path) -> None:
    _damage(folder / ".journal", b'"user 12"', b'"user XX"')

    made = _repair(folder)

    assert await _records(folder, "users") == [1, *range(3, 12), 13, 14]
    assert await _records(folder, "notes") == [1, 2, 3]
    assert any("1 of 8 transactions are lost" in text for text in made.done)


async def test_a_journal_without_its_beginning_is_read_all_the_same(folder: Path) -> None:
    """Its salt stands there in plain text."""
    raw = (folder / ".journal").read_bytes()
    (folder / ".journal").write_bytes(b"\0\0\0\0" + raw[4:])

    made = _repair(folder)

    assert await _records(folder, "users") == [1, *range(3, 15)]
    assert await _records(folder, "notes") == [1, 2, 3]
    assert ".journal: its beginning is damaged" in made.done


@pytest.mark.parametrize("damage", ["a bit of the salt", "all of the beginning"])
async def test_a_journal_without_its_salt_is_read_all_the_same(folder: Path, damage: str) -> None:
    """Two frames that are whole agree on one salt only."""
    journal = folder / ".journal"
    raw = bytearray(journal.read_bytes())
    salt = raw.index(b'"salt":') + len(b'"salt":')
    if damage == "a bit of the salt":
        raw[salt] ^= 1
    else:
        end = raw.index(b"\n", salt) + 1
        raw[:end] = bytes(end)
    journal.write_bytes(raw)

    made = _repair(folder)

    assert await _records(folder, "users") == [1, *range(3, 15)]
    assert await _records(folder, "notes") == [1, 2, 3]
    assert not any("transactions" in text or "as LARST wrote" in text for text in made.done)


async def test_a_damaged_frame_does_not_hide_the_salt_of_the_others(folder: Path) -> None:
    journal = folder / ".journal"
    raw = _damage(journal, b'"user 12"', b'"user XX"')
    journal.write_bytes(raw.replace(b'"salt":', b'"sa\0\0":'))

    made = _repair(folder)

    assert await _records(folder, "users") == [1, *range(3, 12), 13, 14]
    assert any("1 of 8 transactions are lost" in text for text in made.done)


async def test_one_frame_without_a_salt_is_taken_as_it_reads(tmp_path: Path) -> None:
    """There is no second one to prove it, and that is said."""
    store = await _open(tmp_path / "one")
    await _commit(store, "users", {"name": "Ann"})
    journal = tmp_path / "one" / ".journal"
    journal.write_bytes(bytes(40) + journal.read_bytes()[40:].replace(b"salt", b"\0\0\0\0"))

    made = _repair(tmp_path / "one")

    assert await _records(tmp_path / "one", "users") == [1]
    assert any("no other proof" in text for text in made.done)


async def test_a_file_edited_by_hand_is_taken_as_it_is(folder: Path) -> None:
    _damage(folder / "users.json", b'"user 3"', b'"Ann"')

    made = _repair(folder)

    store = await _open(folder)
    assert store.begin().resource("users").get(3) == {"id": 3, "name": "Ann"}
    assert made.done == ["users.json is not as LARST wrote it, but can be read: taken as it is"]
    assert await _records(folder, "users") == [1, *range(3, 15)]


async def test_a_damaged_schema_is_found_out_anew(folder: Path) -> None:
    (folder / ".schemas" / "users.json").write_bytes(b"{")
    (folder / ".schemas" / "users.meta.json").write_bytes(b"\xff")

    made = _repair(folder)

    store = await _open(folder)
    assert store.fields("users") == {"id", "name"}
    assert len(made.done) == 2
    transaction = store.begin()
    assert transaction.resource("users").insert({"name": "next"})["id"] == 15


async def test_a_damaged_schema_of_no_records_goes(tmp_path: Path) -> None:
    """There is nothing to find it out from; left there, it would be as damaged ever after."""
    folder = tmp_path / "one"
    store = await _open(folder)
    await _commit(store, "users", {"name": "Ann"})
    transaction = store.begin()
    transaction.resource("users").delete(1)
    store.commit(transaction)
    await store.close()
    for name in ("users", "ghosts"):
        (folder / ".schemas" / f"{name}.json").write_bytes(b"\0\xffgarbage")

    made = _repair(folder)

    assert inspect(folder).problem is None
    assert not list((folder / ".schemas").glob("ghosts*"))
    assert (made.originals / ".schemas" / "users.json").read_bytes() == b"\0\xffgarbage"
    store = await _open(folder)
    await _commit(store, "users", {"name": "Bob"})
    assert await _records(folder, "users") == [2]


@pytest.mark.parametrize("damage", [None, b"{}"])
async def test_where_the_last_id_is_lost_that_is_told(tmp_path: Path, damage: bytes | None) -> None:
    """A client may know a deleted record by an id that the next one gets."""
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

    made = _repair(folder)

    assert any("users: which id was given out last is lost; those above 1" in t for t in made.done)


def _link(path: Path) -> None:
    (path.parent.parent / "elsewhere.json").write_bytes(b'[{"id":77}]')
    path.symlink_to("../elsewhere.json")


def _is_there(path: Path) -> bool:
    return path in path.parent.iterdir()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, _link])
@pytest.mark.parametrize(
    "name", ["notes.json", ".journal", ".schemas/users.json", "users.json.tmp", ".journal.tmp"]
)
async def test_what_is_no_ordinary_file_is_moved_aside(
    folder: Path, name: str, make: Callable[[Path], None]
) -> None:
    """Nothing is read through it, and it is in nobody's way."""
    await (await _open(folder)).close()
    (folder / name).unlink(missing_ok=True)
    make(folder / name)

    made = _repair(folder)

    assert f"{name} is no ordinary file: moved, as it is, to the originals" in made.done
    assert _is_there(made.originals / name)
    assert inspect(folder).problem is None
    assert await _records(folder, "users") == [1, *range(3, 15)]
    await _commit(await _open(folder), "notes", {"text": "next"})


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, _link])
async def test_schemas_that_are_no_directory_are_moved_aside(
    folder: Path, make: Callable[[Path], None]
) -> None:
    await (await _open(folder)).close()
    shutil.rmtree(folder / ".schemas")
    make(folder / ".schemas")

    made = _repair(folder)

    assert _is_there(made.originals / ".schemas")
    assert inspect(folder).problem is None
    assert await _records(folder, "users") == [1, *range(3, 15)]
    assert (await _open(folder)).fields("users") == {"id", "name"}


async def test_nesting_without_end_is_damage_as_any_other(folder: Path) -> None:
    _damage(folder / "users.json", b'"user 3"', b"[" * 200_000)

    _repair(folder)

    assert await _records(folder, "users") == [1, *range(4, 15)]


async def test_two_records_of_one_id_are_both_kept(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "pets.json").write_bytes(b'[{"id": 1, "n": "a"},\n {"id": 1, "n": "b"}, 7]')

    made = _repair(folder)

    store = await _open(folder)
    assert [*store.begin().resource("pets").list()[0]] == [
        {"id": 1, "n": "a"},
        {"id": 2, "n": "b"},
    ]
    assert "1 damaged left out, 1 given a new id" in made.done[0]


async def test_a_new_id_is_none_that_the_journal_gave_out(folder: Path) -> None:
    _damage(folder / "users.json", b'{"id":3,', b'{"id":1,')

    _repair(folder)

    store = await _open(folder)
    assert store.begin().resource("users").get(15) == {"id": 15, "name": "user 3"}
    assert await _records(folder, "users") == [1, 4, 5, 6, 7, 8, 9, 10, 15, 11, 12, 13, 14]


async def test_a_pretty_printed_file_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    """No object within a record is taken for one."""
    folder = tmp_path / "one"
    folder.mkdir()
    text = '[\n  {\n    "id": 5,\n    "of": [\n      {"id": 77}\n    ]\n  },\n  {\n    "id": 6'
    (folder / "pets.json").write_text(text)

    _repair(folder)

    assert await _records(folder, "pets") == [5]


async def test_broken_off_anywhere_it_can_be_begun_again(folder: Path) -> None:
    """The disk refuses one call, in turn each: the next repair finds as much as the first would."""
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
        originals = [path for path in disk.content if BEFORE in str(path)]
        assert any(disk.content[path] == whole[folder / "users.json"] for path in originals)

    assert refused > 20
