"""A session on disk: what was flushed is there after any end, and nothing is half there."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from larst.errors import BodyTooLargeError, DiskRefusedError, SessionDamagedError
from larst.store import DiskFiles, SessionStore, restoring
from larst.store import journal as journal_module
from larst.store.collection import Collection
from larst.store.files import FileOps
from larst.store.journal import Journal
from larst.store.restoring import replacements_of
from larst.store.session_files import SessionFiles
from tests.larst.store.disks import HaltingDisk, MemoryDisk

HOME = Path("/data/session")
JOURNAL = HOME / ".journal"
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


def _now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


async def _open(disk: FileOps, directory: Path = HOME) -> SessionStore:
    store = SessionStore(directory, files=disk, now=_now)
    await store.load()
    return store


async def _insert(store: SessionStore, resource: str, *records: dict[str, Any]) -> None:
    transaction = store.begin()
    for record in records:
        transaction.resource(resource).insert(record)
    store.commit(transaction)


def _all(store: SessionStore, resource: str = "users") -> list[dict[str, Any]]:
    return list(store.begin().resource(resource).list()[0])


async def _three_flushes() -> tuple[bytes, list[list[dict[str, Any]]]]:
    """Return a journal of three frames, and the records before, between and after them."""
    disk = MemoryDisk()
    store = await _open(disk)
    states: list[list[dict[str, Any]]] = [[]]
    for number in range(3):
        await _insert(store, "users", {"n": number})
        await store.flush()
        states.append(_all(store))
    return disk.content[JOURNAL], states


class TestTransactions:
    async def test_what_is_not_committed_never_was(self) -> None:
        store = await _open(MemoryDisk())
        await _insert(store, "users", {"name": "A"})

        dropped = store.begin()
        dropped.resource("users").insert({"name": "B"})
        dropped.resource("users").delete(1)

        assert _all(store) == [{"id": 1, "name": "A"}]
        assert [user["name"] for user in dropped.resource("users").list()[0]] == ["B"]

    async def test_a_transaction_spans_resources(self) -> None:
        disk = MemoryDisk()
        store = await _open(disk)
        transaction = store.begin()
        transaction.resource("users").insert({"name": "A"})
        transaction.resource("logs").insert({"what": "created"})
        store.commit(transaction)
        await store.flush()

        again = await _open(MemoryDisk(disk.content))

        assert again.names() == ["logs", "users"]

    async def test_nothing_is_made_by_reading(self) -> None:
        """Else every odd session id would leave a directory."""
        disk = MemoryDisk()
        store = await _open(disk)
        assert store.commit(store.begin()) is False
        await store.flush()
        await store.close()

        assert (disk.calls, disk.content) == (0, {})


class TestFiles:
    async def test_folded_files_are_as_documented(self, tmp_path: Path) -> None:
        """SPEC section 7: people and other programs read them."""
        store = await _open(DiskFiles(), tmp_path / "s")
        await _insert(store, "users", {"name": "A"}, {"name": "B", "age": 3})
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
        store = await _open(disk)
        await _insert(store, "users", {}, {})
        transaction = store.begin()
        transaction.resource("users").delete(2)
        store.commit(transaction)
        await store.close()

        again = await _open(disk)
        await _insert(again, "users", {})

        assert [user["id"] for user in _all(again)] == [1, 3]

    async def test_files_that_came_without_a_journal_are_adopted(self, tmp_path: Path) -> None:
        """A session can be seeded by hand: a fixture copied into its folder."""
        folder = tmp_path / "s"
        folder.mkdir()
        (folder / "users.json").write_text('[{"name": "A"}, {"id": 7, "name": "B"}]')

        store = await _open(DiskFiles(), folder)
        await _insert(store, "users", {"name": "C"})
        await store.close()
        again = await _open(DiskFiles(), folder)

        assert [user["id"] for user in _all(again)] == [1, 7, 8]
        assert again.fields("users") == {"id", "name"}

    async def test_a_symbolic_link_is_never_followed(self, tmp_path: Path) -> None:
        """No session reads another one's files, or the machine's."""
        secret = tmp_path / "secret.json"
        secret.write_text('[{"id": 1, "token": "x"}]')
        folder = tmp_path / "s"
        folder.mkdir()
        (folder / "users.json").symlink_to(secret)

        with pytest.raises(DiskRefusedError):
            await _open(DiskFiles(), folder)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    @given(record=st.dictionaries(st.text("ab._ é"), JSON_VALUES, max_size=5))
    async def test_every_record_comes_back_exactly(self, record: dict[str, Any]) -> None:
        """Through the journal, and through the folded files."""
        record.pop("id", None)
        disk = MemoryDisk()
        store = await _open(disk)
        await _insert(store, "users", record)
        await store.flush()
        from_journal = _all(await _open(MemoryDisk(disk.content)))
        await store.fold()
        from_files = _all(await _open(MemoryDisk(disk.content)))

        assert repr(from_journal) == repr(from_files) == repr([{"id": 1, **record}])


class TestCrashes:
    async def _history(self, disk: MemoryDisk) -> list[list[int]]:
        """Write, fold, delete, write again; return the ids that were acknowledged at each flush."""
        store = await _open(disk)
        acknowledged: list[list[int]] = []
        for step in range(6):
            await _insert(store, "users", {"n": step}, {"n": step})
            transaction = store.begin()
            transaction.resource("users").delete(2 * step)
            transaction.resource("logs").insert({"step": step})
            store.commit(transaction)
            await store.flush()
            acknowledged.append([user["id"] for user in _all(store)])
            if step in (1, 3):
                await store.fold()
        return acknowledged

    async def test_a_crash_between_any_two_calls_leaves_a_whole_state(self) -> None:
        """It is one that a flush had acknowledged, or the one just being flushed."""
        disk = MemoryDisk()
        acknowledged = [[], *await self._history(disk)]

        seen = [
            [user["id"] for user in _all(await _open(MemoryDisk(content)))]
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
            loaded = await _open(torn)
            assert _all(loaded) in states
            await _insert(loaded, "users", {"after": True})
            await loaded.flush()
            assert _all(await _open(MemoryDisk(torn.content))) == _all(loaded)

    async def test_a_flipped_byte_is_never_a_wrong_record(self) -> None:
        """It is damage, or (in the last frame) an unfinished write; never other data."""
        whole, states = await _three_flushes()
        last_frame = whole.rindex(b'{"tx"') - 8

        for place in range(len(whole)):
            flipped = bytearray(whole)
            flipped[place] ^= 0x41
            try:
                loaded = await _open(MemoryDisk({JOURNAL: bytes(flipped)}))
            except SessionDamagedError:
                continue
            assert _all(loaded) in states
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
            store = await _open(disk)
            acknowledged: list[dict[str, Any]] = []
            for step in range(6):
                await _insert(store, "users", {"n": step}, {"n": step})
                try:
                    await store.flush()
                except DiskRefusedError:
                    await store.reload()
                    assert _all(store) == acknowledged
                acknowledged = _all(store)
                if step in (1, 3):
                    await store.fold()
            assert _all(await _open(MemoryDisk(disk.content))) == acknowledged, call


class TestFolding:
    async def test_what_is_committed_while_a_fold_runs_is_kept(self) -> None:
        """It belongs to the new journal: the files stand for the moment before."""
        disk = HaltingDisk()
        store = await _open(disk)
        await _insert(store, "users", {"n": 1})
        await store.flush()
        disk.may_go_on.clear()
        folding = asyncio.create_task(store.fold())
        await asyncio.to_thread(disk.is_halted.wait, 20)

        await _insert(store, "users", {"n": 2})
        flushing = asyncio.create_task(store.flush())
        disk.may_go_on.set()
        await asyncio.gather(folding, flushing)

        assert orjson.loads(disk.content[HOME / "users.json"]) == [{"id": 1, "n": 1}]
        assert _all(await _open(MemoryDisk(disk.content))) == _all(store)
        await store.fold()
        assert len(orjson.loads(disk.content[HOME / "users.json"])) == 2

    async def test_what_is_committed_while_the_journal_is_written_before_a_fold_is_kept(
        self,
    ) -> None:
        """Such a resource is not in the files of that fold: the next one has to write it."""
        disk = HaltingDisk()
        store = await _open(disk)
        await _insert(store, "users", {"n": 1})
        disk.may_go_on.clear()
        folding = asyncio.create_task(store.fold())
        await asyncio.to_thread(disk.is_halted.wait, 20)

        await _insert(store, "others", {"n": 2})
        disk.may_go_on.set()
        await folding
        await store.flush()
        await _insert(store, "users", {"n": 3})
        await store.fold()

        again = await _open(MemoryDisk(disk.content))
        assert [len(_all(again, name)) for name in ("users", "others")] == [2, 1]

    async def test_a_large_journal_is_folded_while_the_session_works(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A session that is never idle would else grow its journal for ever."""
        monkeypatch.setattr("larst.store.session_store.FOLD_BYTES", 1000)
        disk = MemoryDisk()
        store = await _open(disk)

        for number in range(200):
            await _insert(store, "users", {"n": number})
            await store.flush()
            assert len(disk.content[JOURNAL]) < 20_000

        assert len(_all(await _open(MemoryDisk(disk.content)))) == 200

    async def test_only_what_changed_is_written_again(self) -> None:
        disk = MemoryDisk()
        store = await _open(disk)
        await _insert(store, "users", {"n": 1})
        await _insert(store, "logs", {"n": 1})
        await store.fold()
        before = disk.content[HOME / "logs.json"]
        disk.history.clear()

        await _insert(store, "users", {"n": 2})
        await store.fold()

        assert all(HOME / "logs.json.tmp" not in content for content in disk.history)
        assert disk.content[HOME / "logs.json"] is before


