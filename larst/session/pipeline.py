"""The stages of a request: shape, plan, validate, run. One pipeline serves all sessions.

Knows no HTTP and owns no session's data: what a stage needs of a session comes in with each call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from larst.config import PlanningSettings
from larst.domain import CheckedProgram, Json, ProgramInputs
from larst.planning import Planner, PlanResolver, ReadyPlan
from larst.planning.book import PlanBook
from larst.planning.shapes import (
    Binding,
    RestPath,
    ShapedRequest,
    bind,
    sketch_of_schema,
)
from larst.policy import PolicyLimits, check, strip_fences
from larst.sandbox import Sandbox

_CHECKED_PROGRAMS = 1024
_SHOWN_RESOURCES = 20


class Knowledge(Protocol):
    """What planning needs to know of a session."""

    def has_record(self, resource: str, id: str) -> bool:
        """Tell whether the record exists."""

    def names(self) -> Sequence[str]:
        """Return the names of the resources that exist."""

    def schema(self, name: str) -> Json | None:
        """Return the learned schema of the resource, or None."""

    def fields(self, resource: str) -> frozenset[str]:
        """Return the top-level fields that records of the resource ever had."""


class Pipeline:
    """The stages; `resolver` is where plans come from, `sandbox` is where programs run."""

    def __init__(
        self,
        *,
        planner: Planner,
        book: PlanBook,
        sandbox: Sandbox,
        settings: PlanningSettings,
        now: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        limits = PolicyLimits(code_bytes=settings.max_code_bytes)

        @lru_cache(_CHECKED_PROGRAMS)
        def check_program(source: str) -> CheckedProgram:
            return check(strip_fences(source), limits)

        self.sandbox = sandbox
        self.resolver = PlanResolver(
            planner=planner,
            book=book,
            check=check_program,
            settings=settings,
            now=now,
            timer=timer,
        )

    def detach(self, request: ShapedRequest, session: Knowledge) -> ShapedRequest:
        """Return the request with a copy of what a planner needs to know of the session.

        Planning runs outside the session's turn, where the session must not be read.
        """
        names = session.names()
        in_path = [segment.text for segment in request.shape.path if segment.text in names]
        schemas = {name: session.schema(name) for name in dict.fromkeys([*in_path, *names])}
        learned = [(name, schema) for name, schema in schemas.items() if schema is not None]
        sketches = {
            name: sketch_of_schema(schema["json_schema"])
            for name, schema in learned
            if name in list(schemas)[:_SHOWN_RESOURCES]
        }
        return request.detached(schemas.get, sketches)

    def bind(self, ready: ReadyPlan, request: ShapedRequest, session: Knowledge) -> Binding:
        """Return the request's own identifier, criteria and payload for its plan."""
        path, segments = request.path, request.request.segments
        if isinstance(path, RestPath):
            resource: str | None = path.resource
            identifier = None if path.identifier is None else segments[path.identifier]
        else:
            # Not plain REST: the nearest thing to an identifier is the last segment like one.
            places = zip(segments, request.shape.path, strict=True)
            identifiers = [text for text, segment in places if segment.is_identifier]
            identifier = identifiers[-1] if identifiers else None
            resource = ready.plan.resource
        if not request.request.query:
            return Binding(identifier, {}, request.request.body.json, None)
        if resource is None:
            return bind(request.request, identifier, ())
        learned = session.schema(resource)
        schema = {} if learned is None else learned["json_schema"]
        return bind(request.request, identifier, session.fields(resource), schema)

    def inputs(self, ready: ReadyPlan, request: ShapedRequest, binding: Binding) -> ProgramInputs:
        """Return what the plan's program is given besides the store."""
        return ProgramInputs(
            # Most programs of the rules do not read it, and it is costly to make.
            ctx=request.request.as_json() if "ctx" in ready.program.names else {},
            plan=binding.fill(ready.plan),
            resource=ready.plan.resource,
        )

    async def close(self) -> None:
        """Cancel planning under way and close the planner."""
        await self.resolver.close()
