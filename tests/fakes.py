"""Requests made by hand, and a planner whose programs the test writes."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Mapping, Sequence

from larst.domain import CheckedProgram, Code, Plan, RequestContext, Usage
from larst.errors import NoRuleError
from larst.http.parsing import parse_body, parse_target
from larst.planning.planner import BasedOn, Maker, PlannerAnswer, PlanningRequest


def request(
    method: str,
    target: str,
    body: bytes = b"",
    content_type: str = "application/json",
    *,
    headers: Mapping[str, str] | None = None,
    session_id: str = "session-1",
) -> RequestContext:
    """Return the context of a request, parsed as the edge would parse it."""
    parsed = parse_target(target)
    return RequestContext(
        method=method,
        path=parsed.path,
        segments=parsed.segments,
        query=parsed.query,
        headers=headers or {},
        body=parse_body(method, content_type if body else "", body),
        client_ip="127.0.0.1",
        session_id=session_id,
        request_id="request-1",
    )


def unchecked(source: str) -> CheckedProgram:
    """Return a program as if the policy had accepted it."""
    tree = ast.parse(source)
    names = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return CheckedProgram(source, tree, names, literals=())


NEEDS_VALUES = "# needs values"
"""A program by which a scripted planner says that it cannot do with a sketch."""


class _BuggyPlan(Plan):
    """Cannot be bound to a request, which no plan of any planner's is like."""

    def __getattribute__(self, name: str) -> object:
        if name == "response_hints":
            raise RuntimeError("a bug, on purpose")
        return super().__getattribute__(name)


class ScriptedPlanner:
    """Plans with programs written by the test, for shapes the test names; the rest is refused.

    `script` maps "METHOD /path/shape" to the programs to give, one an attempt; the last one is
    given again ever after. `hold()` makes it wait, when asked for a GET, until `release()`.
    A path that begins with /bug meets a bug in the session's own turn.
    `based_on` is copied into each answer; each answer has used 10 and 5 tokens.
    """

    def __init__(self, script: Mapping[str, Sequence[str]], *, based_on: BasedOn = "shape") -> None:
        self.maker = Maker("scripted", None, "1")
        self.based_on: BasedOn = based_on
        self.script = {shape: list(programs) for shape, programs in script.items()}
        self.asked: list[PlanningRequest] = []
        self.is_waiting = asyncio.Event()
        self.is_closed = False
        self._free = asyncio.Event()
        self._free.set()

    def is_ready(self) -> bool:
        return True

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    async def close(self) -> None:
        self.is_closed = True

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        self.asked.append(request)
        if request.shape.path[0].text == "bug":
            buggy = _BuggyPlan(action="custom", resource="bug", code=Code(block="REPLY = 1"))
            return PlannerAnswer(buggy, self.maker, "scripted", self.based_on)
        shape = request.shape.as_json()
        programs = self.script.get(f"{shape['method']} {shape['path']}")
        if programs is None:
            raise NoRuleError("the test has no program for this")
        if shape["method"] == "GET":
            self.is_waiting.set()
            await self._free.wait()
        block = programs.pop(0) if len(programs) > 1 else programs[0]
        resource = request.shape.path[0].text
        needs_values = block == NEEDS_VALUES and not request.has_values
        plan = Plan(
            action="custom", resource=resource, needs_values=needs_values, code=Code(block=block)
        )
        return PlannerAnswer(plan, self.maker, "scripted", self.based_on, Usage(1, 10, 5, 0.001))
