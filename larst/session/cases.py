"""Cases of plans: made of a noted run when a user pins the plan, and run again on demand.

A case runs on a session of its own in memory, with the records that it was made with. Must never
touch a stored session.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

import orjson

from larst.actors import LoopClock
from larst.domain import (
    NO_BODY,
    Body,
    BodyKind,
    CheckedProgram,
    Json,
    Plan,
    Reply,
    RequestContext,
    WantedReply,
)
from larst.errors import LarstError
from larst.planning import Maker, ReadyPlan
from larst.planning.book.cases import CaseRequest, PlanCase
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes import shape_request
from larst.planning.shapes.sketch import sketch_of_value
from larst.planning.wanted import differences
from larst.session.execution import ProgramRunner
from larst.session.noted_runs import NotedRun
from larst.session.pipeline import Pipeline
from larst.store import DiskFiles, SessionStore

CASE_S = 5.0
"""The time that the run of a case may take."""

_CLIENT_ERROR = 400
_MAKER = Maker("case", None, "")
_PASSING = frozenset({"<datetime>", "<date>", "<time>", "<uuid>"})
"""Values of these classes differ with each run, unless records or request have them."""


async def case_of(pipeline: Pipeline, plan: Plan, run: NotedRun) -> PlanCase | None:
    """Return the case of a noted run; None if the plan does not succeed with its records."""
    request = run.request
    has_body = request.body is not NO_BODY and request.body.kind is not BodyKind.NONE
    asked = CaseRequest(
        method=request.method,
        path="/" + "/".join(quote(part, safe="") for part in request.segments),
        query={key: list(values) for key, values in request.query.items()},
        body=request.body.json,
        has_body=has_body,
    )
    given = {name: [dict(record) for record in records] for name, records in run.given.items()}
    case = PlanCase(request=asked, given=given, status=0)
    try:
        program = pipeline.check(plan.code.block)
        reply = await _reply(pipeline, plan, program, case)
    except LarstError:
        return None
    if reply.status >= _CLIENT_ERROR or reply.media_type != "application/json":
        return None
    body = None if reply.body is None else _general(orjson.loads(reply.body), _texts(case))
    if run.goal is not None and run.goal.has_body:
        body = run.goal.body
    return case.model_copy(
        update={"status": reply.status, "body": body, "has_body": reply.body is not None}
    )


async def case_differences(
    pipeline: Pipeline, plan: Plan, program: CheckedProgram, case: PlanCase
) -> list[str]:
    """Return how the reply of a program differs from that of a case; empty if it passes."""
    try:
        reply = await _reply(pipeline, plan, program, case)
    except LarstError as error:
        return [f"the program failed: {error.detail}"]
    return differences(WantedReply(case.status, case.body, has_body=case.has_body), reply)


async def _reply(pipeline: Pipeline, plan: Plan, program: CheckedProgram, case: PlanCase) -> Reply:
    """Run a program for a case, in a session of its own.

    Raises:
        LarstError: it fails.
    """
    store, clock = _session_of(case), LoopClock()
    request = _context(case.request)
    shaped = shape_request(request, store.data, ReadingSettings(has_model=True))
    ready = ReadyPlan(
        key="case",
        plan=plan,
        program=program,
        condition=None,
        maker=_MAKER,
        source="case",
        validate_ms=0.0,
    )
    run = await ProgramRunner(pipeline, store, clock).run(shaped, ready, clock.now() + CASE_S)
    return run.reply


def _session_of(case: PlanCase) -> SessionStore:
    """Return a session in memory; it is never written."""
    store = SessionStore(Path("case"), files=DiskFiles(), now=lambda: datetime.now(UTC))
    transaction = store.commits.begin()
    for name, records in case.given.items():
        for record in records:
            transaction.resource(name).insert(dict(record))
    store.commits.commit(transaction)
    return store


def _context(request: CaseRequest) -> RequestContext:
    return RequestContext(
        method=request.method,
        path=request.path,
        segments=tuple(unquote(part) for part in request.path.split("/") if part),
        query={key: tuple(values) for key, values in request.query.items()},
        headers={"accept": "application/json"},
        body=Body(_kind(request.body), json=request.body) if request.has_body else NO_BODY,
        client_ip="127.0.0.1",
        session_id="case",
        request_id="case",
    )


def _kind(body: Json) -> BodyKind:
    if isinstance(body, dict):
        return BodyKind.OBJECT
    return BodyKind.LIST if isinstance(body, list) else BodyKind.SCALAR


def _texts(case: PlanCase) -> str:
    return json.dumps([case.given, case.request.body, case.request.path], ensure_ascii=False)


def _general(value: Json, texts: str) -> Json:
    """Return a reply with a class in place of each time and id that the program made itself."""
    if isinstance(value, dict):
        return {name: _general(item, texts) for name, item in value.items()}
    if isinstance(value, list):
        return [_general(item, texts) for item in value]
    if isinstance(value, str) and value not in texts:
        kind = sketch_of_value(value)
        return kind if kind in _PASSING else value
    return value
