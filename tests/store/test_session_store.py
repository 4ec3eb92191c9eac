"""A session on disk: what was flushed is there after any end, and nothing is half there."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from larst.errors import DiskRefusedError, SessionDamagedError
from larst.store import DiskFiles
from tests.store.disks import HaltingDisk, MemoryDisk
from tests.store.stores import HOME, JOURNAL, all_of, insert, opened

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab._ é"), inner, max_size=4)
    ),
    max_leaves=12,
)


async def _three_flushes() -> tuple[bytes, list[list[dict[str, Any]]]]:
    """Return a journal of three frames, and the records before, between and after them."""
    disk = MemoryDisk()
    store = await opened(disk)
    states: list[list[dict[str, Any]]] = [[]]
    for number in range(3):
        await insert(store, "users", {"n": number})
        await store.flush()
        states.append(all_of(store))
    return disk.content[JOURNAL], states


class TestTransactions:
    async def test_what_is_not_committed_never_was(self) -> None:
        store = await opened(MemoryDisk())
        await insert(store, "users", {"name": "A"})

        dropped = store.begin()
        dropped.resource("users").insert({"name": "B"})
        dropped.resource("users").delete(1)

        assert all_of(store) == [{"id": 1, "name": "A"}]
        assert [user["name"] for user in dropped.resource("users").list()[0]] == ["B"]

    async def test_a_transaction_spans_resources(self) -> None:
        disk = MemoryDisk()
        store = await opened(disk)
        transaction = store.begin()
        transaction.resource("users").insert({"name": "A"})
        transaction.resource("logs").insert({"what": "created"})
        store.commit(transaction)
        await store.flush()

        again = await opened(MemoryDisk(disk.content))

        assert again.names() == ["logs", "users"]

    async def test_nothing_is_made_by_reading(self) -> None:
        """Else every odd session id would leave a directory."""
        disk = MemoryDisk()
        store = await opened(disk)
        assert store.commit(store.begin()) is False
        await store.flush()
        await store.close()

        assert (disk.calls, disk.content) == (0, {})


class TestFiles:
    async def test_folded_files_are_as_documented(self, tmp_path: Path) -> None:
        """SPEC section 7: people and other programs read them."""
        store = await opened(DiskFiles(), tmp_path / "s")
        await insert(store, "users", {"name": "A"}, {"name": "B", "age": 3})
        await store.close()

        users = (tmp_path / "s" / "users.json").read_text()
        schema = orjson.loads((tmp_path / "s" / ".schemas" / "users.json").read_bytes())
        meta = orjson.loads((tmp_path / "s" / ".schemas" / "users.meta.json").read_bytes())

        assert users == '[\n{"id":1,"name":"A"},\n{"id":2,"name":"B","age":3}\n]\n'
        assert schema["fields"] == ["age", "id", "name"]
        assert schema["example"] == {"id": 1, "name": "A"}
        assert schema["updated_at"] == "2026-11-23T00:00:00+00:00"
        assert schema["json_schema"]["required"] == ["id", "name"]
        assert meta == {"auto_id": 2}

    async def test_ids_are_not_given_out_again_after_a_restart(self) -> None:
        disk = MemoryDisk()
        store = await opened(disk)
        await insert(store, "users", {}, {})
        transaction = store.begin()
        transaction.resource("users").delete(2)
        store.commit(transaction)
        await store.close()

        again = await opened(disk)
        await insert(again, "users", {})

        assert [user["id"] for user in all_of(again)] == [1, 3]

    async def test_files_that_came_without_a_journal_are_adopted(self, tmp_path: Path) -> None:
        """A session can be seeded by hand: a fixture copied into its folder."""
        folder = tmp_path / "s"
        folder.mkdir()
        (folder / "users.json").write_text('[{"name": "A"}, {"id": 7, "name": "B"}]')

        store = await opened(DiskFiles(), folder)
        await insert(store, "users", {"name": "C"})
        await store.close()
        again = await opened(DiskFiles(), folder)

        assert [user["id"] for user in all_of(again)] == [1, 7, 8]
        assert again.fields("users") == {"id", "name"}

    async def test_a_symbolic_link_is_never_followed(self, tmp_path: Path) -> None:
        """No session reads another one's files, or the machine's."""
        secret = tmp_path / "secret.json"
        secret.write_text('[{"id": 1, "token": "x"}]')
        folder = tmp_path / "s"
        folder.mkdir()
        (folder / "users.json").symlink_to(secret)

        with pytest.raises(DiskRefusedError):
            await opened(DiskFiles(), folder)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    @given(record=st.dictionaries(st.text("ab._ é"), JSON_VALUES, max_size=5))
    async def test_every_record_comes_back_exactly(self, record: dict[str, Any]) -> None:
        """Through the journal, and through the folded files."""
        record.pop("id", None)
        disk = MemoryDisk()
        store = await opened(disk)
        await insert(store, "users", record)
        await store.flush()
        from_journal = all_of(await opened(MemoryDisk(disk.content)))
        await store.checkpoint()
        from_files = all_of(await opened(MemoryDisk(disk.content)))

        assert repr(from_journal) == repr(from_files) == repr([{"id": 1, **record}])


class TestCrashes:
    async def _history(self, disk: MemoryDisk) -> list[list[int]]:
        """Write, checkpoint, delete, write again; return the ids that were acknowledged at each flush."""
        store = await opened(disk)
        acknowledged: list[list[int]] = []
        for step in range(6):
            await insert(store, "users", {"n": step}, {"n": step})
            transaction = store.begin()
            transaction.resource("users").delete(2 * step)
            transaction.resource("logs").insert({"step": step})
            store.commit(transaction)
            await store.flush()
            acknowledged.append([user["id"] for user in all_of(store)])
            if step in (1, 3):
                await store.checkpoint()
        return acknowledged

    async def test_a_crash_between_any_two_calls_leaves_a_whole_state(self) -> None:
        """It is one that a flush had acknowledged, or the one just being flushed."""
        disk = MemoryDisk()
        acknowledged = [[], *await self._history(disk)]

        seen = [
            [user["id"] for user in all_of(await opened(MemoryDisk(content)))]
            for content in [*disk.history, disk.content]
        ]

        assert len(seen) > 40
        assert [ids for ids in seen if ids not in acknowledged] == []
        positions = [acknowledged.index(ids) for ids in seen]
        assert positions == sorted(positions), "an acknowledged state was lost again"

    async def test_every_cut_of_the_journal_is_a_whole_earlier_state(self) -> None:
        """A torn tail is an unfinished write: it is cut off, and what was before it stands."""
        whole, states = await _three_flushes()
        header_end = whole.index(b"}\n") + 2  # a checksum may hold a newline of its own

        for end in range(header_end, len(whole) + 1):
            torn = MemoryDisk({JOURNAL: whole[:end]})
            loaded = await opened(torn)
            assert all_of(loaded) in states
            await insert(loaded, "users", {"after": True})
            await loaded.flush()
            assert all_of(await opened(MemoryDisk(torn.content))) == all_of(loaded)

    async def test_a_flipped_byte_is_never_a_wrong_record(self) -> None:
        """It is damage, or (in the last frame) an unfinished write; never other data."""
        whole, states = await _three_flushes()
        last_frame = whole.rindex(b'{"tx"') - 8

        for place in range(len(whole)):
            flipped = bytearray(whole)
            flipped[place] ^= 0x41
            try:
                loaded = await opened(MemoryDisk({JOURNAL: bytes(flipped)}))
            except SessionDamagedError:
                continue
            assert all_of(loaded) in states
            assert place >= last_frame, "an acknowledged transaction was dropped in silence"

    @pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS])
    async def test_a_refused_call_loses_nothing_and_leaves_nothing_half_done(
        self, error: int
    ) -> None:
        """Whichever call fails: what was acknowledged stays, and the session goes on."""
        counted = MemoryDisk()
        await self._history(counted)

        for call in range(1, counted.calls + 1):
            disk = MemoryDisk()
            disk.refuses_at, disk.error = call, error
            store = await opened(disk)
            acknowledged: list[dict[str, Any]] = []
            for step in range(6):
                await insert(store, "users", {"n": step}, {"n": step})
                try:
                    await store.flush()
                except DiskRefusedError:
                    await store.reload()
                    assert all_of(store) == acknowledged
                acknowledged = all_of(store)
                if step in (1, 3):
                    await store.checkpoint()
            assert all_of(await opened(MemoryDisk(disk.content))) == acknowledged, call


class TestFolding:
    async def test_what_is_committed_while_a_fold_runs_is_kept(self) -> None:
        """It belongs to the new journal: the files stand for the moment before."""
        disk = HaltingDisk()
        store = await opened(disk)
        await insert(store, "users", {"n": 1})
        await store.flush()
        disk.may_go_on.clear()
        folding = asyncio.create_task(store.checkpoint())
        await asyncio.to_thread(disk.is_halted.wait, 20)

        await insert(store, "users", {"n": 2})
        flushing = asyncio.create_task(store.flush())
        disk.may_go_on.set()
        await asyncio.gather(folding, flushing)

        assert orjson.loads(disk.content[HOME / "users.json"]) == [{"id": 1, "n": 1}]
        assert all_of(await opened(MemoryDisk(disk.content))) == all_of(store)
        await store.checkpoint()
        assert len(orjson.loads(disk.content[HOME / "users.json"])) == 2

    async def test_what_is_committed_while_the_journal_is_written_before_a_fold_is_kept(
        self,
    ) -> None:
        """Such a resource is not in the files of that checkpoint: the next one has to write it."""
        disk = HaltingDisk()
        store = await opened(disk)
        await insert(store, "users", {"n": 1})
        disk.may_go_on.clear()
        folding = asyncio.create_task(store.checkpoint())
        await asyncio.to_thread(disk.is_halted.wait, 20)

        await insert(store, "others", {"n": 2})
        disk.may_go_on.set()
        await folding
        await store.flush()
        await insert(store, "users", {"n": 3})
        await store.checkpoint()

        again = await opened(MemoryDisk(disk.content))
        assert [len(all_of(again, name)) for name in ("users", "others")] == [2, 1]

    async def test_a_large_journal_is_folded_while_the_session_works(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A session that is never idle would else grow its journal for ever."""
        monkeypatch.setattr("larst.store.session_store.CHECKPOINT_BYTES", 1000)
        disk = MemoryDisk()
        store = await opened(disk)

        for number in range(200):
            await insert(store, "users", {"n": number})
            await store.flush()
            assert len(disk.content[JOURNAL]) < 20_000

        assert len(all_of(await opened(MemoryDisk(disk.content)))) == 200

    async def test_only_what_changed_is_written_again(self) -> None:
        disk = MemoryDisk()
        store = await opened(disk)
        await insert(store, "users", {"n": 1})
        await insert(store, "logs", {"n": 1})
        await store.checkpoint()
        before = disk.content[HOME / "logs.json"]
        disk.history.clear()

        await insert(store, "users", {"n": 2})
        await store.checkpoint()

        assert all(HOME / "logs.json.tmp" not in content for content in disk.history)
        assert disk.content[HOME / "logs.json"] is before


