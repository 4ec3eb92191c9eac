"""A recorded request with its reply, and the list of what could not be used. Data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from larst.domain import Json

MAX_EXCHANGES = 20_000
MAX_BODY_CHARACTERS = 4 * 1024 * 1024
"""A longer body would hold the interpreter's lock for too long while it is parsed."""

_PLACES = 3
_PLACE_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its reply. `segments` of the path that are None stand for any id.

    `body` is that of the reply, or if `is_request`, of a request without a recorded reply.
    """

    method: str
    segments: tuple[str | None, ...]
    body: Json
    place: str
    is_request: bool = False


@dataclass(slots=True)
class Unused:
    """What could not be used, by reason."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, place: str) -> None:
        """Note a place that cannot be used."""
        self.counts[reason] += 1
        places = self.places.setdefault(reason, [])
        if len(places) < _PLACES and place not in places:
            places.append(place[:_PLACE_CHARACTERS])

    def lines(self) -> list[str]:
        """Return a line for each reason, with its first places."""
        lines = []
        for reason, count in self.counts.most_common():
            places = self.places[reason]
            more = ", …" if count > len(places) == _PLACES else ""
            lines.append(f"not used, {reason}: {', '.join(places)}{more} ({count})")
        return lines


def place_of(method: str, path: str) -> str:
    """Return how messages name an exchange: `GET /users/1`."""
    return f"{method} {path}".encode(errors="replace").decode()
