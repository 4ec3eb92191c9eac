"""Files of the data root: no link leads out of it, and no other user of the machine reads it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from larst.store import DataRoot, DiskFiles
from larst.store.disk.permissions import tighten

WRITES: dict[str, Callable[[Path], object]] = {
    "write_new": lambda path: DiskFiles().write_new(path, [b"x"]),
    "write_at": lambda path: DiskFiles().write_at(path, 0, b"x"),
    "truncate": lambda path: DiskFiles().truncate(path, 0),
    "read": lambda path: DiskFiles().read(path),
    "sync": lambda path: DiskFiles().sync(path),
}


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("operation", WRITES)
def test_a_link_in_the_place_of_a_folder_is_not_followed(operation: str, tmp_path: Path) -> None:
    """Someone who can write to the data root could otherwise read and change any file."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "users.json").write_bytes(b"[]")
    (tmp_path / "session").symlink_to(elsewhere)

    with pytest.raises(OSError, match=r"session|Not a directory|users.json"):
        WRITES[operation](tmp_path / "session" / "users.json")

    assert (elsewhere / "users.json").read_bytes() == b"[]"


@pytest.mark.usefixtures("umask")
def test_new_files_and_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    folder, file = tmp_path / "root" / "session", tmp_path / "root" / "session" / "users.json"

    DataRoot.open(tmp_path / "root").close()
    DiskFiles().make_directory(folder)
    DiskFiles().write_new(file, [b"[]"])

    assert (_mode(folder.parent), _mode(folder), _mode(file)) == (0o700, 0o700, 0o600)


def test_what_others_could_read_is_closed_at_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A copy, an older version or a person may have left it open."""
    session = tmp_path / "session"
    (session / ".schemas").mkdir(parents=True)
    for name in ("users.json", ".schemas/users.json"):
        (session / name).write_bytes(b"{}")
        (session / name).chmod(0o644)
    (session / ".schemas").chmod(0o755)
    session.chmod(0o755)
    tmp_path.chmod(0o755)

    with caplog.at_level(logging.WARNING, "larst.store"):
        DataRoot.open(tmp_path).close()

    assert [_mode(path) for path in (session, session / ".schemas")] == [0o700, 0o700]
    assert [_mode(path) for path in session.rglob("*.json")] == [0o600, 0o600]
    assert f"{session} (and 3 more) was open to other users" in caplog.text
    assert f"{tmp_path} is open to other users" in caplog.text
    assert _mode(tmp_path) == 0o755  # the operator's choice, such as the mode of a volume


def test_files_outside_the_data_root_keep_their_mode(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"")
    (root / "session").mkdir(parents=True)
    (root / "session").chmod(0o755)
    (root / "session" / "link").symlink_to(outside / "file")
    (root / "other").symlink_to(outside)
    outside.chmod(0o755)
    (outside / "file").chmod(0o644)

    permissions = tighten(root)

    assert root / "session" in permissions.closed
    assert (_mode(outside), _mode(outside / "file")) == (0o755, 0o644)


def test_a_data_root_behind_a_link_is_served(tmp_path: Path) -> None:
    """An operator may link it to a larger disk."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "disk")

    with DataRoot.open(tmp_path / "root") as root:
        folder = root.session_directory("one")
        DiskFiles().make_directory(folder)
        DiskFiles().write_new(folder / "users.json", [b"[]"])

    assert (tmp_path / "disk" / "one" / "users.json").exists()
