"""The actor of a session: it owns one client's data and takes requests through the stages.

Only the actor touches the session's store. Must never wait for a planner while it processes a
message, and never let a reply leave before the changes that it reports or saw are on disk: the
gate ensures that.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar, TypeAlias

from larst.actors import Actor, Clock, Deferred, OutputGate, StartRefused
from larst.config import SchemaMode
from larst.domain import RequestContext
from larst.errors import (
    LarstError,
    ProgramError,
    ProgramFailedError,
    StoreError,
)
from larst.planning import RULES, ReadyPlan
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes import RestPath, ShapedRequest, ShapeMemory
from larst.session.events import log_event
from larst.session.execution import ProgramRun, ProgramRunner
from larst.session.idempotency import StoredReply, idempotency_key, store_reply, stored_reply
from larst.session.messages import Answer, Message, SessionReply, SessionRequest, StoreTask
from larst.session.pipeline import Pipeline
from larst.session.preconditions import (
    as_get,
    check_conditions,
    is_conditional,
    plain_record,
    record_etag,
    reply_etag,
)
from larst.session.replies import drifts_of, program_reply, replayed_reply
from larst.session.settings import applied_settings
from larst.store import SessionStore
from larst.telemetry import CURRENT_REQUEST, RequestTrace, activate

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_Outcome: TypeAlias = SessionReply | Deferred[Message]


class SessionActor(Actor[Message, Answer]):
    """Runs one request at a time, from start to end, on the session's own store.

    A session whose files cannot be loaded stays up as damaged: it refuses requests, tries to load
    again with each, and admits the tasks that erase or replace its data.
    """

    expected_errors: ClassVar[tuple[type[Exception], ...]] = (LarstError,)

    def __init__(
        self,
        store: SessionStore,
        pipeline: Pipeline,
        clock: Clock,
        *,
        schema_mode: SchemaMode = "learn",
        reading: ReadingSettings | None = None,
    ) -> None:
        self.gate: OutputGate = OutputGate(store.flush)
        self._store = store
        self._pipeline = pipeline
        self._resolver = pipeline.resolver
        self._programs = ProgramRunner(pipeline, store, clock)
        self._defaults = reading or ReadingSettings()
        self._stored, self._reading = store.settings.current, self._defaults
        self._memory = ShapeMemory()
        self._clock = clock
        self._schema_mode = schema_mode
        self._damage: StoreError | None = None
        self._load_begun_s = clock.now()

    async def on_start(self) -> None:
        """Load the session's files; if they are damaged, stay up without them."""
        await self._load()

    async def on_message(self, message: Message) -> Answer | Deferred[Message]:
        """Answer a request, or defer it until its plan exists; or run a task."""
        if not self._store.is_loaded:
            await self._retry_load(message)
        if isinstance(message, StoreTask):
            await message.run(self._store)
            self.gate.mark()  # its changes must be durable before the answer leaves
            return None
        times, trace = self.current, message.trace
        since_s = times.enqueued_s if times.returned_s is None else times.returned_s
        trace.record_wait(times.begun_s - since_s)
        token = CURRENT_REQUEST.set(trace)
        try:
            return await self._serve(message, times.deadline_s)
        except Exception as error:
            if not isinstance(error, self.expected_errors):
                # The supervisor logs the crash, and does not know the request.
                error.add_note(f"while serving request {message.request.request_id}")
            raise
        finally:
            CURRENT_REQUEST.reset(token)

    async def on_quiet(self) -> None:
        """Begin to complete the documented files: the session has been idle for a second."""
        if self._store.is_loaded:
            self._store.checkpoints.start_quiet()

    async def on_flush_failed(self, error: Exception) -> None:
        """Return to the state on disk: no reply about the failed write has left."""
        await self._store.reload()

    async def on_stop(self) -> None:
        """Complete the documented files."""
        if self._store.is_loaded:
            await self._store.close()

    def on_end(self) -> None:
        """Free the records: they are on disk."""
        self._store.release()

    async def _retry_load(self, message: Message) -> None:
        """Load the session's files again, unless the message already waited for the last attempt.

        Raises:
            StoreError: they cannot be loaded, and the message does not admit that.
        """
        if self._damage is None or self.current.enqueued_s >= self._load_begun_s:
            await self._load()
        admits_damaged = isinstance(message, StoreTask) and message.admits_damaged
        if self._damage is not None and not admits_damaged:
            raise self._damage

    async def _load(self) -> None:
        """Load the session's files; on failure, log the error and remember it."""
        self._load_begun_s, self._damage = self._clock.now(), None
        try:
            await self._store.load()
        except StoreError as error:
            self._damage = error
            log_event(StartRefused(self._store.session_id, error))

    async def _serve(self, message: SessionRequest, deadline_s: float) -> _Outcome:
        """Take a request through its stages."""
        if message.request.method in _SAFE_METHODS:
            return await self._answer(message, None, deadline_s)
        key = idempotency_key(message.request)
        if key is not None and (replay := self._replay(message, key)) is not None:
            return replay
        if is_conditional(message.request):
            deferred = await self._check_precondition(message, deadline_s)
            if deferred is not None:
                return deferred
        return await self._answer(message, key, deadline_s)

    async def _answer(
        self, message: SessionRequest, key: str | None, deadline_s: float
    ) -> _Outcome:
        """Plan and run a request, and keep its reply under its Idempotency-Key if it has one."""
        shaped, ready = self._look_up(message)
        if ready is None:
            return self._defer(message, shaped)
        message.trace.set_plan(ready.source, ready.key, ready.plan.action)
        self._record_route(message.trace, shaped, ready)
        try:
            run = await self._programs.run(shaped, ready, deadline_s)
        except ProgramFailedError as error:
            refusals = self._resolver.refuse(ready, shaped, message.refusals, error)
            return self._defer(replace(message, ready={}, refusals=refusals), shaped)
        except ProgramError:
            self._resolver.forget(ready, shaped)
            raise
        self._resolver.keep(ready, shaped, is_refused=run.reply.status >= 400)
        if key is not None:
            self._store_reply(message.request, key, ready, run)
        return self._commit(message.trace, shaped, ready, run)

    def _replay(self, message: SessionRequest, key: str) -> SessionReply | None:
        """Return the stored reply to an earlier request with this Idempotency-Key, or None.

        Raises:
            KeyReusedError: the earlier request was a different one.
        """
        stored = stored_reply(self._store, message.request, key)
        if stored is None:
            return None
        shaped = self._shape(message.request)
        message.trace.begin_commit()
        return replayed_reply(stored, shaped)

    def _store_reply(
        self, request: RequestContext, key: str, ready: ReadyPlan, run: ProgramRun
    ) -> None:
        """Add a successful reply to the transaction of its changes."""
        if run.reply.status >= 400:
            return
        is_by_rules = ready.maker.planner == RULES
        stored = StoredReply(run.reply, ready.plan.action, is_by_rules, run.binding.hint)
        store_reply(run.transaction, request, key, stored, self._store.now())

    async def _check_precondition(
        self, message: SessionRequest, deadline_s: float
    ) -> Deferred[Message] | None:
        """Check If-Match and If-None-Match; defer the request if GET has no program yet.

        Raises:
            PreconditionFailedError: the current version does not allow the change.
        """
        message.trace.is_precondition = True
        shaped = self._shape(as_get(message.request))
        ready = message.ready.get(shaped.key) or self._resolver.find(shaped)
        if (key := plain_record(shaped, ready)) is not None:
            etag = record_etag(self._store, key)
        elif ready is None:
            return self._defer(message, shaped)
        else:
            run = await self._programs.run(shaped, ready, deadline_s)  # its changes are dropped
            etag = reply_etag(self._store, shaped, ready, run.reply)
        is_record = isinstance(shaped.path, RestPath) and shaped.path.identifier is not None
        check_conditions(message.request, etag, is_record=is_record)
        message.trace.is_precondition = False
        return None

    def _look_up(self, message: SessionRequest) -> tuple[ShapedRequest, ReadyPlan | None]:
        """Return the request's shape, and the plan that it came back with or that exists."""
        shaped = self._shape(message.request)
        ready = message.ready.get(shaped.key)
        if ready is None:
            start_s = self._clock.now()
            ready = self._resolver.find(shaped)
            if ready is not None:
                elapsed_s, check_s = self._clock.now() - start_s, ready.validate_ms / 1000
                message.trace.record_lookup(elapsed_s, ready.source, ready.key, check_s)
        return shaped, ready

    def _defer(self, message: SessionRequest, shaped: ShapedRequest) -> Deferred[Message]:
        # Detach it now: planning runs beside the actor, where the session must not be read.
        return Deferred(partial(self._plan, message, self._pipeline.detach(shaped, self._store)))

    async def _plan(self, message: SessionRequest, shaped: ShapedRequest) -> Message:
        """Return the request with its plan; awaited outside the mailbox."""
        with activate(message.trace):
            ready = await self._resolver.learn(shaped, message.refusals)
        return replace(message, ready={**message.ready, shaped.key: ready})

    def _commit(
        self, trace: RequestTrace, shaped: ShapedRequest, ready: ReadyPlan, run: ProgramRun
    ) -> SessionReply:
        """Apply the changes of a successful program, and return its reply."""
        drifts: list[str] = []
        if run.reply.status < 400:
            if self._schema_mode != "learn":
                drifts = drifts_of(self._store, run.transaction, self._schema_mode)
            if self._store.commit(run.transaction):
                self.gate.mark()
            if shaped.reading.teaches and ready.plan.resource in self._store.resources:
                self._learn_dialect(shaped)
            if trace.route is None:
                self._record_route(trace, shaped, ready)
                if trace.route is None and ready.maker.planner != RULES:
                    # A model planned it. The rules answer any path that reads like a resource.
                    trace.route = shaped.shape.route
        trace.begin_commit()
        return program_reply(self._store, shaped, ready, run.reply, run.binding, drifts)

    def _learn_dialect(self, shaped: ShapedRequest) -> None:
        """Remember the dialect that a strong mark showed, for requests that show none."""
        self._store.settings.learn_dialect(shaped.reading.dialect.name)
        self.gate.mark()

    def _shape(self, request: RequestContext) -> ShapedRequest:
        if (stored := self._store.settings.current) is not self._stored:
            self._stored, self._reading = stored, applied_settings(self._defaults, stored)
        return self._memory.shape(request, self._store, self._reading)

    def _record_route(self, trace: RequestTrace, shaped: ShapedRequest, ready: ReadyPlan) -> None:
        """Record route and resource if they exist: clients can make up others without end."""
        resources, resource = self._store.resources, ready.plan.resource
        trace.route = shaped.shape.public_route(resources)
        if trace.is_recording and resource is not None and resource in resources:
            trace.set_resource(resource)
