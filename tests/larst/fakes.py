"""Requests made by hand, and a planner whose programs the test writes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from larst.context import parse_body, parse_target
from larst.errors import NoRuleError
from larst.model import Code, Json, Plan, RequestContext, TraceParent
from larst.planning.planner import PlanningRequest, SchemaOf
from larst.planning.shape import Shape


def request(
    method: str, target: str, body: bytes = b"", content_type: str = "application/json"
) -> RequestContext:
    """Return the context of a request, parsed as the edge would parse it."""
    parsed = parse_target(target)
    return RequestContext(
        method=method,
        path=parsed.path,
        segments=parsed.segments,
        query=parsed.query,
        headers={},
        body=parse_body(method, content_type if body else "", body),
        client_ip="127.0.0.1",
        session_id="session-1",
        request_id="request-1",
        trace=TraceParent("0" * 31 + "1", "0" * 15 + "1", "01"),
    )


class ScriptedPlanner:
    """Plans with programs written by the test, for shapes the test names; the rest is refused.

    `script` maps "METHOD /path/shape" to the programs to give, one an attempt; the last one is
    given again ever after. `hold()` makes it wait, when asked for a GET, until `release()`.
    A path that begins with /bug meets a bug in the session's own turn.
    """

    name = "scripted"
    model = None
    version = "1"

    def __init__(self, script: Mapping[str, Sequence[str]]) -> None:
        self.script = {shape: list(programs) for shape, programs in script.items()}
        self.asked: list[PlanningRequest] = []
        self.is_waiting = asyncio.Event()
        self._free = asyncio.Event()
        self._free.set()

    def facts(self, shape: Shape, schema_of: SchemaOf) -> dict[str, Json]:
        del schema_of
        if shape.path[0].text == "bug":
            raise RuntimeError("a bug, on purpose")
        return {}

    def is_ready(self) -> bool:
        return True

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    async def plan(self, request: PlanningRequest) -> Plan:
        self.asked.append(request)
        shape = request.shape.as_json()
        programs = self.script.get(f"{shape['method']} {shape['path']}")
        if programs is None:
            raise NoRuleError("the test has no program for this")
        if shape["method"] == "GET":
            self.is_waiting.set()
            await self._free.wait()
        block = programs.pop(0) if len(programs) > 1 else programs[0]
        resource = request.shape.path[0].text
        return Plan(action="custom", resource=resource, code=Code(block=block))
