"""States of data: what a remembered reply was made from, and whether that is still so."""

from __future__ import annotations

from typing import Protocol


class Standing(Protocol):
    """Something that was read, and may change."""

    @property
    def is_current(self) -> bool:
        """Whether it is still as it was read."""


class DataState:
    """One state of some data; `is_current` until the data changes.

    The owner of the data replaces its state with each change. A memory of something that was made
    from the data keeps the state with it, and needs no message about the change.

    >>> state = DataState()
    >>> newer = state.replaced()
    >>> state.is_current, newer.is_current
    (False, True)
    """

    __slots__ = ("is_current",)

    def __init__(self) -> None:
        self.is_current = True

    def replaced(self) -> DataState:
        """End this state, and return the next one."""
        self.is_current = False
        return DataState()
