"""A planner that counts what another one uses. Must never change an answer."""

from __future__ import annotations

from dataclasses import replace

from larst.domain import Usage
from larst.errors import AnswerUnusableError
from larst.planning.planner import Maker, Planner, PlannerAnswer, PlanningRequest


class MeteredPlanner:
    """Passes every question on, and keeps the sum of what the answers have used."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._spent = Usage()

    @property
    def maker(self) -> Maker:
        """Who signs the plans."""
        return self._planner.maker

    def usage(self) -> Usage:
        """Return what was used so far; `calls` counts every time that the planner was asked."""
        return self._spent

    def is_ready(self) -> bool:
        """Tell whether the planner can be asked now."""
        return self._planner.is_ready()

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return the planner's answer; as in `Planner`."""
        self._spent += Usage(calls=1)
        try:
            planned = await self._planner.plan(request)
        except AnswerUnusableError as error:
            self._spent += replace(error.usage, calls=0)
            raise
        self._spent += replace(planned.usage, calls=0)
        return planned

    async def close(self) -> None:
        """Let the planner go."""
        await self._planner.close()
