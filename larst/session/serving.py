"""The request that a session serves now, for telemetry and for the log of a crash."""

from __future__ import annotations

from collections.abc import Callable, Container
from contextvars import Token
from types import TracebackType

from larst.actors import Clock
from larst.errors import LarstError
from larst.planning import ReadyPlan
from larst.planning.shapes import ShapedRequest
from larst.session.messages import SessionRequest
from larst.telemetry import CURRENT_REQUEST, RequestTrace

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Serving:
    """Makes a request the current one inside the block, and names it in an unexpected error.

    A class and not a generator, because it runs for each request.
    """

    __slots__ = ("_token", "_trace")

    def __init__(self, trace: RequestTrace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        self._token: Token[RequestTrace | None] = CURRENT_REQUEST.set(self._trace)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        CURRENT_REQUEST.reset(self._token)
        if isinstance(error, Exception) and not isinstance(error, LarstError):
            # The supervisor logs the crash, and does not know the request.
            error.add_note(f"while serving request {self._trace.request_id}")


def record_route(
    trace: RequestTrace, resources: Container[str], shaped: ShapedRequest, ready: ReadyPlan
) -> None:
    """Record route and resource if they exist: clients can make up others without end."""
    resource = ready.plan.resource
    trace.route = shaped.shape.public_route(resources)
    if trace.is_recording and resource is not None and resource in resources:
        trace.set_resource(resource)


def look_up(
    message: SessionRequest,
    shaped: ShapedRequest,
    find: Callable[[ShapedRequest], ReadyPlan | None],
    clock: Clock,
) -> ReadyPlan | None:
    """Return the plan that the request came back with, or that exists."""
    ready = message.ready.get(shaped.key)
    if ready is None:
        start_s = clock.now()
        ready = find(shaped)
        if ready is not None:
            elapsed_s, check_s = clock.now() - start_s, ready.validate_ms / 1000
            message.trace.record_lookup(elapsed_s, ready.source, ready.key, check_s)
    return ready


def record_plan(trace: RequestTrace, ready: ReadyPlan) -> None:
    """Record the plan that the request is served with."""
    plan = ready.plan
    trace.set_plan(ready.source, ready.key, plan.action, ready.state)
    if trace.details is not None:
        planner = ready.maker.planner
        trace.details.set_program(plan.action, plan.resource, planner, plan.code.block)
