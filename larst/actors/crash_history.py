"""The recent crashes of each key.

The history outlives the actors; otherwise an actor that sleeps between two crashes would never
reach the limit. Must never decide anything: `RestartPolicy` does.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Generic, TypeVar

from larst.actors.clock import Clock, Timer
from larst.actors.restart import GiveUp, RestartAfter, RestartPolicy

Key = TypeVar("Key", bound=Hashable)


class CrashHistory(Generic[Key]):
    """The crashes that still count, by key; a key without crashes uses no memory."""

    def __init__(self, policy: RestartPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._times_s: dict[Key, tuple[float, ...]] = {}
        self._timers: dict[Key, Timer] = {}

    def __len__(self) -> int:
        """Return the number of keys with a crash that still counts."""
        return len(self._times_s)

    def record(self, key: Key) -> RestartAfter | GiveUp:
        """Record that `key` crashed now; return the decision for it."""
        now_s = self._clock.now()
        times_s = (*self._policy.recent(self._times_s.get(key, ()), now_s), now_s)
        self._times_s[key] = times_s
        if key not in self._timers:
            self._timers[key] = Timer(self._clock, partial(self._forget, key))
        self._timers[key].fire_by(now_s + self._policy.window_s)
        return self._policy.decide(times_s)

    def cooling_until_s(self, key: Key) -> float | None:
        """Return the time until which `key` cools down; None if it may start now."""
        times_s = self._times_s.get(key)
        if times_s is None:
            return None
        match self._policy.decide(times_s):
            case GiveUp(until_s) if self._clock.now() < until_s:
                return until_s
            case _:
                return None

    def close(self) -> None:
        """Forget every crash and cancel the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._times_s.clear()

    def _forget(self, key: Key) -> None:
        latest_s = self._times_s[key][-1]
        if self._policy.recent((latest_s,), self._clock.now()):
            self._timers[key].fire_by(latest_s + self._policy.window_s)
            return
        del self._times_s[key], self._timers[key]
