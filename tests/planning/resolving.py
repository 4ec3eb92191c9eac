"""Resolvers, requests and programs for the tests of the plan resolver."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from larst.config import PlanningSettings
from larst.domain import Json, RequestContext
from larst.errors import ProgramFailedError
from larst.planning import PlanResolver, ReadyPlan
from larst.planning.book import PlanBook
from larst.planning.shapes import ShapedRequest
from larst.policy import PolicyLimits, check
from tests.fakes import ScriptedPlanner, request
from tests.planning.sessions import shaped_of

GOOD = "REPLY = make_response(200)"


BETTER = "REPLY = make_response(201)"


READS_AMOUNT = 'REPLY = make_response(200, plan["payload"]["amount"])'


SHAPE = "GET /books/<int>"


TRANSFER = "POST /accounts/transfer"


FAILED = ProgramFailedError("line 1: KeyError: 'x'")


def resolver_of(
    book: PlanBook, planner: ScriptedPlanner, settings: PlanningSettings | None = None
) -> PlanResolver:
    return PlanResolver(
        planner=planner,
        book=book,
        check=lambda source: check(source, PolicyLimits()),
        settings=settings or PlanningSettings(attempts=2),
        now=lambda: datetime(2026, 11, 23, tzinfo=UTC),
        timer=lambda: 0.0,
    )


def shape(
    context: RequestContext | None = None, schemas: Mapping[str, Mapping[str, Json]] | None = None
) -> ShapedRequest:
    """Return a request with its shape, in a session with these learned schemas."""
    context = context or request("GET", "/books/1")
    learned = {
        name: {"fields": sorted(fields), "json_schema": {"properties": fields}}
        for name, fields in (schemas or {}).items()
    }
    return shaped_of(context).detached(learned.get, {})


def transfer(body: bytes, session_id: str = "session-1") -> ShapedRequest:
    return shape(request("POST", "/accounts/transfer", body, session_id=session_id))


async def learn(resolver: PlanResolver, shaped: ShapedRequest) -> ReadyPlan:
    """Plan a request, as if the program then ran successfully."""
    ready = await resolver.learn(shaped, ())
    resolver.keep(ready, shaped)
    return ready
