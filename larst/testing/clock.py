"""The time of a session: set, frozen and moved."""

from __future__ import annotations

import json
from datetime import datetime

from larst.testing.transport import Control


class SessionTime:
    """The clock that the programs, timestamps and expiry of a session follow."""

    def __init__(self, control: Control) -> None:
        self._control = control

    @property
    def now(self) -> datetime:
        """The time of the session, in UTC."""
        return datetime.fromisoformat(self._control("GET", "clock").json()["now"])

    def freeze(self, now: datetime | str) -> None:
        """Stop the clock at an instant, such as `2030-02-28T23:59:00Z`.

        Raises:
            KitError: it is not an instant.
        """
        self._put({"now": _text(now), "frozen": True})

    def set(self, now: datetime | str) -> None:
        """Set the clock to an instant, from which it runs on.

        Raises:
            KitError: it is not an instant.
        """
        self._put({"now": _text(now), "frozen": False})

    def advance(self, duration: str) -> None:
        """Move the clock, such as by `+1d` or `-90m`; a frozen one stays frozen.

        Raises:
            KitError: it is not a duration.
        """
        self._put({"advance": duration})

    def use_real_time(self) -> None:
        """Return to real time."""
        self._control("DELETE", "clock", admits_missing=True)

    def _put(self, clock: dict[str, object]) -> None:
        self._control("PUT", "clock", json.dumps(clock).encode())


def _text(now: datetime | str) -> str:
    return now.isoformat() if isinstance(now, datetime) else now
