"""Live changes: watchers of records get each change of them, once it is durable."""

from __future__ import annotations

from larst.session.live.frames import encode_close, parse_event_id
from larst.session.live.hub import LiveHub, LiveLimits
from larst.session.live.opening import Watch, open_watch
from larst.session.live.watcher import STOPPING, TOKENS_CHANGED, Cut, Watcher

__all__ = [
    "STOPPING",
    "TOKENS_CHANGED",
    "Cut",
    "LiveHub",
    "LiveLimits",
    "Watch",
    "Watcher",
    "encode_close",
    "open_watch",
    "parse_event_id",
]
