"""A limit on how often something may be done, as it stands for one client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit of `quota` within `window_s` seconds, of which `remaining` are left.

    In `reset_s` seconds there is more again. `name` is stable: clients may compare it.
    """

    name: str
    quota: int
    window_s: int
    remaining: int
    reset_s: float
