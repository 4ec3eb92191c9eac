"""The gauges of sessions: how many are in memory or asleep, and how many requests wait.

Must never touch a session: the metrics may be read from any thread.
"""

from __future__ import annotations

from larst.session.client import SessionClient
from larst.store import DataRoot
from larst.telemetry import Labels, Telemetry
from larst.telemetry.metrics import MAILBOX_DEPTH, SESSIONS

_LIVE: Labels = (("state", "live"),)
_ASLEEP: Labels = (("state", "asleep"),)


def observe_gauges(telemetry: Telemetry, root: DataRoot, sessions: SessionClient) -> None:
    """Add the gauges of sessions by state and of waiting requests."""

    def count_sessions() -> list[tuple[Labels, float]]:
        live: list[tuple[Labels, float]] = [(_LIVE, sessions.live_count)]
        try:
            asleep = sum(not sessions.is_live(key) for key in root.session_keys())
        except OSError:  # no directory or no file handles: the other metrics are still reported
            return live
        return [*live, (_ASLEEP, asleep)]

    telemetry.observe(SESSIONS, count_sessions)
    telemetry.observe(MAILBOX_DEPTH, lambda: [((), sessions.waiting_count)])
