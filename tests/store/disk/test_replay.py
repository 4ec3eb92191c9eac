"""How many lines of the journal a documented file holds already."""

from __future__ import annotations

from typing import Any

from larst.store.disk.replay import announced_files, applied_lines

TX: list[dict[str, Any]] = [{"tx": number, "resources": {}} for number in range(1, 5)]
FILE = {"users.json": "b"}


def _applied(lines: list[dict[str, Any]], digest: str | None) -> int | None:
    return applied_lines("users.json", digest, {"users.json": "a"}, announced_files(lines))


def test_an_announced_file_holds_the_lines_before_it() -> None:
    lines = [TX[0], TX[1], {"next": FILE}, TX[2]]

    assert _applied(lines, "b") == 3
    assert _applied(lines, "a") == 0


def test_a_file_written_beside_transactions_holds_those_up_to_the_one_it_names() -> None:
    """The transactions behind it were appended before the file was announced."""
    lines = [TX[0], {"next": {}}, TX[1], TX[2], {"next": {}, "files": FILE, "through": 1}]

    assert _applied(lines, "b") == 1


def test_a_file_without_a_transaction_holds_no_line() -> None:
    lines = [TX[0], {"next": {}, "files": FILE, "through": 0}]

    assert _applied(lines, "b") == 0


def test_a_lost_transaction_leaves_those_before_it() -> None:
    """A repair reads a journal without its damaged frames."""
    lines = [TX[0], TX[2], {"next": {}, "files": FILE, "through": 2}]

    assert _applied(lines, "b") == 1


def test_a_file_in_no_announced_state_is_unknown() -> None:
    assert _applied([TX[0], {"next": FILE}], "c") is None
    assert _applied([TX[0], {"next": FILE}], None) is None
