"""Planner calls in progress, which concurrent requests of one shape share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from larst.domain import TraceParent
from larst.planning.lookup import ReadyPlan
from larst.planning.planner import Refusal
from larst.telemetry import Stage
from larst.telemetry.attributes import PLAN_IS_SHARED

FlightKey = tuple[str, tuple[Refusal, ...]]
"""A shape or a request, and the refusals that its planner sees."""


@dataclass(frozen=True, slots=True)
class Flight:
    """A planner call in progress, and the trace of the request that started it."""

    task: asyncio.Task[ReadyPlan]
    started_by: TraceParent | None


async def wait_for(flight: Flight, *, is_shared: bool) -> ReadyPlan:
    """Return the plan; callers sharing another request's call record their wait as a stage.

    Shielded: a client that disconnects must not cancel the call for the other clients.
    """
    if not is_shared:
        return await asyncio.shield(flight.task)
    with Stage("plan", {PLAN_IS_SHARED: True}, link=flight.started_by):
        return await asyncio.shield(flight.task)
