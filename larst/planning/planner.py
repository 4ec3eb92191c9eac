"""The planner protocol: the request that a planner receives, and the answer that it returns.

A planner sees shapes, sketches and learned schemas. It sees values only in a request that has
them, and never a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from larst.domain import (
    DEFAULT_TENANT,
    NO_GUIDANCE,
    Guidance,
    Json,
    Plan,
    SessionKey,
    Tenant,
    Usage,
)
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.rest_path import PathInterpretation
from larst.planning.shapes.shape import Shape
from larst.prompts import Example

RULES = "rules"
"""The name of the built-in planner in the plan book, `Server-Timing` and metrics."""

BasedOn = Literal["shape", "sketch", "values"]
"""The input that a plan was made from; it decides which requests the plan may serve
(reuse/conditions.py)."""


@dataclass(frozen=True, slots=True)
class Maker:
    """The planner that made a plan. `version` changes whenever its answers may change."""

    planner: str
    model: str | None
    version: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why an earlier program was refused, and the cost of planning so far.

    `has_values`: the reason comes from a failed run and may quote values. `is_odd`: its effects
    were unusual but possible; the same program again means that they are meant. `resource` is that
    of its plan.
    """

    reason: str
    program: str | None = None
    usage: Usage = field(default_factory=Usage)
    has_values: bool = False
    is_odd: bool = False
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class PlanningRequest:
    """The request to a planner.

    `path` is the meaning of the shape's path by REST convention, `facts` are the session's facts
    that it depends on. `context` is the request context of SPEC section 3, and `asked`: what the
    query asks for in LARST's own words. It is a sketch or, with `has_values`, has the request's
    values. `schemas` are the fields of the session's resources.
    `may_need_values`: the planner may answer that it needs the values. `guidance` is what a user
    wrote for the planner; its reply is a sketch if the planner must not see values. `operation` is
    what the contract of the session says about the request. `example` is a plan that was pinned in
    the same tenant, for a request like this one.
    `session_key` and `tenant` identify the budgets to charge; models do not see them.
    """

    shape: Shape
    path: PathInterpretation
    facts: Mapping[str, Json]
    context: Mapping[str, Json]
    schemas: Mapping[str, Json]
    session_key: SessionKey
    tenant: Tenant = DEFAULT_TENANT
    has_values: bool = False
    may_need_values: bool = False
    refusals: tuple[Refusal, ...] = ()
    guidance: Guidance = NO_GUIDANCE
    operation: Mapping[str, Json] = field(default_factory=dict)
    example: Example | None = None


@dataclass(frozen=True, slots=True)
class PlannerAnswer:
    """The answer of a planner. `source` appears in the `Server-Timing` header.

    Set `is_reusable=False` for a plan that must serve this request only and not enter the book.
    """

    plan: Plan
    maker: Maker
    source: str
    based_on: BasedOn
    usage: Usage = field(default_factory=Usage)
    is_reusable: bool = True


@runtime_checkable
class Preparable(Protocol):
    """A planner that has something to do when the service starts, beside its first requests."""

    async def prepare(self) -> None:
        """Check the configuration before the first request; log problems, never raise."""


class Planner(Protocol):
    """Writes programs for shapes of requests.

    A planner for one custom request; it refuses all others:

    >>> from larst.domain import Code, Plan
    >>> from larst.errors import NoRuleError
    >>> from larst.planning import Maker, PlannerAnswer, PlanningRequest
    >>> class PingPlanner:
    ...     maker = Maker(planner="ping", model=None, version="1")
    ...
    ...     def trusts(self, maker, shaped) -> bool:
    ...         return maker == self.maker
    ...
    ...     def is_ready(self) -> bool:
    ...         return True
    ...
    ...     async def plan(self, request: PlanningRequest) -> PlannerAnswer:
    ...         if request.shape.route != "/ping" or request.refusals:
    ...             raise NoRuleError("only /ping can be planned")
    ...         code = Code(block='REPLY = make_response(200, {"ping": "pong"})')
    ...         plan = Plan(action="custom", resource=None, code=code)
    ...         return PlannerAnswer(plan, self.maker, source="ping", based_on="shape")
    ...
    ...     async def close(self) -> None:
    ...         pass

    The service calls it with the shape of each new kind of request:

    >>> import asyncio
    >>> from larst.domain import BodyKind
    >>> from larst.planning.shapes import Segment, Shape
    >>> shape = Shape("GET", (Segment("ping", is_identifier=False),), (), BodyKind.NONE)
    >>> request = PlanningRequest(shape, None, {}, {}, {}, session_key="demo")
    >>> answer = asyncio.run(PingPlanner().plan(request))
    >>> print(answer.plan.code.block)
    REPLY = make_response(200, {"ping": "pong"})
    """

    @property
    def maker(self) -> Maker:
        """The planner, model and version that are recorded with its plans."""

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        """Return whether a learned plan of `maker` may serve the request, as its own plans may."""

    def is_ready(self) -> bool:
        """Return whether it can plan now; reported by /readyz."""

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return a plan for the request.

        Raises:
            NoRuleError: it cannot plan this request; another attempt would not help.
            NoUsablePlanError: it has no better program than the refused ones.
            AnswerUnusableError: the answer contains no plan; another attempt may succeed.
            BudgetSpentError: the session, or the service, has made too many calls.
            PlannerUnreachableError: its provider did not answer.
        """

    async def close(self) -> None:
        """Close its connections."""