class RefusingDisk(DiskFiles):
    """The real disk, which refuses to make names in one directory durable, and more."""

    def __init__(self, refuses_in: Path, *, is_stuck: bool = False) -> None:
        self.refuses_in: Path | None = refuses_in
        self.is_stuck = is_stuck
        self.has_refused = False

    def sync_directory(self, path: Path) -> None:
        if path == self.refuses_in and (self.is_stuck or not self.has_refused):
            self.has_refused = True
            raise OSError(errno.EIO, "I/O error")
        super().sync_directory(path)

    def rename(self, old: Path, new: Path) -> None:
        if self.has_refused and self.is_stuck:
            raise OSError(errno.EIO, "I/O error")
        super().rename(old, new)


class TestRestoring:
    async def test_a_journal_of_before_is_read_as_it_was(self) -> None:
        """Its imports named what was deleted, and had no word for a replacement."""
        change = {"put": [{"id": 2, "n": 2}], "del": ["1"], "auto_id": 2}
        disk = MemoryDisk()
        journal = Journal(HOME, disk, lambda: 7)
        first = {"put": [{"id": 1}, {"id": 3}], "del": [], "auto_id": 1}
        journal.append([{"resources": {"users": first}}, {"resources": {"users": change}}])

        store = await _open(disk)

        assert _all(store) == [{"id": 3}, {"id": 2, "n": 2}]

    async def test_what_is_gone_teaches_nothing_after_a_crash(self) -> None:
        """Two folds that each left part of the files: old records beside the new, blank schema."""
        disk = MemoryDisk()
        store = await _open(disk)
        await _insert(store, "users", {"n": 1})
        await store.flush()
        disk.refuses_at = disk.calls + 5  # the schema, with the records in place
        await store.fold()
        records = HOME / "users.json"
        old = disk.content[records]
        store.restore(replacements_of({"users": Collection()}))
        await store.flush()
        await store.fold()
        meta = HOME / ".schemas" / "users.meta.json"
        after = next(content for content in reversed(disk.history) if meta in content)
        journal = next(
            one for one in reversed(disk.history) if one[JOURNAL] != disk.content[JOURNAL]
        )
        mixture = {**after, records: old, JOURNAL: journal[JOURNAL]}
        del mixture[meta]

        again = await _open(MemoryDisk(mixture))

        assert _all(again) == []
        assert again.schema("users") is None

    async def test_what_was_shown_before_stays_as_it_was_shown(self) -> None:
        """An export that is under way is of one moment."""
        store = await _open(MemoryDisk())
        await _insert(store, "users", {"n": 1}, {"n": 2})
        await store.flush()
        shown = store.snapshot()

        store.restore(replacements_of({"users": Collection({"9": {"id": 9}}, 9)}))
        await store.flush()

        assert list(shown["users"].records) == ["1", "2"]
        assert _all(store) == [{"id": 9}]

    async def test_more_than_a_frame_can_hold_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(restoring, "MAX_TEXT_BYTES", 100)
        few = {str(number): {"id": number} for number in range(9)}
        many = {str(number): {"id": number} for number in range(90)}

        assert replacements_of({"users": Collection(few)})
        with pytest.raises(BodyTooLargeError):
            replacements_of({"users": Collection(many)})

    async def test_a_write_of_more_than_a_frame_can_hold_changes_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = await _open(MemoryDisk())
        await _insert(store, "users", {"n": 1})
        await store.flush()
        monkeypatch.setattr(journal_module, "MAX_FRAME_BYTES", 200)
        await _insert(store, "users", {"text": "x" * 300})

        with pytest.raises(DiskRefusedError, match="more than one write"):
            await store.flush()
        await store.reload()

        assert _all(store) == [{"id": 1, "n": 1}]
        await _insert(store, "users", {"n": 2})
        await store.flush()


