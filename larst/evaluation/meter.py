"""A planner that measures the usage of another planner. Must never change an answer."""

from __future__ import annotations

from larst.domain import Usage
from larst.errors import AnswerUnusableError
from larst.planning import Maker, Planner, PlannerAnswer, PlanningRequest
from larst.planning.shapes import ShapedRequest


class MeteredPlanner:
    """Forwards every request to `planner` and sums up the usage of its answers."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._usage = Usage()
        self._repairs = 0

    @property
    def maker(self) -> Maker:
        """The maker named in the plans; see `Planner.maker`."""
        return self._planner.maker

    def usage(self) -> Usage:
        """Return the usage so far; `calls` counts those to a model."""
        return self._usage

    def repairs(self) -> int:
        """Return how many answers were asked for because an earlier one was refused."""
        return self._repairs

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        """Return whether a learned plan may serve; see `Planner.trusts`."""
        return self._planner.trusts(maker, shaped)

    def is_ready(self) -> bool:
        """Return whether the planner can plan now."""
        return self._planner.is_ready()

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return the planner's answer; see `Planner.plan`."""
        self._repairs += bool(request.refusals)
        try:
            answer = await self._planner.plan(request)
        except AnswerUnusableError as error:
            self._usage += error.usage
            raise
        self._usage += answer.usage
        return answer

    async def close(self) -> None:
        """Close the planner."""
        await self._planner.close()
