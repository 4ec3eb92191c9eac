"""The plans that were found before: a shape that has a single plan needs no second search."""

from __future__ import annotations

from larst.planning.book import Plans
from larst.planning.lookup import ReadyPlan

MAX_PLANS = 4096


class KnownPlans:
    """The only plan of each shape; forgotten when the generation of the plan book changes."""

    def __init__(self, book: Plans) -> None:
        self._book = book
        self._generation = book.generation
        self._plans: dict[str, ReadyPlan] = {}

    def get(self, shape_key: str) -> ReadyPlan | None:
        """Return the plan of a shape, if it was added and is still the only one."""
        if self._generation != self._book.generation:
            self._generation = self._book.generation
            self._plans.clear()
        return self._plans.get(shape_key)

    def add(self, shape_key: str, ready: ReadyPlan) -> None:
        """Remember a plan that was found in the book, if no other plan could serve instead."""
        if ready.condition is not None or len(self._book.of_shape(shape_key)) > 1:
            return
        if len(self._plans) >= MAX_PLANS:
            self._plans.clear()
        self._plans[shape_key] = ready
