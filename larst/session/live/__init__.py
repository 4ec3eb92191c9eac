"""Live changes: watchers of records get each change of them, once it is durable."""

from __future__ import annotations

from larst.session.live.follower import GAP, FollowedChange, Follower, Selection
from larst.session.live.frames import LastEvent, Place, encode_close, event_id, parse_event_id
from larst.session.live.hub import LiveHub, LiveLimits
from larst.session.live.opening import Watch, open_watch
from larst.session.live.watcher import STOPPING, TOKENS_CHANGED, Cut, Watcher

__all__ = [
    "GAP",
    "STOPPING",
    "TOKENS_CHANGED",
    "Cut",
    "FollowedChange",
    "Follower",
    "LastEvent",
    "LiveHub",
    "LiveLimits",
    "Place",
    "Selection",
    "Watch",
    "Watcher",
    "encode_close",
    "event_id",
    "open_watch",
    "parse_event_id",
]
