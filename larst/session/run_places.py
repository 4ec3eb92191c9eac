"""Where the programs of plans run: a program that was too much for a place begins in the next one.

Otherwise each request of a heavy program would compute on the event loop in vain, and again in a
thread, before it gets a worker.
"""

from __future__ import annotations

from enum import IntEnum

from cachetools import LRUCache

QUICK_S = 0.01
"""A run of at most this time may begin on the event loop the next time."""

_MAX_KNOWN = 4096


class Place(IntEnum):
    """Where a run begins; each next place has more time, and costs more to reach."""

    LOOP = 0
    THREAD = 1
    WORKER = 2


class RunPlaces:
    """Remembers the place of heavy programs, by session and plan.

    >>> places = RunPlaces()
    >>> places.find(("shop", "3fa2")).name
    'LOOP'
    >>> places.exceeded(("shop", "3fa2"), Place.LOOP)
    >>> places.find(("shop", "3fa2")).name
    'THREAD'
    >>> places.ended(("shop", "3fa2"), took_s=0.002)
    >>> places.find(("shop", "3fa2")).name
    'LOOP'
    """

    def __init__(self) -> None:
        self._places: LRUCache[tuple[str, str], Place] = LRUCache(_MAX_KNOWN)

    def find(self, key: tuple[str, str]) -> Place:
        """Return where a run begins; `key` is a session and a plan."""
        return self._places.get(key, Place.LOOP)

    def exceeded(self, key: tuple[str, str], place: Place) -> None:
        """Note that a run was too much for a place."""
        self._places[key] = Place(min(place + 1, Place.WORKER))

    def ended(self, key: tuple[str, str], took_s: float) -> None:
        """Note how long a run took where it ended."""
        if took_s <= QUICK_S:
            self._places.pop(key, None)
