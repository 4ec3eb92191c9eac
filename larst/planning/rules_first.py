"""The planner that asks the built-in rules first, and a model for what they would have to guess.

Plain REST then costs no call. Once a program of the rules was refused, by a user or by its run, or
a user says in words what a request means, the model plans the shape.
"""

from __future__ import annotations

from larst.errors import BadResourceNameError, NoRuleError
from larst.planning.planner import Maker, Planner, PlannerAnswer, PlanningRequest, Preparable
from larst.planning.rules.certainty import is_certain
from larst.planning.rules.planner import RulesPlanner
from larst.planning.shapes.request import ShapedRequest


class RulesFirstPlanner:
    """Calls `rules` for requests that they read for certain, and `model` for all others."""

    def __init__(self, rules: RulesPlanner, model: Planner) -> None:
        self._rules = rules
        self._model = model

    @property
    def maker(self) -> Maker:
        """The maker of the plans that are not the rules'."""
        return self._model.maker

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        """Return whether a learned plan may serve: the model's, and the rules' where certain."""
        if maker != self._rules.maker:
            return self._model.trusts(maker, shaped)
        return is_certain(
            shaped.shape, shaped.path, lambda name: shaped.schema_of(name) is not None
        )

    def is_ready(self) -> bool:
        """Return whether the model's planner is ready; the rules always are."""
        return self._model.is_ready()

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return the plan of the rules if they are certain, else the model's.

        Raises:
            PlannerError: raised by the model's planner.
            BadResourceNameError: the path contains an invalid resource name.
        """
        if isinstance(request.path, BadResourceNameError):
            raise request.path
        is_told = request.guidance.intent is not None or bool(request.refusals)
        if not is_told and is_certain(request.shape, request.path, request.schemas.__contains__):
            try:
                return await self._rules.plan(request)
            except NoRuleError:
                pass  # plain as it looks, they have no program for it
        return await self._model.plan(request)

    async def prepare(self) -> None:
        """Prepare the model's planner, if it has anything to prepare."""
        if isinstance(self._model, Preparable):
            await self._model.prepare()

    async def close(self) -> None:
        """Close both planners."""
        await self._rules.close()
        await self._model.close()
