"""A repair keeps every whole record of a damaged session, and all of its original files."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from larst.errors import SessionDamagedError
from larst.store import SessionStore
from larst.store.recovery.inspection import inspect
from larst.store.recovery.repair import repair
from larst.store.resource_settings import parse_resource_settings
from tests.store.disks import MemoryDisk
from tests.store.recovery.sessions import (
    commit,
    damage_file,
    files_of,
    files_set_aside,
    now,
    open_session,
    record_ids,
    repair_session,
)


async def test_every_whole_record_of_a_damaged_file_is_kept(folder: Path) -> None:
    """The changes and deletions in the journal still apply."""
    damaged = damage_file(folder / "users.json", b'"user 3"', b'"user 3')

    repaired = repair_session(folder)

    assert await record_ids(folder, "users") == [1, *range(4, 15)]
    assert await record_ids(folder, "notes") == [1, 2, 3]
    assert repaired.records == {"notes": 3, "users": 12}
    assert "users.json cannot be read" in repaired.report[0]
    assert "9 whole records kept, 1 damaged left out" in repaired.report[0]
    assert (repaired.originals / "users.json").read_bytes() == damaged
    assert (repaired.originals / ".journal").exists()
    assert inspect(folder).problem is None
    assert inspect(folder).remarks == ()


async def test_a_file_that_was_set_aside_is_repaired(folder: Path) -> None:
    """The service sets it aside when it refuses the session."""
    damaged = damage_file(folder / "users.json", b'"user 3"', b'"user 3')
    with pytest.raises(SessionDamagedError):
        await open_session(folder)
    assert not (folder / "users.json").exists()

    repaired = repair_session(folder)

    assert await record_ids(folder, "users") == [1, *range(4, 15)]
    assert [path.read_bytes() for path in repaired.originals.glob("users.json.damaged-*")] == [
        damaged
    ]
    assert not files_set_aside(folder)


async def test_a_file_edited_by_hand_is_accepted(folder: Path) -> None:
    damage_file(folder / "users.json", b'"user 3"', b'"Ann"')

    repaired = repair_session(folder)

    store = await open_session(folder)
    assert store.commits.begin().resource("users").get(3) == {"id": 3, "name": "Ann"}
    assert repaired.report == [
        "users.json is not as LARST wrote it, but can be read: taken as it is"
    ]
    assert await record_ids(folder, "users") == [1, *range(3, 15)]


async def test_an_edit_that_breaks_the_settings_is_shown_and_can_be_kept(folder: Path) -> None:
    """Only the file has the records, so a repair keeps them."""
    store = await open_session(folder)
    resources = {"users": parse_resource_settings({"unique": ["name"]})}
    await store.settings.put(replace(store.settings.current, resources=resources))
    await store.close()
    damage_file(folder / "users.json", b'"user 3"', b'"user 4"')

    assert "both have the name 'user 4'" in str(inspect(folder).problem)
    with pytest.raises(SessionDamagedError, match="both have the name 'user 4'"):
        await open_session(folder)
    repair_session(folder)
    assert await record_ids(folder, "users") == [1, *range(3, 15)]


async def test_a_damaged_schema_is_derived_from_the_records(folder: Path) -> None:
    (folder / ".schemas" / "users.json").write_bytes(b"{")
    (folder / ".schemas" / "users.meta.json").write_bytes(b"\xff")

    repaired = repair_session(folder)

    store = await open_session(folder)
    assert store.data.fields("users") == {"id", "name"}
    assert len(repaired.report) == 2
    transaction = store.commits.begin()
    assert transaction.resource("users").insert({"name": "next"})["id"] == 15


async def test_a_damaged_schema_without_records_is_removed(tmp_path: Path) -> None:
    """Without records nothing can be derived, and in its place it would stay damaged."""
    folder = tmp_path / "one"
    store = await open_session(folder)
    await commit(store, "users", {"name": "Ann"})
    transaction = store.commits.begin()
    transaction.resource("users").delete(1)
    store.commits.commit(transaction)
    await store.close()
    for name in ("users", "ghosts"):
        (folder / ".schemas" / f"{name}.json").write_bytes(b"\0\xffgarbage")

    repaired = repair_session(folder)

    assert inspect(folder).problem is None
    assert not list((folder / ".schemas").glob("ghosts*"))
    assert (repaired.originals / ".schemas" / "users.json").read_bytes() == b"\0\xffgarbage"
    store = await open_session(folder)
    await commit(store, "users", {"name": "Bob"})
    assert await record_ids(folder, "users") == [2]


@pytest.mark.parametrize("damage", [None, b"{}"])
async def test_a_lost_next_id_is_reported(tmp_path: Path, damage: bytes | None) -> None:
    """A client may know a deleted record by the id that a new record gets."""
    folder = tmp_path / "one"
    store = await open_session(folder)
    await commit(store, "users", {"name": "Ann"}, {"name": "Bob"})
    transaction = store.commits.begin()
    transaction.resource("users").delete(2)
    store.commits.commit(transaction)
    await store.close()
    meta = folder / ".schemas" / "users.meta.json"
    if damage is None:
        meta.unlink()
    else:
        meta.write_bytes(damage)

    repaired = repair_session(folder)

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
    await (await open_session(folder)).close()
    (folder / name).unlink(missing_ok=True)
    make(folder / name)

    repaired = repair_session(folder)

    assert f"{name} is not an ordinary file: moved, as it is, to the originals" in repaired.report
    assert _is_there(repaired.originals / name)
    assert inspect(folder).problem is None
    assert await record_ids(folder, "users") == [1, *range(3, 15)]
    await commit(await open_session(folder), "notes", {"text": "next"})


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, _link])
async def test_an_entry_in_the_place_of_the_schemas_directory_is_moved_aside(
    folder: Path, make: Callable[[Path], None]
) -> None:
    await (await open_session(folder)).close()
    shutil.rmtree(folder / ".schemas")
    make(folder / ".schemas")

    repaired = repair_session(folder)

    assert _is_there(repaired.originals / ".schemas")
    assert inspect(folder).problem is None
    assert await record_ids(folder, "users") == [1, *range(3, 15)]
    assert (await open_session(folder)).data.fields("users") == {"id", "name"}


async def test_endless_nesting_is_damage(folder: Path) -> None:
    damage_file(folder / "users.json", b'"user 3"', b"[" * 200_000)

    repair_session(folder)

    assert await record_ids(folder, "users") == [1, *range(4, 15)]


async def test_two_records_with_the_same_id_are_both_kept(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "pets.json").write_bytes(b'[{"id": 1, "n": "a"},\n {"id": 1, "n": "b"}, 7]')

    repaired = repair_session(folder)

    store = await open_session(folder)
    assert [*store.commits.begin().resource("pets").list()[0]] == [
        {"id": 1, "n": "a"},
        {"id": 2, "n": "b"},
    ]
    assert "1 damaged left out, 1 given a new id" in repaired.report[0]


async def test_a_new_id_was_not_given_out_in_the_journal(folder: Path) -> None:
    damage_file(folder / "users.json", b'{"id":3,', b'{"id":1,')

    repair_session(folder)

    store = await open_session(folder)
    assert store.commits.begin().resource("users").get(15) == {"id": 15, "name": "user 3"}
    assert await record_ids(folder, "users") == [1, 4, 5, 6, 7, 8, 9, 10, 15, 11, 12, 13, 14]


async def test_the_whole_records_of_a_truncated_indented_file_are_kept(tmp_path: Path) -> None:
    """An object within a record is not mistaken for a record."""
    folder = tmp_path / "one"
    folder.mkdir()
    text = '[\n  {\n    "id": 5,\n    "of": [\n      {"id": 77}\n    ]\n  },\n  {\n    "id": 6'
    (folder / "pets.json").write_text(text)

    repair_session(folder)

    assert await record_ids(folder, "pets") == [5]


async def test_a_repair_interrupted_anywhere_can_be_repeated(folder: Path) -> None:
    """The disk refuses each call in turn: the next repair keeps as much as the first would have."""
    damage_file(folder / "users.json", b'"user 3"', b'"user 3')
    whole = files_of(folder)
    salts = itertools.count(1)

    for refused in itertools.count(1):
        disk = MemoryDisk(whole)
        disk.refuses_at = refused
        try:
            repair(folder, disk, now, lambda: next(salts))
        except OSError:
            repair(folder, disk, now, lambda: next(salts))
        else:
            break
        store = SessionStore(folder, files=disk, now=now)
        await store.load()
        users = [record["id"] for record in store.commits.begin().resource("users").list()[0]]
        notes = [record["id"] for record in store.commits.begin().resource("notes").list()[0]]
        assert (users, notes) == ([1, *range(4, 15)], [1, 2, 3]), refused
        originals = [path for path in disk.content if ".before-repair-" in str(path)]
        assert any(disk.content[path] == whole[folder / "users.json"] for path in originals)

    assert refused > 20
