"""Who crashed when, for as long as it counts.

It outlives the actors, else one that is put to sleep between two crashes would never be
found to fail. Must never decide anything: that is `RestartPolicy`'s.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Generic, TypeVar

from larst.actors.clock import Alarm, Clock
from larst.actors.restart import GiveUp, RestartAfter, RestartPolicy

Key = TypeVar("Key", bound=Hashable)


class CrashHistory(Generic[Key]):
    """The recent crashes by key; a key without any costs nothing."""

    def __init__(self, policy: RestartPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._times_s: dict[Key, tuple[float, ...]] = {}
        self._alarms: dict[Key, Alarm] = {}

    def __len__(self) -> int:
        """Return how many keys have a crash that still counts."""
        return len(self._times_s)

    def record(self, key: Key) -> RestartAfter | GiveUp:
        """Note that `key` crashed just now; return what follows."""
        now_s = self._clock.now()
        times_s = (*self._policy.recent(self._times_s.get(key, ()), now_s), now_s)
        self._times_s[key] = times_s
        if key not in self._alarms:
            self._alarms[key] = Alarm(self._clock, partial(self._forget, key))
        self._alarms[key].ring_by(now_s + self._policy.window_s)
        return self._policy.decide(times_s)

    def cooling_until_s(self, key: Key) -> float | None:
        """Return when `key` may be tried again; None if it may be tried now."""
        times_s = self._times_s.get(key)
        if times_s is None:
            return None
        match self._policy.decide(times_s):
            case GiveUp(until_s) if self._clock.now() < until_s:
                return until_s
            case _:
                return None

    def close(self) -> None:
        """Forget everything."""
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()
        self._times_s.clear()

    def _forget(self, key: Key) -> None:
        latest_s = self._times_s[key][-1]
        if self._policy.recent((latest_s,), self._clock.now()):
            self._alarms[key].ring_by(latest_s + self._policy.window_s)
            return
        del self._times_s[key], self._alarms[key]
