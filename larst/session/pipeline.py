"""The order of the stages: shape, plan, validate, run.

Knows no HTTP and owns no session's data: what it needs of a session comes in with each call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from larst.domain import CheckedProgram, Json, ProgramInputs, Reply, RequestContext, SessionView
from larst.errors import BadResourceNameError, DeadlineError
from larst.planning.book.book import PlanBook
from larst.planning.lookup import Case, Question, ReadyPlan
from larst.planning.planner import Planner
from larst.planning.resolver import PlanResolver, ResolverSettings
from larst.planning.reuse.conditions import Situation
from larst.planning.shapes.binding import Binding, bind
from larst.planning.shapes.rest_path import facts_of, read_path
from larst.planning.shapes.shape import Segment, shape_key, shape_of
from larst.planning.shapes.sketch import sketch_of_schema
from larst.policy import PolicyLimits, check, strip_fences
from larst.sandbox import Sandbox

_CHECKED_PROGRAMS = 4096
_SHOWN_RESOURCES = 20


class Knowledge(Protocol):
    """What a session knows, as far as planning needs it."""

    def has_record(self, resource: str, id: str) -> bool:
        """Tell whether the record exists."""

    def names(self) -> Sequence[str]:
        """Return the names of the resources that exist."""

    def schema(self, name: str) -> Json | None:
        """Return the resource's learned schema, or None."""

    def fields(self, resource: str) -> frozenset[str]:
        """Return the top-level fields that the resource's records ever had."""


class Pipeline:
    """Takes requests through the stages; one for all sessions, so that plans are shared.

    `resolver` is where their plans come from.
    """

    def __init__(
        self,
        *,
        planner: Planner,
        book: PlanBook,
        sandbox: Sandbox,
        settings: ResolverSettings,
        limits: PolicyLimits,
        now: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        @lru_cache(_CHECKED_PROGRAMS)
        def check_program(source: str) -> CheckedProgram:
            return check(strip_fences(source), limits)

        self._sandbox = sandbox
        self.resolver = PlanResolver(
            planner=planner,
            book=book,
            check=check_program,
            settings=settings,
            now=now,
            timer=timer,
        )

    def prepare(self, request: RequestContext, session: Knowledge) -> Case:
        """Return the request with its shape, by which its plan is found."""
        shape = shape_of(request, session.has_record)
        facts = facts_of(shape, session.schema)
        key = shape_key(shape.as_json(), facts)
        return Case(key, shape, facts, Situation(request, session.schema))

    def question(self, case: Case, session: Knowledge) -> Question:
        """Return what a planner needs to know, as the session knows it now."""
        names = session.names()
        in_path = [part.text for part in case.shape.path if part.text in names]
        shown = dict.fromkeys([*in_path, *names])
        learned = {
            name: schema
            for name in list(shown)[:_SHOWN_RESOURCES]
            if (schema := session.schema(name)) is not None
        }
        # What a plan may later be held against is more than what fits into a prompt.
        known = {name: session.schema(name) for name in names}
        case = Case(case.key, case.shape, case.facts, Situation(case.situation.request, known.get))
        return Question(
            case,
            {name: sketch_of_schema(schema["json_schema"]) for name, schema in learned.items()},
        )

    def bind(self, ready: ReadyPlan, case: Case, session: Knowledge) -> Binding:
        """Return the request's own identifier, criteria and payload for its plan."""
        request = case.situation.request
        path = [
            Segment(text, part.is_identifier)
            for text, part in zip(request.segments, case.shape.path, strict=True)
        ]
        known = [part.text for part in path if not part.is_identifier and session.schema(part.text)]
        try:
            read = read_path(path, known)
        except BadResourceNameError:
            read = None
        if read is not None:
            fields, learned = session.fields(read.resource), session.schema(read.resource)
            return bind(request, read.identifier, fields, _json_schema(learned))
        # No plain REST: the nearest there is to an identifier is the last segment that looks so.
        identifiers = [part.text for part in path if part.is_identifier]
        identifier = identifiers[-1] if identifiers else None
        if (resource := ready.plan.resource) is None:
            return bind(request, identifier, ())
        learned = _json_schema(session.schema(resource))
        return bind(request, identifier, session.fields(resource), learned)

    async def run(
        self,
        ready: ReadyPlan,
        case: Case,
        binding: Binding,
        view: SessionView,
        *,
        timeout_s: float,
    ) -> Reply:
        """Return the program's reply; what it changed is in `view`, for the caller to commit.

        Raises:
            LarstError: the program failed, was stopped, or met what the client can mend.
        """
        if timeout_s <= 0:
            raise DeadlineError("the request's time was over before its program began")
        inputs = ProgramInputs(
            ctx=case.situation.request.as_json(),
            plan=binding.fill(ready.plan),
            resource=ready.plan.resource,
        )
        return await self._sandbox.run(ready.program, inputs, view, timeout_s=timeout_s)

    async def close(self) -> None:
        """End what is being planned."""
        await self.resolver.close()


def _json_schema(learned: Json | None) -> Mapping[str, Json]:
    return {} if learned is None else learned["json_schema"]
