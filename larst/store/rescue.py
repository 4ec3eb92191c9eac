"""What is to become of sessions whose files cannot be loaded, while somebody has asked for it.

Only the session's own actor touches its files, and one that is refused by them never comes to a
message. So whoever wants such files gone says so here, and wakes the actor: its store does it, with
nobody beside it. To do it from outside wiped writes that were acknowledged in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from larst.store.disk.session_files import SessionFiles

Rescue: TypeAlias = Callable[[SessionFiles], object]
"""Leaves files that load: `SessionFiles.erase`, `SessionFiles.set_all_aside`."""


class Rescues:
    """What was asked for, by session."""

    def __init__(self) -> None:
        self._asked: dict[str, list[Rescue]] = {}

    @contextmanager
    def asked(self, session_id: str, rescue: Rescue) -> Iterator[None]:
        """Have the session's next loads, as long as this lasts, do that where they are refused."""
        asked = self._asked.setdefault(session_id, [])
        asked.append(rescue)
        try:
            yield
        finally:
            asked.remove(rescue)
            if not asked:
                self._asked.pop(session_id, None)

    def of(self, session_id: str) -> Rescue | None:
        """Return what was asked for last, or None; from any thread."""
        asked = tuple(self._asked.get(session_id, ()))
        return asked[-1] if asked else None
