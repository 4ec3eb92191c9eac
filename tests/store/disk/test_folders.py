"""Files of a served data root, after something else than LARST has moved them."""

from __future__ import annotations

from pathlib import Path

import pytest

from larst.store import DiskFiles
from larst.store.disk.folders import FilesLostError, SessionFolders


class Root:
    """A data root whose place a test can take away."""

    def __init__(self, path: Path) -> None:
        self.is_in_place = True
        self.folders = SessionFolders(path, lambda: self.is_in_place)
        self.files = DiskFiles(folders=self.folders)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_another_file_of_the_same_size_is_not_the_same(tmp_path: Path) -> None:
    """The journals of a session and of its backup often have the same size after a checkpoint."""
    path = tmp_path / ".journal"
    path.write_bytes(b"12345678 and more")

    assert DiskFiles().begins_with(path, b"12345678", 17)
    assert not DiskFiles().begins_with(path, b"87654321", 17)
    assert not DiskFiles().begins_with(path, b"12345678", 18)
    path.unlink()
    assert not DiskFiles().begins_with(path, b"12345678", 17)


@pytest.mark.parametrize("key", ["shop", "@acme/shop"])
def test_a_folder_that_was_there_must_stay(root: Root, tmp_path: Path, key: str) -> None:
    folder = tmp_path / key
    folder.parent.mkdir(exist_ok=True)
    assert root.files.names(folder) == []  # a session without data
    root.files.make_directory(folder)
    folder.rmdir()

    for call in (root.files.names, root.files.make_directory, root.files.sync_directory):
        with pytest.raises(FilesLostError, match="put it back"):
            call(folder)
    with pytest.raises(FilesLostError):
        root.files.write_new(folder / ".schemas" / "users.json", [])
    assert not folder.exists()


def test_a_folder_that_is_moved_away_on_purpose_may_be_made_again(
    root: Root, tmp_path: Path
) -> None:
    root.files.make_directory(tmp_path / "shop")

    root.files.rename(tmp_path / "shop", tmp_path / ".erased-shop")

    assert root.files.names(tmp_path / "shop") == []
    assert not root.folders.has("shop")
    root.files.make_directory(tmp_path / "shop")


def test_nothing_is_written_into_another_root(root: Root, tmp_path: Path) -> None:
    """Another process may be its owner."""
    root.files.make_directory(tmp_path / "shop")
    path = tmp_path / "shop" / "file"
    path.write_bytes(b"of another owner")
    root.is_in_place = False

    with pytest.raises(FilesLostError, match="move it back"):
        root.files.write_new(path, [b"x"])
    with pytest.raises(FilesLostError):
        root.files.write_at(path, 0, b"x")
    with pytest.raises(FilesLostError):
        root.files.truncate(path, 0)
    with pytest.raises(FilesLostError):
        root.files.rename(path, path.with_name("other"))
    with pytest.raises(FilesLostError):
        root.files.make_directory(tmp_path / "new")
    with pytest.raises(FilesLostError):
        root.files.names(tmp_path / "shop")

    assert path.read_bytes() == b"of another owner"
    assert not (tmp_path / "new").exists()
