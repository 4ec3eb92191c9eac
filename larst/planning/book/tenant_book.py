"""A tenant's plans: its own book, and behind it the plans that are pinned for all tenants.

Must never show a tenant what another one has learned: of the shared book only pinned plans count,
and nothing is written to it but their uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from larst.domain import DataState, Plan, SessionKey
from larst.planning.book.book import PlanBook
from larst.planning.book.files import BookEntry


class TenantBook:
    """A tenant's `own` book, and the `shared` one: that of the default tenant."""

    def __init__(self, own: PlanBook, shared: PlanBook) -> None:
        self._own = own
        self._shared = shared

    @property
    def generation(self) -> int:
        """A number that changes when a plan is added, removed or decided on."""
        return self._own.generation + self._shared.generation

    @property
    def states(self) -> tuple[DataState, ...]:
        """The states of all plans and of what users decided on them."""
        return (*self._own.states, *self._shared.states)

    def of_shape(self, shape_key: str) -> list[BookEntry]:
        """Return the entries of a shape: pinned first, the tenant's own before shared ones."""
        own = self._own.of_shape(shape_key)
        shared = [entry for entry in self._shared.of_shape(shape_key) if entry.state == "pinned"]
        if not shared:
            return own
        return sorted([*own, *shared], key=lambda entry: entry.state != "pinned")

    def pinned(self) -> Iterator[BookEntry]:
        """Yield the tenant's own pinned plans: shared ones may come from another tenant."""
        return self._own.pinned()

    def plan_of(self, key: str) -> Plan | None:
        """Return the plan of an entry, or None."""
        plan = self._own.plan_of(key)
        if plan is None and (entry := self._shared.get(key)) is not None:
            return entry.plan if entry.state == "pinned" else None
        return plan

    def served(self, session_key: SessionKey) -> list[BookEntry]:
        """Return the entries that have served a session."""
        shared = [entry for entry in self._shared.served(session_key) if entry.state == "pinned"]
        return [*self._own.served(session_key), *shared]

    def put(self, entry: BookEntry) -> None:
        """Store an entry among the tenant's own."""
        self._own.put(entry)

    def remove(self, key: str) -> None:
        """Remove one of the tenant's own entries, if it exists."""
        self._own.remove(key)

    def count_use(self, key: str, session_key: SessionKey | None) -> None:
        """Count a use of an entry; see `PlanBook.count_use`."""
        book = self._shared if self._own.plan_of(key) is None else self._own
        book.count_use(key, session_key)


Plans: TypeAlias = PlanBook | TenantBook
"""The plans that a resolver finds: those of the default tenant, or of another one."""