class TestErasing:
    async def test_a_removal_that_is_not_durable_is_undone(self, tmp_path: Path) -> None:
        """Whoever was told that nothing was changed must find everything there."""
        disk = RefusingDisk(Path("nowhere"))
        store = await _open(disk, tmp_path / "one")
        await _insert(store, "users", {"n": 1})
        await store.flush()
        disk.refuses_in = tmp_path

        with pytest.raises(DiskRefusedError, match="nothing was changed"):
            await store.erase()

        await _insert(store, "users", {"n": 2})
        await store.flush()
        assert [user["n"] for user in _all(store)] == [1, 2]
        assert _all(await _open(DiskFiles(), tmp_path / "one")) == _all(store)

    async def test_one_that_cannot_be_undone_is_told_as_done(self, tmp_path: Path) -> None:
        """Memory is what the disk has, so that what is written next is whole."""
        disk = RefusingDisk(Path("nowhere"), is_stuck=True)
        store = await _open(disk, tmp_path / "one")
        await _insert(store, "users", {"n": 1})
        await store.flush()
        disk.refuses_in = tmp_path

        with pytest.raises(DiskRefusedError, match="is erased"):
            await store.erase()

        disk.refuses_in, disk.is_stuck = None, False
        await _insert(store, "users", {"n": 2})
        await store.flush()
        assert _all(store) == [{"id": 1, "n": 2}]
        assert _all(await _open(DiskFiles(), tmp_path / "one")) == [{"id": 1, "n": 2}]

    async def test_erasing_again_makes_an_erasure_durable(self, tmp_path: Path) -> None:
        disk = RefusingDisk(Path("nowhere"), is_stuck=True)
        store = await _open(disk, tmp_path / "one")
        await _insert(store, "users", {"n": 1})
        await store.flush()
        disk.refuses_in = tmp_path
        for _ in range(2):
            with pytest.raises(DiskRefusedError, match="is erased"):
                await store.erase()
        disk.refuses_in, disk.is_stuck = None, False

        await store.erase()

        assert not (tmp_path / "one").exists()


