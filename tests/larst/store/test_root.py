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
