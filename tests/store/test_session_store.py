"""A session on disk: after any crash, all flushed transactions are there, each as a whole."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from larst.errors import SessionDamagedError
from larst.store import DiskFiles, SessionStore, Threads
from larst.store.collection import RecordState
from larst.store.transfer.replacing import free
from tests.store.disks import HaltingDisk, MemoryDisk
from tests.store.stores import HOME, JOURNAL, ids_of, insert, now, open_store, records_of

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


class TestTransactions:
    async def test_a_dropped_transaction_changes_nothing(self) -> None:
        store = await open_store(MemoryDisk())
        await insert(store, "users", {"name": "A"})

        dropped = store.commits.begin()
        dropped.resource("users").insert({"name": "B"})
        dropped.resource("users").delete(1)

        assert records_of(store) == [{"id": 1, "name": "A"}]
        assert [user["name"] for user in dropped.resource("users").list()[0]] == ["B"]

    async def test_a_transaction_spans_resources(self) -> None:
        disk = MemoryDisk()
        store = await open_store(disk)
        transaction = store.commits.begin()
        transaction.resource("users").insert({"name": "A"})
        transaction.resource("logs").insert({"event": "created"})
        store.commits.commit(transaction)
        await store.durability.flush()

        reopened = await open_store(MemoryDisk(disk.content))

        assert reopened.data.names() == ["logs", "users"]

    async def test_reading_does_not_create_files(self) -> None:
        """Otherwise every mistyped session id would leave a directory behind."""
        disk = MemoryDisk()
        store = await open_store(disk)
        assert store.commits.commit(store.commits.begin()) is False
        await store.durability.flush()
        await store.close()

        assert (disk.calls, disk.content) == (0, {})


class TestFiles:
    async def test_a_checkpoint_writes_the_documented_files(self, tmp_path: Path) -> None:
        """SPEC section 7: users and other programs read them."""
        store = await open_store(DiskFiles(), tmp_path / "s")
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
        assert meta == {"auto_id": 3}

    async def test_a_deleted_id_is_not_generated_again_after_a_restart(self) -> None:
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {}, {})
        transaction = store.commits.begin()
        transaction.resource("users").delete(2)
        store.commits.commit(transaction)
        await store.close()

        reopened = await open_store(disk)
        await insert(reopened, "users", {})

        assert [user["id"] for user in records_of(reopened)] == [1, 3]

    async def test_files_without_a_journal_are_adopted(self, tmp_path: Path) -> None:
        """To seed a session, a user may copy a file into its directory."""
        folder = tmp_path / "s"
        folder.mkdir()
        (folder / "users.json").write_text('[{"name": "A"}, {"id": 7, "name": "B"}]')

        store = await open_store(DiskFiles(), folder)
        await insert(store, "users", {"name": "C"})
        await store.close()
        reopened = await open_store(DiskFiles(), folder)

        assert [user["id"] for user in records_of(reopened)] == [1, 7, 8]
        assert reopened.data.fields("users") == {"id", "name"}

    async def test_a_symbolic_link_is_never_followed(self, tmp_path: Path) -> None:
        """Otherwise a session could read files of other sessions or of the host."""
        secret = tmp_path / "secret.json"
        secret.write_text('[{"id": 1, "token": "x"}]')
        folder = tmp_path / "s"
        folder.mkdir()
        (folder / "users.json").symlink_to(secret)

        with pytest.raises(SessionDamagedError, match="ordinary"):
            await open_store(DiskFiles(), folder)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    @given(record=st.dictionaries(st.text("ab._ é"), JSON_VALUES, max_size=5))
    async def test_every_record_comes_back_exactly(self, record: dict[str, Any]) -> None:
        """Through the journal, and through the documented files."""
        record.pop("id", None)
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", record)
        await store.durability.flush()
        from_journal = records_of(await open_store(MemoryDisk(disk.content)))
        await store.durability.checkpoint()
        from_files = records_of(await open_store(MemoryDisk(disk.content)))

        assert repr(from_journal) == repr(from_files) == repr([{"id": 1, **record}])


class TestCheckpoints:
    async def test_a_commit_during_a_checkpoint_goes_to_the_new_journal(self) -> None:
        """The files hold the state at the start of the checkpoint."""
        disk = HaltingDisk()
        store = await open_store(disk)
        await insert(store, "users", {"n": 1})
        await store.durability.flush()
        disk.may_go_on.clear()
        checkpointing = asyncio.create_task(store.durability.checkpoint())
        await asyncio.to_thread(disk.is_halted.wait, 20)

        await insert(store, "users", {"n": 2})
        flushing = asyncio.create_task(store.durability.flush())
        disk.may_go_on.set()
        await asyncio.gather(checkpointing, flushing)

        assert orjson.loads(disk.content[HOME / "users.json"]) == [{"id": 1, "n": 1}]
        assert records_of(await open_store(MemoryDisk(disk.content))) == records_of(store)
        await store.durability.checkpoint()
        assert len(orjson.loads(disk.content[HOME / "users.json"])) == 2

    async def test_a_commit_during_the_flush_before_a_checkpoint_is_in_the_next_one(self) -> None:
        """The running checkpoint does not contain the resource, so it stays dirty."""
        disk = HaltingDisk()
        store = await open_store(disk)
        await insert(store, "users", {"n": 1})
        disk.may_go_on.clear()
        checkpointing = asyncio.create_task(store.durability.checkpoint())
        await asyncio.to_thread(disk.is_halted.wait, 20)

        await insert(store, "others", {"n": 2})
        disk.may_go_on.set()
        await checkpointing
        await store.durability.flush()
        await insert(store, "users", {"n": 3})
        await store.durability.checkpoint()

        reopened = await open_store(MemoryDisk(disk.content))
        assert [len(records_of(reopened, name)) for name in ("users", "others")] == [2, 1]

    async def test_a_large_journal_is_checkpointed_while_the_session_is_busy(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Otherwise the journal of a session that is never idle would grow without limit."""
        monkeypatch.setattr("larst.store.checkpoint_choice.CHECKPOINT_BYTES", 1000)
        disk = MemoryDisk()
        store = await open_store(disk)

        for number in range(200):
            await insert(store, "users", {"n": number})
            await store.durability.flush()
            await store.checkpoints.finished()
            assert len(disk.content[JOURNAL]) < 20_000

        assert len(records_of(await open_store(MemoryDisk(disk.content)))) == 200

    async def test_a_checkpoint_writes_only_changed_resources(self) -> None:
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {"n": 1})
        await insert(store, "logs", {"n": 1})
        await store.durability.checkpoint()
        before = disk.content[HOME / "logs.json"]
        disk.history.clear()

        await insert(store, "users", {"n": 2})
        await store.durability.checkpoint()

        assert all(HOME / "logs.json.tmp" not in content for content in disk.history)
        assert disk.content[HOME / "logs.json"] is before


async def test_the_memory_of_many_records_is_freed_in_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Freeing 100,000 records at once held the event loop for 50 ms."""
    monkeypatch.setattr("larst.store.session_writer.FEW_RECORDS", 2)
    disk, threads = MemoryDisk(), Threads()
    store = SessionStore(HOME, files=disk, now=now, threads=threads)
    await store.load()
    await insert(store, "users", {}, {}, {})
    await store.close()
    (records,) = [collection.records for collection in store.data.resources.values()]

    store.release()
    assert len(records) == 3
    await threads.finished(free)

    assert records == {}
    assert ids_of(await open_store(disk)) == [1, 2, 3]


async def test_a_read_does_not_keep_released_records_in_memory() -> None:
    """A remembered reply kept all records of a session that had gone to sleep."""
    store = await open_store(MemoryDisk())
    await insert(store, "users", {"name": "Ann"}, {"name": "Ben"})
    await store.durability.flush()
    store.data.note_reads(is_on=True)
    assert store.data.record("users", "1") is not None
    states = store.data.states_read()
    assert states is not None
    assert all(state.is_current for state in states)
    (record_state,) = [state for state in states if isinstance(state, RecordState)]

    store.release()

    assert record_state.collection.records == {}
    assert not all(state.is_current for state in states)
