"""What the stages of a request share: the resolver and the sandbox.

One pipeline serves all sessions of a tenant. Must never know HTTP and never hold a session's data:
each call passes the facts about a session that it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import islice

from larst.config import PlanningSettings
from larst.direct import DirectRunner
from larst.domain import CheckedProgram
from larst.planning import Planner, PlanResolver
from larst.planning.book import Plans
from larst.planning.reading.fields import Fields
from larst.planning.reading.relation import Session
from larst.planning.reading.request import fields_of
from larst.planning.shapes import (
    ShapedRequest,
    read_leniently,
    sketches_of_schemas,
    with_vocabulary,
)
from larst.policy import PolicyLimits, check, strip_fences
from larst.sandbox import Sandbox
from larst.session.noted_runs import NotedRuns
from larst.session.run_places import RunPlaces

_CHECKED_PROGRAMS = 1024
_MAX_SKETCHES = 20
"""Resources that a planner sees; those in the path come first."""


class Pipeline:
    """`resolver` supplies plans; `direct`, if it can, or `sandbox` runs their programs.

    `check` is the policy. `places` are those where heavy programs begin, `noted` has runs that may
    become cases. `has_proof`: a new program
    of a model is rehearsed, and asked about if it is odd, before it counts as proven.
    """

    def __init__(
        self,
        *,
        planner: Planner,
        book: Plans,
        sandbox: Sandbox,
        direct: DirectRunner | None = None,
        settings: PlanningSettings,
        now: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        limits = PolicyLimits(code_bytes=settings.max_code_bytes)

        @lru_cache(_CHECKED_PROGRAMS)
        def check_program(source: str) -> CheckedProgram:
            return check(strip_fences(source), limits)

        self._shows_vocabulary = settings.prompt_vocabulary == "on"
        self.check = check_program
        self.sandbox = sandbox
        self.has_proof = settings.has_proof
        self.direct = direct
        self.places = RunPlaces()
        self.noted = NotedRuns()
        self.resolver = PlanResolver(
            planner=planner,
            book=book,
            check=check_program,
            settings=settings,
            now=now,
            timer=timer,
        )

    def detach(self, request: ShapedRequest, session: Session) -> ShapedRequest:
        """Return the request with a copy of the facts about the session that a planner needs.

        Planning runs beside the session's actor, where the session must not be read.

        Raises:
            BadPagingError: the paging of a custom request makes no sense.
        """
        names = session.names()
        in_path = [segment.text for segment in request.shape.path if segment.text in names]
        schemas = {name: session.schema(name) for name in dict.fromkeys([*in_path, *names])}
        learned = {
            name: schema["json_schema"]
            for name, schema in islice(schemas.items(), _MAX_SKETCHES)
            if schema is not None
        }
        sketches = sketches_of_schemas(learned)
        if self._shows_vocabulary:
            for name in dict.fromkeys(in_path):
                if name in sketches:
                    sketches[name] = with_vocabulary(sketches[name], session.vocabulary(name))
        detached = request.detached(schemas.get, sketches)
        if not request.shape.query:
            return detached
        fields = fields_of(session, in_path[-1]) if in_path else Fields()
        asked = read_leniently(request.request, fields)
        return replace(detached, reading=replace(request.reading, asked=asked))

    async def cancel(self) -> None:
        """Cancel planner calls in progress."""
        await self.resolver.cancel()

    async def close(self) -> None:
        """Cancel planner calls in progress and close the planner."""
        await self.resolver.close()
