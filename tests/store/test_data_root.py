"""One process at a time serves a data root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from larst.errors import DataRootTakenError
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
        assert root.is_writable()
        assert root.session_directory("s") == root.path / "s"


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
