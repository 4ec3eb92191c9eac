"""How slow a client may be: the watch over all connections.

A connection costs memory and a descriptor, however little it sends. The watch looks at each of them
about once a second, and ends those that send a head, or read a reply, too slowly; the body is
watched by its reader (bodies.py), and the idle connection by aiohttp. Must never cost a request
anything.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address, ip_network
from typing import Protocol

from larst.config import HttpSettings, Network
from larst.http.bodies import WINDOW_S

SWEEP_S = 1.0
MAX_BEGINNERS = 1024
"""Connections whose first request has not arrived; fewer where the system has few descriptors."""


class Phase(Enum):
    """What a connection waits for."""

    HEAD = "head"
    REPLY = "reply"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a connection is: requests so far, bytes that wait to be read, and how often it drained.

    `requests` and `drains` only grow.
    """

    phase: Phase
    requests: int = 0
    unread_bytes: int = 0
    drains: int = 0


class Watched(Protocol):
    """A connection as the watch sees it."""

    @property
    def standing(self) -> Standing:
        """What it waits for now."""

    def end_slow(self, phase: Phase) -> None:
        """End the connection, with a reply where that is possible."""


@dataclass(slots=True)
class _Mark:
    """When a connection last made progress, and where it was; `peer` is what it counts for."""

    at_s: float
    standing: Standing
    peer: str


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """The limits of the watch."""

    head_s: float
    min_bytes_per_s: int
    max_per_address: int
    max_beginners: int
    exempt: Collection[Network] = ()
    window_s: float = WINDOW_S

    @classmethod
    def of(cls, settings: HttpSettings) -> PaceLimits:
        """Return the limits that the settings and the system set."""
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        quarter = MAX_BEGINNERS if descriptors < 0 else descriptors // 4
        return cls(
            head_s=settings.head_timeout_s,
            min_bytes_per_s=settings.min_bytes_per_s,
            max_per_address=settings.max_connections_per_address,
            max_beginners=max(1, min(MAX_BEGINNERS, quarter)),
            exempt=settings.trusted_proxies,
        )


class ConnectionWatch:
    """Counts and watches the connections of a server; `now` is a monotonic clock in seconds."""

    def __init__(self, limits: PaceLimits, now: Callable[[], float] | None = None) -> None:
        self._limits = limits
        self._now = now
        self._marks: dict[Watched, _Mark] = {}
        self._beginners: OrderedDict[Watched, None] = OrderedDict()
        self._by_peer: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def count(self) -> int:
        """How many connections there are."""
        return len(self._marks)

    def admits(self, peer: str) -> bool:
        """Return whether an address may have one more connection."""
        return self._by_peer[_counted(peer)] < self._limits.max_per_address or self._is_exempt(peer)

    def add(self, connection: Watched, peer: str) -> None:
        """Watch a new connection. In a flood of silent ones, the oldest of those makes room."""
        now_s, peer = self._clock_s(), _counted(peer)
        self._marks[connection] = _Mark(now_s, Standing(Phase.HEAD), peer)
        self._beginners[connection] = None
        self._by_peer[peer] += 1
        if len(self._beginners) > self._limits.max_beginners:
            oldest, _ = self._beginners.popitem(last=False)
            oldest.end_slow(Phase.HEAD)
        if self._timer is None and self._now is None:
            self._timer = asyncio.get_running_loop().call_later(SWEEP_S, self._tick)

    def note_request(self, connection: Watched) -> None:
        """Note that the first request of a connection has arrived."""
        self._beginners.pop(connection, None)

    def remove(self, connection: Watched) -> None:
        """Forget a connection that has ended."""
        self._beginners.pop(connection, None)
        if (mark := self._marks.pop(connection, None)) is not None:
            self._by_peer[mark.peer] -= 1
            if not self._by_peer[mark.peer]:
                del self._by_peer[mark.peer]

    def sweep(self) -> None:
        """End the connections that are too slow."""
        now_s = self._clock_s()
        for connection, mark in list(self._marks.items()):
            standing = connection.standing
            if self._has_progressed(mark.standing, standing):
                mark.at_s, mark.standing = now_s, standing
            elif now_s - mark.at_s >= self._patience_s(standing.phase):
                mark.at_s = now_s
                connection.end_slow(standing.phase)

    def _tick(self) -> None:
        self._timer = None
        self.sweep()
        if self._marks:
            self._timer = asyncio.get_running_loop().call_later(SWEEP_S, self._tick)

    def _has_progressed(self, before: Standing, now: Standing) -> bool:
        if now.phase is Phase.OTHER or now.phase is not before.phase:
            return True
        if now.phase is Phase.HEAD:
            return now.requests != before.requests
        enough = self._limits.min_bytes_per_s * self._limits.window_s
        return now.drains != before.drains or now.unread_bytes <= before.unread_bytes - enough

    def _patience_s(self, phase: Phase) -> float:
        return self._limits.head_s if phase is Phase.HEAD else self._limits.window_s

    def _is_exempt(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return True  # a socket of the file system
        return any(address in network for network in self._limits.exempt)

    def _clock_s(self) -> float:
        return asyncio.get_running_loop().time() if self._now is None else self._now()


def _counted(peer: str) -> str:
    """Return what connections of an address count for.

    Of IPv6 it is the network of 64 bits: each client has one for itself (RFC 6177).
    """
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if address.version == 4:
        return peer
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))
