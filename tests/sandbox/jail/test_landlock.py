"""The rules for each version of Landlock, from none to those that are yet to come."""

from __future__ import annotations

from pathlib import Path

import pytest

from larst.sandbox.jail.landlock import EXECUTE, READ_FILE, ruleset

BINARY, LIBRARY = Path("/opt/worker"), Path("/lib/libc.so.6")


def test_a_kernel_without_landlock_gets_no_rules() -> None:
    assert ruleset(0, [BINARY], [LIBRARY]) is None


@pytest.mark.parametrize(
    ("abi", "rights"),
    [
        (1, [0x1FFF, 0, 0]),
        (2, [0x3FFF, 0, 0]),
        (3, [0x7FFF, 0, 0]),
        (4, [0x7FFF, 3, 0]),
        (5, [0xFFFF, 3, 0]),
        (6, [0xFFFF, 3, 3]),
        (7, [0xFFFF, 3, 3]),
        (99, [0xFFFF, 3, 3]),
    ],
)
def test_every_right_that_the_version_knows_is_taken_away(abi: int, rights: list[int]) -> None:
    rules = ruleset(abi, [BINARY], [LIBRARY])

    assert rules is not None
    assert rules["rights"] == rights


def test_the_binary_may_be_executed_and_libraries_only_read() -> None:
    rules = ruleset(1, [BINARY], [LIBRARY])

    assert rules is not None
    assert rules["rules"] == [[str(BINARY), EXECUTE | READ_FILE], [str(LIBRARY), READ_FILE]]
