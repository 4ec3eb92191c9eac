"""All programs of the rules, compared with the recorded programs of their version.

The version of the rules is part of a plan's key. If this test fails, a shape gets another program:
raise `VERSION` in larst/planning/rules/planner.py, then record the new programs with
`python -m tests.planning.rules.test_golden`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path

from larst.domain import Json
from larst.errors import BadRequestError, NoRuleError
from larst.planning.rules.planner import VERSION, RulesPlanner
from tests.fakes import request
from tests.planning.rules.test_planner import BODIES, METHODS, PATHS, QUERIES
from tests.planning.sessions import EMPTY, planning_request_of, shaped_of
from tests.planning.shapes.test_links import PATHS as LINKED_PATHS
from tests.planning.shapes.test_links import linked_session

GOLDEN = Path(__file__).with_name("golden.json")


async def programs() -> dict[str, Json]:
    """Return the program of each shape, or the name of the error; by method, target and body."""
    planner, by_shape, linked = RulesPlanner(), dict[str, Json](), linked_session()
    paths = [(EMPTY, "", path + query) for path, query in itertools.product(PATHS, QUERIES)]
    paths += [(linked, "linked: ", path) for path in LINKED_PATHS]
    for method, (session, label, path), body in itertools.product(METHODS, paths, BODIES):
        try:
            planning = planning_request_of(shaped_of(request(method, path, body), session))
            program = (await planner.plan(planning)).plan.code.block
        except (NoRuleError, BadRequestError) as error:
            program = type(error).__name__
        by_shape[f"{label}{method} {path} {body.decode()}"] = program
    return by_shape


def compact(by_shape: dict[str, Json]) -> dict[str, Json]:
    """Return each program once, with its shapes."""
    shapes: dict[str, list[str]] = {}
    for shape, program in by_shape.items():
        shapes.setdefault(program, []).append(shape)
    return {"version": VERSION, "programs": [[program, shapes[program]] for program in shapes]}


async def test_each_shape_gets_the_recorded_program_of_the_version() -> None:
    golden = json.loads(GOLDEN.read_text())
    current = compact(await programs())

    assert golden["version"] == VERSION, "record the programs of the new version"
    assert current["programs"] == golden["programs"], "raise VERSION, then record the programs"


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(compact(asyncio.run(programs())), indent=1) + "\n")
