"""The fallback planner: the built-in rules plan while the provider cannot be reached.

Their plans serve one request and do not enter the plan book: once the provider is back, it plans
the shape itself.
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
from larst.planning.planner import Maker, Planner, PlannerAnswer, PlanningRequest, Preparable
from larst.planning.shapes.request import ShapedRequest

SOURCE = "rules-fallback"

_log = logging.getLogger("larst.planner")


class FallbackPlanner:
    """Calls `first`, and calls `second` when `first` cannot be reached."""

    def __init__(self, first: Planner, second: Planner) -> None:
        self._first = first
        self._second = second

    @property
    def maker(self) -> Maker:
        """The maker of the plans that enter the book."""
        return self._first.maker

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        """Return whether a learned plan may serve: only one of the first planner."""
        return self._first.trusts(maker, shaped)

    def is_ready(self) -> bool:
        """Return whether either planner is ready."""
        return self._first.is_ready() or self._second.is_ready()

    async def prepare(self) -> None:
        """Prepare the first planner, if it has anything to prepare."""
        if isinstance(self._first, Preparable):
            await self._first.prepare()

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return the plan of the first planner, or a plan of the second for this request only.

        Raises:
            PlannerError: raised by the first planner; PlannerUnreachableError only if the second
                planner has no plan either.
        """
        try:
            return await self._first.plan(request)
        except PlannerUnreachableError as unreachable:
            try:
                answer = await self._second.plan(request)
            except (NoRuleError, NoUsablePlanError, BadResourceNameError):
                raise unreachable from None
            _log.warning(
                "planner unreachable, using the built-in rules: %s",
                unreachable.detail,
                extra={"fields": {"source": SOURCE, "reason": unreachable.detail}},
            )
            return replace(answer, source=SOURCE, is_reusable=False)

    async def close(self) -> None:
        """Close both planners."""
        await self._first.close()
        await self._second.close()
