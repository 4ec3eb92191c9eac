"""The bar on the terminal while work takes over a second."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from larst.cli import progress
from larst.cli.progress import working


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


class Timer:
    """A timer whose second has passed when the test says so."""

    latest: Timer

    def __init__(self, delay_s: float, function: Callable[[], None]) -> None:
        assert delay_s == progress.BEGINS_AFTER_S
        self.fire = function
        Timer.latest = self

    def start(self) -> None:
        pass

    def cancel(self) -> None:
        pass


def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return the stderr of a command at a terminal; pytest sets its own after the fixtures."""
    monkeypatch.setattr("threading.Timer", Timer)
    monkeypatch.setenv("TERM", "xterm")
    stderr = Terminal()
    monkeypatch.setattr("sys.stderr", stderr)
    return stderr


def test_work_with_a_total_has_a_percentage(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_terminal(monkeypatch)
    with working("importing", 200) as advance:
        advance(60)
        Timer.latest.fire()

    assert "importing" in terminal.getvalue()
    assert "30%" in terminal.getvalue()


def test_a_total_that_is_reached_leaves_no_percentage(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service then stores the records, and cannot say how far it is."""
    terminal = at_terminal(monkeypatch)
    with working("importing", 200) as advance:
        Timer.latest.fire()
        advance(200)

    assert terminal.getvalue().rpartition("importing")[2].count("%") == 0


def test_short_work_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_terminal(monkeypatch)
    with working("importing", 200) as advance:
        advance(200)

    assert terminal.getvalue() == ""
