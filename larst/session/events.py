"""What becomes of sessions, told to the log and to the metrics. Must never touch a session."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from larst import actors
from larst.errors import LarstError
from larst.session.client import SessionClient
from larst.store import DataRoot
from larst.telemetry import Labels, Telemetry
from larst.telemetry.metrics import MAILBOX_DEPTH, SESSIONS

_log = logging.getLogger("larst.sessions")

_EVENTS: Mapping[type[actors.SupervisorEvent], tuple[int, str]] = {
    actors.Started: (logging.INFO, "started"),
    actors.Restarted: (logging.WARNING, "restarted after a crash"),
    actors.StartRefused: (logging.ERROR, "cannot be loaded"),
    actors.Crashed: (logging.ERROR, "crashed"),
    actors.CoolingDown: (logging.ERROR, "crashed too often and cools down"),
    actors.FlushFailed: (logging.ERROR, "could not be written: what was held back has failed"),
    actors.HookFailed: (logging.ERROR, "failed to tidy up"),
    actors.Slept: (logging.INFO, "put to sleep"),
    actors.Stopped: (logging.INFO, "stopped"),
}


def log_event(event: actors.SupervisorEvent) -> None:
    """Tell the log what the supervisor did: one line an event."""
    level, words = _EVENTS[type(event)]
    error: BaseException | None = getattr(event, "error", None)
    _log.log(
        level,
        "session %s %s",
        event.key,
        words,
        # What was raised on purpose says all that there is to say.
        exc_info=None if isinstance(error, LarstError) else error,
        extra={
            "fields": {
                "session_id": event.key,
                "event": type(event).__name__,
                **({"detail": error.detail} if isinstance(error, LarstError) else {}),
                **({"hook": event.hook} if isinstance(event, actors.HookFailed) else {}),
            }
        },
    )


def observe_gauges(
    telemetry: Telemetry,
    root: DataRoot,
    sessions: SessionClient,
) -> None:
    """Add the gauges of the sessions that exist and of the requests that wait."""

    def of_sessions() -> list[tuple[Labels, float]]:
        live: list[tuple[Labels, float]] = [((("state", "live"),), sessions.live_count)]
        try:
            asleep = sum(not sessions.is_live(one) for one in root.session_ids())
        except OSError:  # no folder, or no file handles left: whoever reads must not stop for it
            return live
        return [*live, ((("state", "asleep"),), asleep)]

    telemetry.observe(SESSIONS, of_sessions)
    telemetry.observe(MAILBOX_DEPTH, lambda: [((), sessions.waiting_count)])
