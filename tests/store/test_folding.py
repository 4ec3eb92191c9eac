"""A disk that does not distinguish upper and lower case: no name gets the file of another one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from larst.errors import BadRequestError, BadResourceNameError, DiskRefusedError
from larst.store import DataRoot, DiskFiles, SessionStore
from larst.store.collection import Collection
from larst.store.session_snapshots import Save
from larst.store.transfer.replacing import Replacement


class FoldingDisk(DiskFiles):
    """Takes names of folders in lower case for names in any case, as the disks of macOS do."""

    def __init__(self) -> None:
        super().__init__(folds_case=True)

    def names(self, directory: Path) -> list[str]:
        return (
            super().names(_on_disk(directory))
            if _on_disk(directory) == directory
            else (self._other(directory))
        )

    def make_directory(self, path: Path) -> None:
        if _on_disk(path) == path:
            super().make_directory(path)
        else:
            self._refuse_other_spelling(path)

    def _other(self, directory: Path) -> list[str]:
        self._refuse_other_spelling(directory)
        raise AssertionError("the folder of another session was read")


def _on_disk(path: Path) -> Path:
    """Return the path as the disk spells it."""
    if not path.parent.is_dir():
        return path
    for entry in path.parent.iterdir():
        if entry.name.lower() == path.name.lower():
            return entry
    return path


def _store(path: Path, *, folds_case: bool = True) -> SessionStore:
    files = FoldingDisk() if folds_case else DiskFiles()
    return SessionStore(path, files=files, now=lambda: datetime.now(UTC), folds_case=folds_case)


async def _insert(store: SessionStore, resource: str) -> None:
    transaction = store.commits.begin()
    transaction.resource(resource).insert({"name": "Ann"})
    store.commits.commit(transaction)
    await store.durability.flush()


async def test_a_resource_with_the_name_of_another_in_other_case_is_refused(tmp_path: Path) -> None:
    store = _store(tmp_path / "one")
    await store.load()
    await _insert(store, "users")

    with pytest.raises(BadResourceNameError, match=r"Users and users would be one file.*use users"):
        store.commits.begin().resource("Users")

    assert store.commits.begin().resource("users").count() == 1
    await store.close()


async def test_two_such_names_in_one_request_are_refused(tmp_path: Path) -> None:
    store = _store(tmp_path / "one")
    await store.load()
    transaction = store.commits.begin()
    transaction.resource("shop").insert({"name": "Ann"})

    with pytest.raises(BadResourceNameError):
        transaction.resource("SHOP")

    await store.close()


async def test_an_import_with_two_such_names_replaces_nothing(tmp_path: Path) -> None:
    store = _store(tmp_path / "one")
    await store.load()
    await _insert(store, "users")

    with pytest.raises(BadResourceNameError):
        store.replacements.restore({"Users": Replacement(Collection())})

    assert store.data.names() == ["users"]
    await store.close()


async def test_other_disks_keep_such_names_apart(tmp_path: Path) -> None:
    store = _store(tmp_path / "one", folds_case=False)
    await store.load()

    await _insert(store, "users")
    await _insert(store, "Users")

    assert store.data.names() == ["Users", "users"]
    await store.close()


async def test_a_session_does_not_load_the_folder_of_another(tmp_path: Path) -> None:
    first = _store(tmp_path / "shop")
    await first.load()
    await _insert(first, "users")
    await first.close()

    with pytest.raises(DiskRefusedError, match="does not distinguish upper and lower case"):
        await _store(tmp_path / "Shop").load()


async def test_a_session_that_began_empty_does_not_write_into_the_folder_of_another(
    tmp_path: Path,
) -> None:
    """Both were loaded before either had a folder."""
    first, second = _store(tmp_path / "shop"), _store(tmp_path / "Shop")
    await first.load()
    await second.load()
    await _insert(first, "users")

    with pytest.raises(DiskRefusedError, match="does not distinguish upper and lower case"):
        await _insert(second, "users")

    assert DiskFiles().names(tmp_path) == ["shop"]
    await first.close()


def test_a_disk_that_distinguishes_case_is_recognized(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with DataRoot.open(tmp_path) as root:
        assert root.folds_case is (tmp_path / "A").exists()


def test_a_disk_that_does_not_is_recognized(
    tmp_path: Path,
) -> None:
    (tmp_path / ".PROBE").touch()  # as if `.probe` answered to this name

    with DataRoot.open(tmp_path) as root:
        assert root.folds_case


async def test_a_snapshot_with_the_name_of_another_in_other_case_is_refused(tmp_path: Path) -> None:
    """It would replace the other one, which the session would still list."""
    store = _store(tmp_path / "one")
    await store.load()
    await _insert(store, "users")
    first = Save("before")
    await store.write_snapshot(first)

    with pytest.raises(BadRequestError, match=r"Before and before would be one file.*use before"):
        await store.write_snapshot(Save("Before"))

    await store.snapshots.keep(first)
    await store.write_snapshot(Save("before"))
    await store.close()
