"""The settings of a session: durable on their own, and never taken for data."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from larst.errors import DiskRefusedError, SessionDamagedError
from larst.store import DiskFiles, StoredSettings
from larst.store.disk.settings import SETTINGS, decode_settings, encode_settings
from larst.store.recovery.inspection import inspect
from larst.store.transfer.exporting import export_lines
from tests.store.disks import MemoryDisk, ReadOnlyDisk
from tests.store.power_disk import KilledError, PowerDisk
from tests.store.recovery.sessions import files_set_aside, repair_session
from tests.store.stores import ids_of, insert, open_store

OLD = StoredSettings(dialect="odata")
NEW = StoredSettings(dialect="json-server", unknown_query="refuse", learned_dialect="drf")


async def test_settings_survive_a_restart() -> None:
    disk = MemoryDisk()
    await (await open_store(disk)).settings.put(NEW)

    assert (await open_store(disk)).settings.current == NEW


async def test_a_learned_dialect_is_written_with_the_next_flush() -> None:
    disk = MemoryDisk()
    store = await open_store(disk)
    await insert(store, "users", {"n": 1})
    store.settings.learn_dialect("postgrest")
    await store.durability.flush()

    restarted = await open_store(disk)

    assert restarted.settings.current == StoredSettings(learned_dialect="postgrest")
    assert ids_of(restarted) == [1]


async def test_the_same_lesson_is_written_only_once() -> None:
    """Else every GET of a client that shows its dialect would write to the disk."""
    disk = MemoryDisk()
    store = await open_store(disk)
    await insert(store, "users", {"n": 1})
    store.settings.learn_dialect("postgrest")
    await store.durability.flush()
    calls = disk.calls

    store.settings.learn_dialect("postgrest")
    await store.durability.flush()

    assert disk.calls == calls


async def test_a_lesson_leaves_no_files_of_a_session_without_data() -> None:
    """Else each made-up session id of a GET would leave a directory. It is written with data."""
    disk = MemoryDisk()
    store = await open_store(disk)
    store.settings.learn_dialect("postgrest")
    await store.durability.flush()
    assert disk.content == {}

    await insert(store, "users", {"n": 1})
    await store.durability.flush()

    assert (await open_store(disk)).settings.current.learned_dialect == "postgrest"


async def test_a_disk_that_refuses_a_lesson_fails_no_request() -> None:
    """A GET works on a read-only disk; the session remembers the lesson until it sleeps."""
    disk = MemoryDisk()
    store = await open_store(disk)
    await insert(store, "users", {"n": 1})
    await store.durability.flush()
    store = await open_store(ReadOnlyDisk(disk.content))
    store.settings.learn_dialect("postgrest")

    await store.durability.flush()

    assert store.settings.current.learned_dialect == "postgrest"


async def test_settings_that_the_disk_refuses_are_not_in_use() -> None:
    store = await open_store(ReadOnlyDisk())

    with pytest.raises(DiskRefusedError):
        await store.settings.put(NEW)

    assert store.settings.current == StoredSettings()


async def test_erasing_a_session_erases_its_settings(tmp_path: Path) -> None:
    store = await open_store(DiskFiles(), tmp_path / "one")
    await store.settings.put(NEW)

    await store.erase()

    assert store.settings.current == StoredSettings()
    restarted = await open_store(DiskFiles(), tmp_path / "one")
    assert restarted.settings.current == StoredSettings()


@pytest.mark.parametrize("is_killed_only", [True, False])
async def test_a_loss_of_power_leaves_the_old_settings_or_the_new_ones(
    *, is_killed_only: bool
) -> None:
    """Never torn ones; and once `put` has returned, the new ones."""
    is_done, call = False, 0
    while not is_done:
        call += 1
        for seed in range(20):
            disk = PowerDisk(Random(seed))  # noqa: S311 - reproducible, not secret
            store = await open_store(disk)
            await store.settings.put(OLD)
            disk.dies_at = disk.calls + call
            try:
                await store.settings.put(NEW)
                is_done = True
            except KilledError:
                is_done = False
            disk.dies_at = 0
            if not is_killed_only:
                disk.lose_power()
            current = (await open_store(disk)).settings.current
            assert current == NEW if is_done else current in (OLD, NEW)
    assert call > 4


async def test_a_damaged_settings_file_is_set_aside_and_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_bytes(b'{"dialect":')

    for _ in range(2):
        with pytest.raises(SessionDamagedError, match=r"\.settings"):
            await open_store(DiskFiles(), tmp_path)

    (aside,) = files_set_aside(tmp_path)
    assert aside.read_bytes() == b'{"dialect":'


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"dialect":7}', b'{"dialect":"%b"}' % (b"x" * 101)]
)
def test_a_file_without_settings_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the store puts the message into its own
        decode_settings(content)


def test_names_of_a_newer_version_are_ignored() -> None:
    assert decode_settings(b'{"dialect":"odata","colour":"red"}') == OLD
    assert decode_settings(None) == StoredSettings()
    assert decode_settings(encode_settings(NEW)) == NEW


async def test_the_file_does_not_count_as_a_resource(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither for `larst check` nor for an export; LARST 0.1 skips all but `.json` files, too."""
    directory = tmp_path / "one"
    store = await open_store(DiskFiles(), directory)
    await insert(store, "users", {"n": 1})
    await store.durability.flush()
    await store.settings.put(NEW)
    await store.close()

    inspection = inspect(directory)

    assert (inspection.problem, inspection.remarks) == (None, ())
    assert inspection.records == {"users": 1}
    assert inspection.settings == NEW
    assert caplog.records == []
    assert b"json-server" not in b"".join(export_lines(store.data.snapshot()))
    assert not SETTINGS.endswith(".json")


@pytest.mark.parametrize("is_set_aside", [True, False])
async def test_a_repair_removes_settings_that_cannot_be_read(
    tmp_path: Path, *, is_set_aside: bool
) -> None:
    """Otherwise the session would stay refused after its repair."""
    store = await open_store(DiskFiles(), tmp_path)
    await insert(store, "users", {"n": 1})
    await store.close()
    (tmp_path / SETTINGS).write_bytes(b"{")
    if is_set_aside:
        with pytest.raises(SessionDamagedError):
            await open_store(DiskFiles(), tmp_path)

    repaired = repair_session(tmp_path)

    assert ".settings cannot be read" in repaired.report[-1]
    (original,) = repaired.originals.glob(f"{SETTINGS}*")
    assert original.read_bytes() == b"{"
    restored = await open_store(DiskFiles(), tmp_path)
    assert (ids_of(restored), restored.settings.current) == ([1], StoredSettings())


async def test_a_repair_leaves_good_settings(tmp_path: Path) -> None:
    store = await open_store(DiskFiles(), tmp_path)
    await insert(store, "users", {"n": 1})
    await store.settings.put(NEW)
    await store.close()
    (tmp_path / "users.json").write_bytes(b"[")

    repair_session(tmp_path)

    assert (await open_store(DiskFiles(), tmp_path)).settings.current == NEW


async def test_an_import_over_a_damaged_session_leaves_its_settings(tmp_path: Path) -> None:
    store = await open_store(DiskFiles(), tmp_path)
    await insert(store, "users", {"n": 1})
    await store.settings.put(NEW)
    await store.close()
    (tmp_path / "users.json").write_bytes(b"[")
    with pytest.raises(SessionDamagedError):
        await open_store(DiskFiles(), tmp_path)

    await store.set_all_aside()

    assert store.settings.current == NEW
    assert store.data.names() == []