class TestDamage:
    async def _folded(self, tmp_path: Path) -> Path:
        folder = tmp_path / "s"
        store = await opened(DiskFiles(), folder)
        await insert(store, "users", {"name": "Alice"})
        await store.close()
        return folder

    async def test_a_changed_file_is_set_aside_and_nothing_is_overwritten(
        self, tmp_path: Path
    ) -> None:
        folder = await self._folded(tmp_path)
        damaged = (folder / "users.json").read_bytes().replace(b"Alice", b"Alicf")
        (folder / "users.json").write_bytes(damaged)

        with pytest.raises(SessionDamagedError, match=r"users\.json"):
            await opened(DiskFiles(), folder)

        assert (folder / "users.json.damaged-20261123T000000Z").read_bytes() == damaged
        with pytest.raises(SessionDamagedError, match="set aside"):
            await opened(DiskFiles(), folder)

    async def test_a_hand_edited_file_is_accepted_once_the_journal_is_removed(
        self, tmp_path: Path
    ) -> None:
        """The error says how; whoever edits a file means it."""
        folder = await self._folded(tmp_path)
        edited = folder / "users.json"
        edited.write_text('[{"id": 1, "name": "Bob"}]')
        with pytest.raises(SessionDamagedError, match=r"remove \.journal"):
            await opened(DiskFiles(), folder)

        (folder / "users.json.damaged-20261123T000000Z").rename(edited)
        (folder / ".journal").unlink()

        assert all_of(await opened(DiskFiles(), folder)) == [{"id": 1, "name": "Bob"}]

    async def test_a_missing_file_is_told_and_not_taken_for_an_empty_one(
        self, tmp_path: Path
    ) -> None:
        folder = await self._folded(tmp_path)
        (folder / "users.json").unlink()

        with pytest.raises(SessionDamagedError, match="missing"):
            await opened(DiskFiles(), folder)

    async def test_a_file_that_is_no_json_is_set_aside(self, tmp_path: Path) -> None:
        folder = tmp_path / "s"
        folder.mkdir()
        (folder / "users.json").write_text("[{]")

        with pytest.raises(SessionDamagedError, match="cannot be read"):
            await opened(DiskFiles(), folder)
