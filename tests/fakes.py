"""Fakes for tests: request contexts, unchecked programs, and a planner with a script."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Mapping, Sequence

from larst.domain import CheckedProgram, Code, Plan, RequestContext, Usage
from larst.errors import NoRuleError
from larst.http.parsing import parse_body, parse_target
from larst.planning import BasedOn, Maker, PlannerAnswer, PlanningRequest
from larst.planning.shapes import ShapedRequest


def request(
    method: str,
    target: str,
    body: bytes = b"",
    content_type: str = "application/json",
    *,
    headers: Mapping[str, str] | None = None,
    session_id: str = "session-1",
) -> RequestContext:
    """Return the context of a request, parsed as the service parses it."""
    parsed = parse_target(target)
    return RequestContext(
        method=method,
        path=parsed.path,
        segments=parsed.segments,
        query=parsed.query,
        headers=headers or {},
        body=parse_body(content_type if body else "", body),
        client_ip="127.0.0.1",
        session_id=session_id,
        request_id="request-1",
    )


def unchecked(source: str) -> CheckedProgram:
    """Return a program that the policy has not checked."""
    tree = ast.parse(source)
    names = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return CheckedProgram(source, tree, names, literals=())


NEEDS_VALUES = "# needs values"
"""The program of a scripted planner that cannot plan from a sketch."""


class _BuggyPlan(Plan):
    """A plan that raises when it is bound to a request, which real plans never do."""

    def __getattribute__(self, name: str) -> object:
        if name == "response_hints":
            raise RuntimeError("a deliberate bug")
        return super().__getattribute__(name)


class ScriptedPlanner:
    """Answers with the programs of its script, and refuses all other requests.

    `script` maps "METHOD /path/shape" to programs, one for each attempt; the last one repeats.
    After `hold()`, it waits with its answer to a GET until `release()`. A path that begins with
    /bug gets a plan that raises in the session's actor. `based_on` is copied into each answer;
    each answer costs 10 input and 5 output tokens. `requests` records every request.
    """

    def __init__(self, script: Mapping[str, Sequence[str]], *, based_on: BasedOn = "shape") -> None:
        self.maker = Maker("scripted", None, "1")
        self.based_on: BasedOn = based_on
        self.script = {shape: list(programs) for shape, programs in script.items()}
        self.requests: list[PlanningRequest] = []
        self.is_waiting = asyncio.Event()
        self.is_closed = False
        self._free = asyncio.Event()
        self._free.set()

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        return maker == self.maker

    def is_ready(self) -> bool:
        return True

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    async def close(self) -> None:
        self.is_closed = True

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        self.requests.append(request)
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
