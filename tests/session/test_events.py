"""The log lines of session events."""

from __future__ import annotations

import logging

import pytest

from larst import actors
from larst.session import log_event


@pytest.mark.parametrize("hook", ["on_quiet", "on_stop", "on_end"])
def test_a_failed_hook_is_logged_by_name(hook: str, caplog: pytest.LogCaptureFixture) -> None:
    """A failed checkpoint and a failed close need different repairs."""
    error = OSError("disk")

    log_event(actors.HookFailed("s", hook, error))

    (record,) = caplog.records
    assert (record.name, record.levelno) == ("larst.sessions", logging.ERROR)
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert record.__dict__["fields"] == {"session_id": "s", "event": "HookFailed", "hook": hook}


def test_an_event_without_a_hook_has_no_such_field(caplog: pytest.LogCaptureFixture) -> None:
    """A field that is always there, but mostly empty, only lengthens the log."""
    caplog.set_level(logging.INFO)

    log_event(actors.Slept("s"))

    assert caplog.records[0].__dict__["fields"] == {"session_id": "s", "event": "Slept"}
