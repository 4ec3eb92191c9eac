"""The log lines of session events: starts, crashes, stops. Must never touch a session."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from larst import actors
from larst.errors import LarstError

_log = logging.getLogger("larst.sessions")

_EVENTS: Mapping[type[actors.SupervisorEvent], tuple[int, str]] = {
    actors.Started: (logging.INFO, "started"),
    actors.Restarted: (logging.WARNING, "restarted after a crash"),
    actors.StartRefused: (logging.ERROR, "cannot be loaded"),
    actors.Crashed: (logging.ERROR, "crashed"),
    actors.CoolingDown: (logging.ERROR, "crashed too often and is cooling down"),
    actors.FlushFailed: (logging.ERROR, "could not be written; the waiting requests failed"),
    actors.HookFailed: (logging.ERROR, "failed in a lifecycle hook"),
    actors.Slept: (logging.INFO, "went to sleep"),
    actors.Stopped: (logging.INFO, "stopped"),
}


def log_event(event: actors.SupervisorEvent) -> None:
    """Log an event of a session as one line."""
    level, description = _EVENTS[type(event)]
    error: BaseException | None = getattr(event, "error", None)
    fields = {"session_id": event.key, "event": type(event).__name__}
    if isinstance(error, LarstError):
        fields["detail"] = error.detail
    if isinstance(event, actors.HookFailed):
        fields["hook"] = event.hook
    _log.log(
        level,
        "session %s %s",
        event.key,
        description,
        # The detail of an error that is raised deliberately is complete without a traceback.
        exc_info=None if isinstance(error, LarstError) else error,
        extra={"fields": fields},
    )
