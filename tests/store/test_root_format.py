"""A data root says which LARST can read it: older ones refuse it, and newer ones upgrade it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from larst import __version__
from larst.errors import DataRootFormatError
from larst.store import DataRoot, DiskFiles
from larst.store.root_format import FORMAT
from larst.store.root_lock import RootLock
from tests.session.service import contents
from tests.store.stores import insert, open_store, records_of
from tests.store.version_1 import change, documents, journal

NEWER = json.dumps({"format": FORMAT + 1, "larst": "9.0.0", "of_the_future": True})


@pytest.fixture
def newer_root(tmp_path: Path) -> Path:
    """A root that a newer LARST has written."""
    (tmp_path / ".format").write_text(NEWER)
    (tmp_path / ".erased-one").mkdir()
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "users.json").write_text("{in a format of the future}")
    return tmp_path


@pytest.mark.parametrize("open_root", [DataRoot.open, DataRoot.open_existing])
@pytest.mark.parametrize("has_lock_file", [False, True])
def test_a_newer_root_is_refused_and_nothing_is_changed(
    newer_root: Path, open_root: Callable[[Path], DataRoot], *, has_lock_file: bool
) -> None:
    """An older LARST would take what it does not know for damage, or overwrite it."""
    if has_lock_file:
        (newer_root / ".lock").write_text("process 4711 on a machine\n")
    before, names = contents(newer_root), sorted(newer_root.rglob("*"))

    with pytest.raises(DataRootFormatError) as refusal:
        open_root(newer_root)

    assert "LARST 9.0.0" in refusal.value.detail
    assert f"this is LARST {__version__}" in refusal.value.detail
    assert "install LARST 9.0.0 or newer" in refusal.value.detail
    assert contents(newer_root) == before
    assert sorted(newer_root.rglob("*")) == names


def test_a_newer_root_is_refused_for_reading_too(newer_root: Path) -> None:
    """`larst check` would take what it does not know for damage."""
    with pytest.raises(DataRootFormatError):
        DataRoot.open_read_only(newer_root)


def test_a_root_that_became_newer_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer LARST may have upgraded it between the first look and the lock."""
    lock = RootLock.exclusive

    def upgraded_first(path: Path) -> RootLock:
        (path / ".format").write_text(NEWER)
        return lock(path)

    monkeypatch.setattr(RootLock, "exclusive", upgraded_first)

    with pytest.raises(DataRootFormatError):
        DataRoot.open(tmp_path)
    assert (tmp_path / ".format").read_text() == NEWER


def test_a_new_root_has_the_format_of_this_version(tmp_path: Path) -> None:
    for _ in range(2):
        with DataRoot.open(tmp_path / "root") as root:
            mark = json.loads((root.path / ".format").read_bytes())

            assert mark == {"format": FORMAT, "larst": __version__}
            assert (root.path / ".format").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", '{"format":2}', '{"format":"2","larst":"1"}', '{"format":0,"larst":""}'],
)
def test_a_damaged_mark_is_refused_with_the_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / ".format").write_text(text)

    with pytest.raises(DataRootFormatError, match=r"restore the file .* or delete it"):
        DataRoot.open(tmp_path)
    assert (tmp_path / ".format").read_text() == text

    (tmp_path / ".format").unlink()
    DataRoot.open(tmp_path).close()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / ".format").symlink_to(tmp_path / "mark")
    (tmp_path / "mark").write_text(json.dumps({"format": FORMAT, "larst": __version__}))

    with pytest.raises(DataRootFormatError, match="damaged"):
        DataRoot.open(tmp_path / "root")


async def test_a_root_of_0_1_is_read_and_upgraded(tmp_path: Path) -> None:
    """Its journals have version 1, and its meta files the last id instead of the next."""
    files = documents("users", [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}], last_id=3)
    lines = [{"tx": 1, "resources": {"users": change({"id": 4, "name": "Cid"}, last_id=4)}}]
    folder = tmp_path / ("0123456789abcdef" * 4)  # the default session of 0.1
    for name, content in {**files, ".journal": journal(files, lines)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    with DataRoot.open(tmp_path) as root:
        assert json.loads((root.path / ".format").read_bytes())["format"] == FORMAT
        assert root.session_ids() == [folder.name]
        store = await open_store(DiskFiles(), root.session_directory(folder.name))
        names = [record["name"] for record in records_of(store)]
        await insert(store, "users", {"name": "Dan"})
        await store.durability.checkpoint()

    assert names == ["Ann", "Bob", "Cid"]
    assert [record["id"] for record in records_of(store)] == [1, 2, 4, 5]
    assert json.loads((folder / ".schemas" / "users.meta.json").read_bytes()) == {"auto_id": 6}
    assert b'"larst":2' in (folder / ".journal").read_bytes()
