"""The data root belongs to one process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from larst.errors import DataRootTakenError
from larst.store import DataRoot


def test_a_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
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


def test_who_looks_is_refused_while_it_is_served(tmp_path: Path) -> None:
    """Files that are being written look damaged."""
    with (
        DataRoot.open(tmp_path),
        pytest.raises(DataRootTakenError, match=str(os.getpid())),
    ):
        DataRoot.open_read_only(tmp_path)


def test_who_looks_keeps_others_from_serving_it(tmp_path: Path) -> None:
    DataRoot.open(tmp_path).close()

    with (
        DataRoot.open_read_only(tmp_path),
        DataRoot.open_read_only(tmp_path),
        pytest.raises(DataRootTakenError),
    ):
        DataRoot.open(tmp_path)


def test_looking_leaves_nothing_behind(tmp_path: Path) -> None:
    """A copy may be kept where nothing can be written."""
    (tmp_path / "one").mkdir()

    with DataRoot.open_read_only(tmp_path) as root:
        assert root.session_ids() == ["one"]

    assert list(tmp_path.iterdir()) == [tmp_path / "one"]


def test_only_who_serves_it_removes_what_an_erasure_left(tmp_path: Path) -> None:
    """A name that is mistyped to `check` or `repair` costs nothing."""
    left = tmp_path / ".erased-one"
    (left / "precious").mkdir(parents=True)

    DataRoot.open_read_only(tmp_path).close()
    DataRoot.open_existing(tmp_path).close()
    assert (left / "precious").exists()

    DataRoot.open(tmp_path).close()
    assert not left.exists()


def test_a_pipe_in_the_place_of_the_lock_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".lock")

    DataRoot.open_read_only(tmp_path).close()
