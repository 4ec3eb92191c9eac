"""The actor of a session: it owns one client's data and takes requests through the stages.

Only the actor touches the session's store. Must never wait for a planner while it processes a
message, and never let a reply leave before the changes that it reports or saw are on disk: the
gate ensures that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar, TypeAlias

from larst.actors import NOT_NOW, Actor, Clock, Deferred, NotNow, OutputGate, StartRefused
from larst.config import SchemaMode
from larst.domain import LeaveLoopError, RequestContext
from larst.errors import LarstError, ProgramError, ProgramFailedError, StoreError
from larst.planning import RULES, ReadyPlan
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes import RestPath, ShapedRequest, ShapeMemory
from larst.session.contracts import SessionContract
from larst.session.events import log_event
from larst.session.execution import ProgramRun, ProgramRunner
from larst.session.idempotency import StoredReply, idempotency_key, store_reply, stored_reply
from larst.session.live import Watch, open_watch
from larst.session.messages import (
    Answer,
    Message,
    ReplyMemo,
    SessionReply,
    SessionRequest,
    StoreTask,
)
from larst.session.noted_changes import note_changes
from larst.session.pipeline import Pipeline
from larst.session.preconditions import (
    as_get,
    check_conditions,
    is_conditional,
    plain_record,
    record_etag,
    reply_etag,
)
from larst.session.proof import Proof
from larst.session.quota import SessionQuota
from larst.session.reading_work import require_reading
from larst.session.replies import drifts_of, program_reply, replayed_reply
from larst.session.serving import Serving, record_route
from larst.session.settings import applied_settings
from larst.store import SessionStore, Transaction
from larst.telemetry import RequestTrace, activate, count, current_request
from larst.telemetry.metric_store import HIT
from larst.telemetry.metrics import BOOK_LOOKUPS

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_READING = frozenset({"GET", "HEAD"})

_CHECKED_FIRST = frozenset({"if-match", "if-none-match", "idempotency-key"})
"""The headers of a change that need another look-up first."""

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
        quota: SessionQuota | None = None,
    ) -> None:
        self.gate: OutputGate = OutputGate(store.durability.flush)
        self._store = store
        self._pipeline = pipeline
        self._resolver = pipeline.resolver
        self._programs = ProgramRunner(pipeline, store, clock)
        self._proof = Proof(pipeline, self._programs)
        self._contract = SessionContract(store)
        self._defaults = reading or ReadingSettings()
        self._stored, self._reading = store.settings.current, self._defaults
        self._memory = ShapeMemory()
        self._clock = clock
        self._schema_mode = schema_mode
        self._quota = quota
        self._damage: StoreError | None = None
        self._load_begun_s = clock.now()

    @property
    def has_quiet_work(self) -> bool:
        """Whether files are incomplete: a read alone asks for no checkpoint."""
        return self._store.checkpoints.is_needed

    async def on_start(self) -> None:
        """Load the session's files; if they are damaged, stay up without them."""
        await self._load()

    async def on_message(self, message: Message) -> Answer | Deferred[Message]:
        """Answer a request, or defer it until its plan exists; or run a task."""
        self._store.data.note_reads(is_on=False)
        if not self._store.is_loaded:
            await self._retry_load(message)
        if isinstance(message, StoreTask):
            await message.run(self._store)
            self.gate.mark()  # its changes must be durable before the answer leaves
            return None
        times, trace = self.current, message.trace
        self._store.work.begin(times.deadline_s - times.begun_s)
        since_s = times.enqueued_s if times.returned_s is None else times.returned_s
        trace.record_wait(times.begun_s - since_s)
        with Serving(trace):
            if isinstance(message, Watch):
                await open_watch(self._store, await self._shape(message.request), message)
                return None
            return await self._serve(message, times.deadline_s)

    def on_message_now(self, message: Message) -> Answer | NotNow:
        """Answer a request whose plan exists and whose program runs here, if it needs no more."""
        if not isinstance(message, SessionRequest) or not self._store.is_loaded:
            return NOT_NOW
        if self._contract.exists:
            return NOT_NOW  # its reply is held against the contract
        is_change = message.request.method not in _SAFE_METHODS
        if is_change and not _CHECKED_FIRST.isdisjoint(message.request.headers):
            return NOT_NOW
        self._store.work.begin()
        self._store.data.note_reads(is_on=message.request.method in _READING)
        message.trace.record_wait(0.0)
        with Serving(message.trace):
            return self._answer_now(message)

    async def on_quiet(self) -> None:
        """Begin to complete the documented files: the session has been idle for a second."""
        if self._store.is_loaded:
            await self._store.edits.take_in_of_dirty()
            self._store.checkpoints.start_quiet()

    async def on_flush_failed(self, error: Exception) -> None:
        """Return to the state on disk: no reply about the failed write has left.

        If that cannot be loaded, the session stays up as damaged: a message that waits may be the
        one that erases it.
        """
        self._load_begun_s = self._clock.now()
        try:
            await self._store.reload()
        except StoreError as damage:
            self._store.release()
            self._stay_damaged(damage)
        self._mark_pending()

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
            self._stay_damaged(error)
        self._mark_pending()

    def _stay_damaged(self, error: StoreError) -> None:
        self._damage = error
        log_event(StartRefused(self._store.session_id, error))

    def _mark_pending(self) -> None:
        """Let the changes that a load itself has made become durable."""
        if self._store.has_pending:
            self.gate.mark()

    async def _serve(self, message: SessionRequest, deadline_s: float) -> _Outcome:
        """Take a request through its stages."""
        if message.is_trial or message.request.method in _SAFE_METHODS:
            return await self._answer(message, None, deadline_s)
        key = idempotency_key(message.request)
        if key is not None and (replay := await self._replay(message, key)) is not None:
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
        shaped = await self._shape(message.request)
        ready = self._look_up(message, shaped, self._resolver.find)
        if ready is None:
            return await self._defer(message, shaped)
        _record_plan(message.trace, ready)
        record_route(message.trace, self._store.data.resources, shaped, ready)
        try:
            run = await self._programs.run(shaped, ready, deadline_s)
            await self._proof.require(shaped, ready, run, self._shape)
            deviations = await self._check_contract(message, shaped, ready, run)
        except ProgramFailedError as error:
            refusals = self._resolver.refuse(ready, shaped, message.refusals, error)
            return await self._defer(replace(message, ready={}, refusals=refusals), shaped)
        except ProgramError:
            self._resolver.forget(ready, shaped)
            raise
        await self._note_run(shaped, ready, run)
        if message.is_trial:
            self._resolver.keep(ready, shaped, is_refused=run.reply.status >= 400)
            return program_reply(self._store, shaped, ready, run.reply, run.binding, ())
        if key is not None:
            keep = partial(self._store_reply, message.request, key, ready, run)
            await self._store.work.run(keep)
        # A reply that is stored under its key makes a session too.
        if self._quota is not None and self._quota.concerns(self._store, message.request, run):
            await self._quota.admit(message.request.tenant, message.request.session_id)
        self._resolver.keep(ready, shaped, is_refused=run.reply.status >= 400)
        self._note_undo(ready, run)
        drifts = await self._apply(run)
        reply = self._finish(message.trace, shaped, ready, run, drifts)
        return replace(reply, deviations=deviations) if deviations else reply

    async def _note_run(self, shaped: ShapedRequest, ready: ReadyPlan, run: ProgramRun) -> None:
        """Note a run that may become a case of its plan; its changes are not applied yet."""
        noted, has_goal = self._pipeline.noted, shaped.request.guidance.reply is not None
        if run.reply.status < 400 and (noted.needs(ready) or has_goal):
            await self._store.work.run(partial(noted.note, ready, shaped, self._store))

    def _note_undo(self, ready: ReadyPlan, run: ProgramRun) -> None:
        """Note what a model's program is about to change; a user may take it back."""
        is_change = run.reply.status < 400 and run.transaction.has_changes
        if is_change and ready.maker.planner != RULES:
            self._store.commits.undo_log.note(ready.key, run.transaction, self._store.data.record)

    async def _check_contract(
        self, message: SessionRequest, shaped: ShapedRequest, ready: ReadyPlan, run: ProgramRun
    ) -> tuple[str, ...]:
        """Return how the reply deviates from the session's contract.

        Raises:
            ContractBrokenError: it deviates, and must not.
        """
        if not self._contract.exists:
            return ()
        answer = program_reply(self._store, shaped, ready, run.reply, run.binding, ())
        present = message.present
        return await self._contract.check(
            message.request, lambda: answer.reply if present is None else present(answer)
        )

    def _answer_now(self, message: SessionRequest) -> SessionReply | NotNow:
        """Run a request whose plan exists, if its program runs here."""
        try:
            shaped = self._read(message.request)
            ready = self._look_up(message, shaped, self._resolver.peek)
            if ready is not None and self._pipeline.noted.needs(ready):
                return NOT_NOW
            run = None if ready is None else self._programs.run_now(shaped, ready)
            if ready is None or run is None or run.transaction.is_large:
                return NOT_NOW
            quota = self._quota
            if quota is not None and quota.concerns(self._store, message.request, run):
                return NOT_NOW  # the quota looks at the disk
            if not self._proof.require_now(shaped, ready, run):
                return NOT_NOW
            self._note_undo(ready, run)
            drifts = self._apply_now(run)
        except (LarstError, LeaveLoopError):
            return NOT_NOW  # `on_message` raises it again, and does what it requires
        self._resolver.keep(ready, shaped, is_refused=run.reply.status >= 400)
        count(BOOK_LOOKUPS, labels=HIT)  # not earlier: `on_message` counts its own
        _record_plan(message.trace, ready)
        record_route(message.trace, self._store.data.resources, shaped, ready)
        reply = self._finish(message.trace, shaped, ready, run, drifts)
        states = self._store.data.states_read()
        if states is None or run.reply.status != 200:
            return reply
        count_use = partial(self._resolver.count_use, ready, message.request.session_key)
        memo = ReplyMemo((*states, *self._resolver.book_states), count_use)
        return replace(reply, memo=memo)

    async def _replay(self, message: SessionRequest, key: str) -> SessionReply | None:
        """Return the stored reply to an earlier request with this Idempotency-Key, or None.

        Raises:
            KeyReusedError: the earlier request was a different one.
        """
        stored = stored_reply(self._store, message.request, key)
        if stored is None:
            return None
        shaped = await self._shape(message.request)
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
        shaped = await self._shape(as_get(message.request))
        ready = message.ready.get(shaped.key) or self._resolver.find(shaped)
        if (key := plain_record(shaped, ready)) is not None:
            etag = record_etag(self._store, key)
        elif ready is None:
            return await self._defer(message, shaped)
        else:
            run = await self._programs.run(shaped, ready, deadline_s)  # its changes are dropped
            etag = reply_etag(self._store, shaped, ready, run.reply)
        is_record = isinstance(shaped.path, RestPath) and shaped.path.identifier is not None
        check_conditions(message.request, etag, is_record=is_record)
        message.trace.is_precondition = False
        return None

    def _look_up(
        self,
        message: SessionRequest,
        shaped: ShapedRequest,
        find: Callable[[ShapedRequest], ReadyPlan | None],
    ) -> ReadyPlan | None:
        """Return the plan that the request came back with, or that exists."""
        ready = message.ready.get(shaped.key)
        if ready is None:
            start_s = self._clock.now()
            ready = find(shaped)
            if ready is not None:
                elapsed_s, check_s = self._clock.now() - start_s, ready.validate_ms / 1000
                message.trace.record_lookup(elapsed_s, ready.source, ready.key, check_s)
        return ready

    async def _defer(self, message: SessionRequest, shaped: ShapedRequest) -> Deferred[Message]:
        # Detach it now: planning runs beside the actor, where the session must not be read.
        detach = partial(self._detach, shaped)
        return Deferred(partial(self._plan, message, await self._store.work.run(detach)))

    def _detach(self, shaped: ShapedRequest) -> ShapedRequest:
        require_reading(self._store, shaped.request)
        return self._pipeline.detach(shaped, self._store.data)

    async def _plan(self, message: SessionRequest, shaped: ShapedRequest) -> Message:
        """Return the request with its plan; awaited outside the mailbox."""
        with activate(message.trace):
            ready = await self._resolver.learn(shaped, message.refusals)
        return replace(message, ready={**message.ready, shaped.key: ready})

    def _finish(
        self,
        trace: RequestTrace,
        shaped: ShapedRequest,
        ready: ReadyPlan,
        run: ProgramRun,
        drifts: Sequence[str],
    ) -> SessionReply:
        """Return the reply of a program whose changes are applied."""
        if run.reply.status < 400:
            if shaped.reading.teaches and ready.plan.resource in self._store.data.resources:
                self._learn_dialect(shaped)
            if trace.route is None:
                record_route(trace, self._store.data.resources, shaped, ready)
                if trace.route is None and ready.maker.planner != RULES:
                    # A model planned it. The rules answer any path that reads like a resource.
                    trace.route = shaped.shape.route
        trace.begin_commit()
        return program_reply(self._store, shaped, ready, run.reply, run.binding, drifts)

    async def _apply(self, run: ProgramRun) -> list[str]:
        """Apply the changes of a successful program, in a thread if they are large.

        Returns how the records differ from the learned schema.

        Raises:
            SchemaBrokenError: they differ, and must not.
        """
        if run.reply.status >= 400 or not run.transaction.is_large:
            return self._apply_now(run)
        self._note_changes(run.transaction)
        has_changes, drifts = await self._store.commits.commit_large(run.transaction, self._drifts)
        if has_changes:
            self.gate.mark()
        return drifts

    def _apply_now(self, run: ProgramRun) -> list[str]:
        """Apply changes as `_apply` does, here."""
        if run.reply.status >= 400:
            return []
        drifts = self._drifts(run.transaction)
        self._note_changes(run.transaction)
        if self._store.commits.commit(run.transaction):
            self.gate.mark()
        return drifts

    def _note_changes(self, transaction: Transaction) -> None:
        request = current_request()
        if request is not None and request.details is not None:
            note_changes(request.details, self._store, transaction)

    def _drifts(self, transaction: Transaction) -> list[str]:
        if self._schema_mode == "learn":
            return []
        return drifts_of(self._store, transaction, self._schema_mode)

    def _learn_dialect(self, shaped: ShapedRequest) -> None:
        """Remember the dialect that a strong mark showed, for requests that show none."""
        self._store.settings.learn_dialect(shaped.reading.dialect.name)
        self.gate.mark()

    async def _shape(self, request: RequestContext) -> ShapedRequest:
        shaped = await self._store.work.run(partial(self._read, request))
        return await self._contract.with_operation(shaped, request)

    def _read(self, request: RequestContext) -> ShapedRequest:
        if (stored := self._store.settings.current) is not self._stored:
            self._stored, self._reading = stored, applied_settings(self._defaults, stored)
        require_reading(self._store, request)
        return self._memory.shape(request, self._store.data, self._reading)


def _record_plan(trace: RequestTrace, ready: ReadyPlan) -> None:
    plan = ready.plan
    trace.set_plan(ready.source, ready.key, plan.action, ready.state)
    if trace.details is not None:
        planner = ready.maker.planner
        trace.details.set_program(plan.action, plan.resource, planner, plan.code.block)