class EndingDisk(DiskFiles):
    """The real disk until a call, of those that change something, that does not come back."""

    def __init__(self, ends_at: int) -> None:
        self.left = ends_at

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        self._count()
        super().write_new(path, chunks)

    def make_directory(self, path: Path) -> None:
        self._count()
        super().make_directory(path)

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self._count()
        super().remove(path)

    def sync_directory(self, path: Path) -> None:
        self._count()
        super().sync_directory(path)

    def _count(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise OSError(errno.EIO, "I/O error")


class TestSettingAside:
    @pytest.mark.parametrize("ends_at", range(1, 16))
    async def test_broken_off_anywhere_it_keeps_all_and_shows_nothing_half(
        self, tmp_path: Path, ends_at: int
    ) -> None:
        """Some files without the others would pass for a whole session that holds less."""
        home = tmp_path / "one"
        store = await _open(DiskFiles(), home)
        for name in ("films", "users"):
            await _insert(store, name, {"n": 1})
        await store.close()
        (home / "users.json").write_bytes(b"damaged")
        with pytest.raises(SessionDamagedError):
            await _open(DiskFiles(), home)
        before = sorted(path.read_bytes() for path in home.rglob("*.json*"))

        with contextlib.suppress(OSError):
            _files_of(home, EndingDisk(ends_at)).set_all_aside()
        try:
            found = (await _open(DiskFiles(), home)).names()
        except SessionDamagedError:
            found = []
        _files_of(home, DiskFiles()).set_all_aside()

        assert found == []
        assert (await _open(DiskFiles(), home)).names() == []
        assert sorted(path.read_bytes() for path in home.rglob("*.json*")) == before


def _files_of(home: Path, disk: FileOps) -> SessionFiles:
    return SessionFiles(home, disk, _now, lambda: secrets.randbits(32))


class TestDamage:
    async def _folded(self, tmp_path: Path) -> Path:
        folder = tmp_path / "s"
        store = await _open(DiskFiles(), folder)
        await _insert(store, "users", {"name": "Alice"})
        await store.close()
        return folder

    async def test_a_changed_file_is_set_aside_and_nothing_is_overwritten(
        self, tmp_path: Path
    ) -> None:
        folder = await self._folded(tmp_path)
        damaged = (folder / "users.json").read_bytes().replace(b"Alice", b"Alicf")
        (folder / "users.json").write_bytes(damaged)

        with pytest.raises(SessionDamagedError, match=r"users\.json"):
            await _open(DiskFiles(), folder)

        assert (folder / "users.json.damaged-20261123T000000Z").read_bytes() == damaged
        with pytest.raises(SessionDamagedError, match="set aside"):
            await _open(DiskFiles(), folder)

    async def test_a_hand_edited_file_is_accepted_once_the_journal_is_removed(
        self, tmp_path: Path
    ) -> None:
        """The error says how; whoever edits a file means it."""
        folder = await self._folded(tmp_path)
        edited = folder / "users.json"
        edited.write_text('[{"id": 1, "name": "Bob"}]')
        with pytest.raises(SessionDamagedError, match=r"remove \.journal"):
            await _open(DiskFiles(), folder)

        (folder / "users.json.damaged-20261123T000000Z").rename(edited)
        (folder / ".journal").unlink()

        assert _all(await _open(DiskFiles(), folder)) == [{"id": 1, "name": "Bob"}]

    async def test_a_missing_file_is_told_and_not_taken_for_an_empty_one(
        self, tmp_path: Path
    ) -> None:
        folder = await self._folded(tmp_path)
        (folder / "users.json").unlink()

        with pytest.raises(SessionDamagedError, match="missing"):
            await _open(DiskFiles(), folder)

    async def test_a_file_that_is_no_json_is_set_aside(self, tmp_path: Path) -> None:
        folder = tmp_path / "s"
        folder.mkdir()
        (folder / "users.json").write_text("[{]")

        with pytest.raises(SessionDamagedError, match="cannot be read"):
            await _open(DiskFiles(), folder)
