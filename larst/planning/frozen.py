"""The planner of a service that serves a pack: it plans nothing, and calls no model."""

from __future__ import annotations

from larst.errors import BookLockedError
from larst.planning.planner import Maker, PlannerAnswer, PlanningRequest
from larst.planning.shapes.request import ShapedRequest


class FrozenPlanner:
    """Stands for the planner that made the plans of a pack, so that requests are read alike."""

    def __init__(self, maker: Maker) -> None:
        self.maker = maker

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        """Return whether a learned plan may serve: only those of the planner it stands for."""
        return maker == self.maker

    def is_ready(self) -> bool:
        """Return True: all of its plans are in the plan book."""
        return True

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Refuse the request.

        Raises:
            BookLockedError: always.
        """
        shape = request.shape
        raise BookLockedError(f"the pack has no plan for {shape.method} {shape.route}")

    async def close(self) -> None:
        """Do nothing: it has no connections."""
