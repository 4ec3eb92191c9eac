"""One process at a time serves a data root."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from larst.errors import ConfigError, DataRootTakenError
from larst.store import DataRoot


def test_a_second_process_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    with (
        DataRoot.open(tmp_path / "root"),
        pytest.raises(DataRootTakenError, match=str(os.getpid())),
    ):
        DataRoot.open(tmp_path / "root")

    DataRoot.open(tmp_path / "root").close()


def test_the_root_is_private(tmp_path: Path) -> None:
    with DataRoot.open(tmp_path / "a" / "b") as root:
        assert root.path.stat().st_mode & 0o777 == 0o700
        assert root.problem() is None
        assert not (root.path / ".probe").exists()
        assert root.session_directory("s") == root.path / "s"


def test_a_full_disk_is_a_problem_of_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty file can still be made there."""
    with DataRoot.open(tmp_path) as root:

        def write(_descriptor: int, _data: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("larst.store.data_root.os.write", write)
        assert root.problem() == "No space left on device"
        monkeypatch.undo()
        assert root.problem() is None


def test_a_root_that_was_removed_or_replaced_is_a_problem(tmp_path: Path) -> None:
    with DataRoot.open(tmp_path / "root") as root:
        root.path.rename(tmp_path / "elsewhere")
        assert root.problem() == "it was removed or replaced"

        root.path.mkdir()
        assert root.problem() == "it was removed or replaced"
        assert list(root.path.iterdir()) == []


def test_a_reader_is_refused_while_the_root_is_served(tmp_path: Path) -> None:
    """Files that are being written look damaged."""
    with (
        DataRoot.open(tmp_path),
        pytest.raises(DataRootTakenError, match=str(os.getpid())),
    ):
        DataRoot.open_read_only(tmp_path)


def test_a_reader_keeps_others_from_serving_the_root(tmp_path: Path) -> None:
    DataRoot.open(tmp_path).close()

    with (
        DataRoot.open_read_only(tmp_path),
        DataRoot.open_read_only(tmp_path),
        pytest.raises(DataRootTakenError),
    ):
        DataRoot.open(tmp_path)


def test_a_reader_leaves_no_file_behind(tmp_path: Path) -> None:
    """A copy may be on a read-only disk."""
    (tmp_path / "one").mkdir()

    with DataRoot.open_read_only(tmp_path) as root:
        assert root.session_ids() == ["one"]

    assert list(tmp_path.iterdir()) == [tmp_path / "one"]


def test_only_the_serving_process_removes_erased_sessions(tmp_path: Path) -> None:
    """A mistyped directory for `check` or `repair` loses nothing."""
    erased = tmp_path / ".erased-one"
    (erased / "precious").mkdir(parents=True)

    DataRoot.open_read_only(tmp_path).close()
    DataRoot.open_existing(tmp_path).close()
    assert (erased / "precious").exists()

    DataRoot.open(tmp_path).close()
    assert not erased.exists()


def test_a_pipe_in_the_place_of_the_lock_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".lock")

    DataRoot.open_read_only(tmp_path).close()


class TestTenants:
    def test_sessions_of_tenants_have_directories_of_their_own(self, tmp_path: Path) -> None:
        with DataRoot.open(tmp_path) as root:
            root.add_tenant("acme")
            root.add_tenant("acme")
            for key in ("shop", "@acme/shop", "@acme/blog"):
                root.session_directory(key).mkdir()

            assert root.session_ids() == ["shop"]
            assert root.session_ids("acme") == ["blog", "shop"]
            assert root.session_ids("globex") == []
            assert root.session_keys() == ["shop", "@acme/blog", "@acme/shop"]
            assert root.has_session("@acme/blog")
            assert not root.has_session("blog")
            assert (tmp_path / "@acme").stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("is_link", [True, False])
    def test_a_link_or_a_file_is_not_the_directory_of_a_tenant(
        self, tmp_path: Path, *, is_link: bool
    ) -> None:
        """A link could lead a tenant into the data of another one."""
        with DataRoot.open(tmp_path / "root") as root:
            place = tmp_path / "root" / "@acme"
            if is_link:
                place.symlink_to(tmp_path)
            else:
                place.touch()

            with pytest.raises(NotADirectoryError):
                root.add_tenant("acme")
            assert root.tenants() == []

    def test_erased_sessions_of_tenants_are_removed_at_the_next_start(self, tmp_path: Path) -> None:
        with DataRoot.open(tmp_path) as root:
            root.add_tenant("acme")
        (tmp_path / "@acme" / ".erased-shop-1").mkdir()

        DataRoot.open(tmp_path).close()

        assert list((tmp_path / "@acme").iterdir()) == []


class TestKey:
    def test_the_key_is_random_private_and_stays(self, tmp_path: Path) -> None:
        with DataRoot.open(tmp_path / "a") as root, DataRoot.open(tmp_path / "b") as other:
            key = root.secret_key()

            assert len(key) == 32
            assert root.secret_key() == key
            assert other.secret_key() != key
            assert (tmp_path / "a" / ".key").stat().st_mode & 0o777 == 0o600

    def test_a_damaged_key_is_not_replaced(self, tmp_path: Path) -> None:
        """Sessions of tokens would silently begin with no data."""
        with DataRoot.open(tmp_path) as root:
            (tmp_path / ".key").write_bytes(b"short")

            with pytest.raises(ConfigError, match=r"\.key is damaged"):
                root.secret_key()
            assert (tmp_path / ".key").read_bytes() == b"short"
