"""A repair keeps every good frame of a damaged journal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store import version_1
from tests.store.recovery.sessions import (
    commit,
    damage_file,
    open_session,
    record_ids,
    repair_session,
)


async def test_every_good_frame_of_a_damaged_journal_is_kept(folder: Path) -> None:
    damage_file(folder / ".journal", b'"user 12"', b'"user XX"')

    repaired = repair_session(folder)

    assert await record_ids(folder, "users") == [1, *range(3, 12), 13, 14]
    assert await record_ids(folder, "notes") == [1, 2, 3]
    assert any("1 of 8 transactions are lost" in text for text in repaired.report)


async def test_a_journal_with_a_damaged_header_length_is_salvaged(folder: Path) -> None:
    """The frames name the salt."""
    raw = (folder / ".journal").read_bytes()
    (folder / ".journal").write_bytes(b"\0\0\0\0" + raw[4:])

    repaired = repair_session(folder)

    assert await record_ids(folder, "users") == [1, *range(3, 15)]
    assert await record_ids(folder, "notes") == [1, 2, 3]
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

    repaired = repair_session(folder)

    assert await record_ids(folder, "users") == [1, *range(3, 15)]
    assert await record_ids(folder, "notes") == [1, 2, 3]
    assert not any("transactions" in text or "as LARST wrote" in text for text in repaired.report)


async def test_a_damaged_frame_does_not_hide_the_salt(folder: Path) -> None:
    """The first frame is damaged; the next one names the salt."""
    journal = folder / ".journal"
    raw = damage_file(journal, b'"user 11"', b'"user XX"')
    journal.write_bytes(raw.replace(b'"salt":', b'"sa\0\0":', 1))  # in the header

    repaired = repair_session(folder)

    assert await record_ids(folder, "users") == [1, *range(3, 11), 12, 13, 14]
    assert any("1 of 8 transactions are lost" in text for text in repaired.report)


async def test_a_single_frame_behind_a_damaged_header_is_salvaged(tmp_path: Path) -> None:
    """A frame needs no second one to be verified."""
    store = await open_session(tmp_path / "one")
    await commit(store, "users", {"name": "Ann"})
    journal = tmp_path / "one" / ".journal"
    raw = journal.read_bytes()
    end = raw.index(b"}\n") + 2
    journal.write_bytes(bytes(end) + raw[end:])

    repaired = repair_session(tmp_path / "one")

    assert await record_ids(tmp_path / "one", "users") == [1]
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
        repair_session(folder)
        return folder

    async def _next_id(self, folder: Path) -> int:
        store = await open_session(folder)
        await commit(store, "users", {})
        return int((await record_ids(folder, "users"))[-1])

    async def test_a_damaged_document_is_repaired(self, tmp_path: Path) -> None:
        folder = await self._repaired(tmp_path, lambda content: content + b"x", "users.json")

        assert await record_ids(folder, "users") == [1, 2, 4]
        assert await self._next_id(folder) == 5

    async def test_a_damaged_header_is_repaired_by_its_salt(self, tmp_path: Path) -> None:
        folder = await self._repaired(tmp_path, lambda raw: bytes(4) + raw[4:], ".journal")

        assert await record_ids(folder, "users") == [1, 2, 4]
        assert await self._next_id(folder) == 5

    async def test_a_lost_journal_gives_no_id_out_twice(self, tmp_path: Path) -> None:
        """The version is unknown then, and to skip an id is harmless."""
        folder = await self._repaired(tmp_path, lambda raw: bytes(len(raw)), ".journal")

        assert await record_ids(folder, "users") == [1, 2]
        assert await self._next_id(folder) == 4
