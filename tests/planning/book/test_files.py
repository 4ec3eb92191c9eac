"""The directory of the plan book: no link leads out of it, and no other user reads it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from larst.planning.book.files import EntryFiles
from tests.planning.book.helpers import entry


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_link_in_the_place_of_the_book_is_refused(tmp_path: Path) -> None:
    """The book deletes unfinished files, and would do so wherever the link leads."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    unfinished = elsewhere / f".{'0' * 64}.1.tmp"
    unfinished.touch()
    (tmp_path / ".plans").symlink_to(elsewhere)

    with pytest.raises(OSError, match=r"\.plans"):
        EntryFiles(tmp_path / ".plans").read_all()

    assert unfinished.exists()


async def test_a_plan_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    files = EntryFiles(tmp_path / ".plans")
    files.read_all()
    await files.write(entry())
    (plan,) = (tmp_path / ".plans").iterdir()
    plan.rename(tmp_path / plan.name)
    plan.symlink_to(tmp_path / plan.name)

    assert EntryFiles(tmp_path / ".plans").read_all() == []


async def test_plans_are_private_whatever_the_umask_and_their_older_mode(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        files = EntryFiles(tmp_path / ".plans")
        files.read_all()
        await files.write(entry())
    finally:
        os.umask(before)
    (plan,) = (tmp_path / ".plans").iterdir()
    assert (_mode(plan.parent), _mode(plan)) == (0o700, 0o600)
    plan.parent.chmod(0o755)
    plan.chmod(0o644)

    assert len(EntryFiles(tmp_path / ".plans").read_all()) == 1

    assert (_mode(plan.parent), _mode(plan)) == (0o700, 0o600)
