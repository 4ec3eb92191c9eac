"""A session: one actor that owns one tenant's data, and takes its requests through the stages.

Nothing else touches the session's store. Must never wait for a planner inside a turn, and never
let a reply go before the change it tells of (or saw) is on disk: the gate sees to that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, Literal

from larst.actors import Actor, Clock, Deferred, OutputGate
from larst.domain import Body, BodyKind, Reply, RequestContext
from larst.errors import (
    LarstError,
    PreconditionFailedError,
    ProgramError,
    ProgramFailedError,
    SchemaBrokenError,
)
from larst.planning.lookup import Case, Question, ReadyPlan
from larst.planning.planner import Refusal
from larst.planning.rules.planner import RULES
from larst.planning.shapes.binding import Binding
from larst.session.pipeline import Pipeline
from larst.store import SessionStore, Transaction
from larst.telemetry import CURRENT_REQUEST, RequestTrace, Stage, activate

SchemaMode = Literal["learn", "warn", "enforce"]
"""Whether a write that differs from what was learned widens it in silence, aloud, or not at all."""


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """A request's way through the mailbox; parked for planning, it comes back with more plans.

    `ready` holds plans by the key of the shape that they were made for; what is noted of the
    request on its way goes into `trace`.
    """

    request: RequestContext
    trace: RequestTrace
    ready: Mapping[str, ReadyPlan] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreTask:
    """Something that the control API does to a session's store, in a turn of its own."""

    work: Callable[[SessionStore], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class StoreTaskResult:
    """What came of a visit."""

    value: object


@dataclass(frozen=True, slots=True)
class SessionReply:
    """A program's reply, and what the session adds to it."""

    reply: Reply
    etag: str | None
    hint: str | None
    drifts: list[str]
    """How what was written differs from what was learned; told where LARS_SCHEMA_MODE=warn."""


class SessionActor(Actor[SessionRequest | StoreTask, SessionReply | StoreTaskResult]):
    """Runs one request at a time, start to end, on the session's own store."""

    expected_errors: ClassVar[tuple[type[Exception], ...]] = (LarstError,)

    def __init__(
        self,
        store: SessionStore,
        pipeline: Pipeline,
        clock: Clock,
        *,
        schema_mode: SchemaMode = "learn",
    ) -> None:
        self.gate: OutputGate = OutputGate(store.flush)
        self._store = store
        self._pipeline = pipeline
        self._clock = clock
        self._schema_mode = schema_mode

    async def on_start(self) -> None:
        """Load the session's files.

        Raises:
            StoreError: they are damaged, or the disk refused.
        """
        await self._store.load()

    async def on_message(
        self, message: SessionRequest | StoreTask
    ) -> SessionReply | StoreTaskResult | Deferred[SessionRequest | StoreTask]:
        """Answer a request, or park it until its plan is there."""
        if isinstance(message, StoreTask):
            value = await message.work(self._store)
            self.gate.mark()  # whatever it changed is durable before its answer leaves
            return StoreTaskResult(value)
        current = self.current
        since_s = current.enqueued_s if current.returned_s is None else current.returned_s
        message.trace.record_wait(current.begun_s - since_s)
        token = CURRENT_REQUEST.set(message.trace)
        try:
            return await self._serve(message)
        except Exception as error:
            if not isinstance(error, self.expected_errors):
                # The supervisor logs a crash, and knows no request.
                error.add_note(f"while serving request {message.request.request_id}")
            raise
        finally:
            CURRENT_REQUEST.reset(token)

    async def on_quiet(self) -> None:
        """Complete the documented files: the session has been idle for a second."""
        await self._store.checkpoint()

    async def on_flush_failed(self, error: Exception) -> None:
        """Go back to what is on disk: what the failed write held was never answered for."""
        await self._store.reload()

    async def on_stop(self) -> None:
        """Complete the documented files and let them go."""
        await self._store.close()

    def on_end(self) -> None:
        """Free the records: they are on disk."""
        self._store.let_go()

    async def _serve(
        self, turn: SessionRequest
    ) -> SessionReply | Deferred[SessionRequest | StoreTask]:
        if isinstance(passed := await self._check_precondition(turn), Deferred):
            return passed
        case = self._pipeline.prepare(turn.request, self._store)
        if (ready := self._find(turn, case)) is None:
            return self._park(turn, case)
        return await self._execute(turn, case, ready)

    def _find(self, turn: SessionRequest, case: Case) -> ReadyPlan | None:
        """Return the plan that was made for this turn, or one that is there already."""
        if (ready := turn.ready.get(case.key)) is not None:
            return ready
        began_s = self._clock.now()
        if (ready := self._pipeline.resolver.find(case)) is not None:
            took_s = self._clock.now() - began_s
            turn.trace.record_lookup(took_s, ready.source, ready.key, ready.validate_ms / 1000)
        return ready

    def _park(self, turn: SessionRequest, case: Case) -> Deferred[SessionRequest | StoreTask]:
        # Asked now, in the turn: what the session knows must not be read outside of one.
        question = self._pipeline.question(case, self._store)
        return Deferred(partial(self._plan, turn, question))

    async def _plan(self, turn: SessionRequest, question: Question) -> SessionRequest:
        """Return the turn with its plan; awaited outside the mailbox."""
        with activate(turn.trace):
            ready = await self._pipeline.resolver.learn(question, turn.refusals)
        return replace(turn, ready={**turn.ready, question.case.key: ready})

    async def _execute(
        self, turn: SessionRequest, case: Case, ready: ReadyPlan
    ) -> SessionReply | Deferred[SessionRequest | StoreTask]:
        resolver, transaction = self._pipeline.resolver, self._store.begin()
        trace = turn.trace
        trace.set_plan(ready.source, ready.key, ready.plan.action)
        self._tell_place(trace, case, ready)
        binding = self._pipeline.bind(ready, case, self._store)
        try:
            reply = await self._run(turn, ready, case, binding, transaction)
        except ProgramFailedError as error:
            refusals = resolver.refuse(ready, case, turn.refusals, error)
            return self._park(replace(turn, ready={}, refusals=refusals), case)
        except ProgramError:
            resolver.forget(ready, case)
            raise
        resolver.keep(ready, case)
        drifts: list[str] = []
        if reply.status < 400:
            drifts = self._drifts(transaction)
            if self._store.commit(transaction):
                self.gate.mark()
            if trace.route is None:
                self._tell_place(trace, case, ready)
                if trace.route is None and ready.maker.planner != RULES:
                    trace.route = case.shape.route  # those answer whatever reads like a resource
        trace.begin_commit()
        return SessionReply(
            reply=reply,
            etag=_etag(turn.request, reply),
            hint=binding.hint if reply.status < 300 else None,
            drifts=drifts,
        )

    def _tell_place(self, trace: RequestTrace, case: Case, ready: ReadyPlan) -> None:
        """Note route and resource, if they are there: clients make others up without end."""
        trace.route = case.shape.public_route(self._store.has)
        resource = ready.plan.resource
        if trace.is_recording and resource is not None and self._store.has(resource):
            trace.set_resource(resource)

    def _drifts(self, transaction: Transaction) -> list[str]:
        """Return how what is written differs from what was learned, where that matters.

        Raises:
            SchemaBrokenError: it differs, and must not.
        """
        if self._schema_mode == "learn":
            return []
        drifts = self._store.drifts(transaction)
        if drifts and self._schema_mode == "enforce":
            raise SchemaBrokenError(
                f"{'; '.join(drifts)}. Nothing was stored: send records as the first one was, or"
                " set LARS_SCHEMA_MODE=learn to have the schema widened"
            )
        return drifts

    async def _run(
        self,
        turn: SessionRequest,
        ready: ReadyPlan,
        case: Case,
        binding: Binding,
        transaction: Transaction,
    ) -> Reply:
        timeout_s = self.current.deadline_s - self._clock.now()
        with Stage("exec"):
            return await self._pipeline.run(ready, case, binding, transaction, timeout_s=timeout_s)

    async def _check_precondition(
        self, turn: SessionRequest
    ) -> Deferred[SessionRequest | StoreTask] | None:
        """Hold If-Match against what GET would answer now (RFC 9110 section 13.1.1).

        Raises:
            PreconditionFailedError: the stored version is another one, or none.
        """
        wanted = turn.request.headers.get("if-match")
        if wanted is None or turn.request.method not in ("PUT", "PATCH", "DELETE", "POST"):
            return None
        turn.trace.is_precondition = True
        request = replace(turn.request, method="GET", query={}, body=Body(BodyKind.NONE))
        case = self._pipeline.prepare(request, self._store)
        if (ready := self._find(turn, case)) is None:
            return self._park(turn, case)
        binding = self._pipeline.bind(ready, case, self._store)
        reply = await self._run(turn, ready, case, binding, self._store.begin())
        etag = _etag(request, reply)
        if etag is None or not (wanted.strip() == "*" or etag in _listed(wanted)):
            raise PreconditionFailedError(
                f"the stored version is {etag or 'missing'}, not {wanted}; GET it and try again"
            )
        turn.trace.is_precondition = False
        return None


def _etag(request: RequestContext, reply: Reply) -> str | None:
    """Return a strong validator of what GET answered: equal bytes, equal tag."""
    if request.method not in ("GET", "HEAD") or reply.status != 200 or reply.body is None:
        return None
    return f'"{hashlib.blake2b(reply.body, digest_size=12).hexdigest()}"'


def _listed(header: str) -> list[str]:
    return [tag.strip() for tag in header.split(",")]
