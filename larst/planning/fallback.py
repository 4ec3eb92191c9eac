"""When a provider gives no answer, the built-in rules stand in.

What they plan then serves the request at hand and enters no book: once the provider is back, it
plans the shape itself.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from larst.errors import (
    BadResourceNameError,
    NoRuleError,
    NoUsablePlanError,
    PlannerUnreachableError,
)
from larst.planning.planner import Maker, Planner, PlannerAnswer, PlanningRequest

SOURCE = "rules-fallback"

_log = logging.getLogger("larst.planner")


class FallbackPlanner:
    """Asks `first`; where that cannot be reached, `second`."""

    def __init__(self, first: Planner, second: Planner) -> None:
        self._first = first
        self._second = second

    @property
    def maker(self) -> Maker:
        """Who signs the plans that last."""
        return self._first.maker

    def is_ready(self) -> bool:
        """Tell whether either can be asked."""
        return self._first.is_ready() or self._second.is_ready()

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return a plan of the first, or one of the second that does not last.

        Raises:
            PlannerError: as the first says; that it cannot be reached, only where the second has
                no plan either.
        """
        try:
            return await self._first.plan(request)
        except PlannerUnreachableError as unreachable:
            try:
                planned = await self._second.plan(request)
            except (NoRuleError, NoUsablePlanError, BadResourceNameError):
                raise unreachable from None
            _log.warning(
                "the rules stand in for the planner: %s",
                unreachable.detail,
                extra={"fields": {"source": SOURCE, "reason": unreachable.detail}},
            )
            return replace(planned, source=SOURCE, is_reusable=False)

    async def close(self) -> None:
        """Let both go."""
        await self._first.close()
        await self._second.close()
