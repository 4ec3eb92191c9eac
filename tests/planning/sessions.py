"""Sessions in memory, and requests as a session's actor shapes, binds and answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from larst.domain import Json, Plan, Record, RequestContext
from larst.planning.attempts import planning_context
from larst.planning.planner import PlanningRequest
from larst.planning.reading.request import ReadingSettings
from larst.planning.rules import RulesPlanner
from larst.planning.shapes import Binding, ShapedRequest, bind, shape_request
from larst.store import DiskFiles, SessionStore, Transaction
from larst.store.collection import Collection
from larst.store.session_data import SessionData
from tests.fakes import request

CUSTOM = Plan.model_validate({"action": "custom", "resource": None, "code": {"block": "REPLY = 1"}})


def _now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


def session_of(records: Mapping[str, Sequence[Record]] | None = None) -> SessionData:
    """Return a session that holds these records, by resource; it never touches the disk."""
    store = SessionStore(Path("nowhere"), files=DiskFiles(), now=_now)
    transaction = begin(store.data)
    for resource, items in (records or {}).items():
        for record in items:
            transaction.resource(resource).insert(dict(record))
    commit(store.data, transaction)
    return store.data


def begin(session: SessionData) -> Transaction:
    """Return a transaction on a session in memory."""
    return Transaction(session.resources, session.work)


def commit(session: SessionData, transaction: Transaction) -> None:
    """Apply a transaction to a session in memory."""
    for name, change in transaction.changes().items():
        learned = change.learn_from(session.schema(name), _now())
        session.change()
        session.resources.setdefault(name, Collection()).apply(learned)


EMPTY = session_of()


def shaped_of(
    context: RequestContext,
    session: SessionData = EMPTY,
    settings: ReadingSettings | None = None,
) -> ShapedRequest:
    """Return a request with its shape, in a session."""
    return shape_request(context, session, settings or ReadingSettings())


def shaped(method: str, target: str, body: bytes = b"") -> ShapedRequest:
    """Return a request with its shape, in an empty session."""
    return shaped_of(request(method, target, body))


def planning_request_of(shaped: ShapedRequest, **fields: Any) -> PlanningRequest:
    """Return the request to a planner, without values."""
    return PlanningRequest(
        shape=shaped.shape,
        path=shaped.path,
        facts=shaped.facts,
        context=planning_context(shaped, has_values=False),
        schemas=shaped.schemas,
        session_key=shaped.request.session_key,
        **fields,
    )


def plan_of(shaped: ShapedRequest) -> Plan:
    """Return the plan of the rules."""
    return asyncio.run(RulesPlanner().plan(planning_request_of(shaped))).plan


def bound(
    context: RequestContext, session: SessionData = EMPTY, settings: ReadingSettings | None = None
) -> Binding:
    """Return the values of a request that complete its plan."""
    return bind(shaped_of(context, session, settings), CUSTOM, session)


@dataclass(frozen=True)
class Answer:
    """The reply of a program, before it is encoded."""

    status: int
    body: Json = None
    headers: Mapping[str, str] | None = None


def answer_of(
    context: RequestContext, session: SessionData, settings: ReadingSettings | None = None
) -> Answer:
    """Return what the rules answer to a request; its changes are committed."""
    shaped = shaped_of(context, session, settings)
    plan = plan_of(shaped)
    transaction = begin(session)
    names: dict[str, Any] = {
        "plan": bind(shaped, plan, session).fill(plan),
        "session_store": transaction,
        "store": transaction.resource(plan.resource or "none"),
        "make_response": Answer,
    }
    exec(plan.code.block, names)  # noqa: S102 - a program of the rules, which the policy accepts
    reply = names["REPLY"]
    assert isinstance(reply, Answer)
    if reply.status < 400:
        commit(session, transaction)
    return reply
