"""The request that a session serves now, for telemetry and for the log of a crash."""

from __future__ import annotations

from collections.abc import Container
from contextvars import Token
from types import TracebackType

from larst.errors import LarstError
from larst.planning import ReadyPlan
from larst.planning.shapes import ShapedRequest
from larst.telemetry import CURRENT_REQUEST, RequestTrace


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
