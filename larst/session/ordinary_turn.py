"""A request on its ordinary way through a session: planned, run, proven, committed.

Must never wait for a planner: a request without a plan is deferred, and comes back with it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TypeAlias

from larst.actors import Deferred
from larst.domain import RequestContext
from larst.errors import ProgramError, ProgramFailedError
from larst.planning import RULES, ReadyPlan
from larst.planning.shapes import RestPath, ShapedRequest
from larst.session.execution import ProgramRun
from larst.session.idempotency import StoredReply, idempotency_key, store_reply, stored_reply
from larst.session.messages import Message, SessionReply, SessionRequest
from larst.session.preconditions import (
    as_get,
    check_conditions,
    is_conditional,
    plain_record,
    record_etag,
    reply_etag,
)
from larst.session.reading_work import require_reading
from larst.session.replies import program_reply, replayed_reply
from larst.session.serving import SAFE_METHODS, look_up, record_plan, record_route
from larst.session.stages import Stages
from larst.telemetry import activate

Outcome: TypeAlias = SessionReply | Deferred[Message]


class OrdinaryTurn:
    """Runs one request from start to end, or defers it."""

    __slots__ = (
        "_commits",
        "_contract",
        "_pipeline",
        "_programs",
        "_reader",
        "_resolver",
        "_stages",
        "_store",
    )

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._store = stages.store
        self._pipeline = stages.pipeline
        self._resolver = stages.pipeline.resolver
        self._reader = stages.reader
        self._programs = stages.programs
        self._contract = stages.contract
        self._commits = stages.commits

    async def serve(self, message: SessionRequest, deadline_s: float) -> Outcome:
        """Take a request through its stages."""
        if message.is_trial or message.request.method in SAFE_METHODS:
            return await self._answer(message, None, deadline_s)
        key = idempotency_key(message.request)
        if key is not None and (replay := await self._replay(message, key)) is not None:
            return replay
        if is_conditional(message.request):
            deferred = await self._check_precondition(message, deadline_s)
            if deferred is not None:
                return deferred
        return await self._answer(message, key, deadline_s)

    async def _answer(self, message: SessionRequest, key: str | None, deadline_s: float) -> Outcome:
        """Plan and run a request, and keep its reply under its Idempotency-Key if it has one."""
        shaped = await self._reader.shape(message.request)
        ready = look_up(message, shaped, self._resolver.find, self._stages.clock)
        if ready is None:
            return await self._defer(message, shaped)
        record_plan(message.trace, ready)
        record_route(message.trace, self._store.data.resources, shaped, ready)
        try:
            run = await self._programs.run(shaped, ready, deadline_s)
            is_proof = await self._stages.proof.require(shaped, ready, run, self._reader.shape)
            deviations = await self._check_contract(message, shaped, ready, run)
        except ProgramFailedError as error:
            refusals = self._resolver.refuse(ready, shaped, message.refusals, error)
            return await self._defer(replace(message, ready={}, refusals=refusals), shaped)
        except ProgramError:
            self._resolver.forget(ready, shaped)
            raise
        await self._note_run(shaped, ready, run)
        if not is_proof:
            run = replace(run, is_proof=False)
        if message.is_trial:
            self._keep(ready, shaped, run)
            return program_reply(self._store, shaped, ready, run.reply, run.binding, ())
        reply = await self._commit(message, key, shaped, ready, run)
        return replace(reply, deviations=deviations) if deviations else reply

    async def _commit(
        self,
        message: SessionRequest,
        key: str | None,
        shaped: ShapedRequest,
        ready: ReadyPlan,
        run: ProgramRun,
    ) -> SessionReply:
        """Commit a run, and complete its reply."""
        if key is not None:
            keep = partial(self._store_reply, message.request, key, ready, run)
            await self._store.work.run(keep)
        # A reply that is stored under its key makes a session too.
        quota = self._stages.quota
        if quota is not None and quota.concerns(self._store, message.request, run):
            await quota.admit(message.request.tenant, message.request.session_id)
        self._keep(ready, shaped, run)
        drifts = await self._commits.apply(run, ready)
        return self._commits.reply(message.trace, shaped, ready, run, drifts)

    def _keep(self, ready: ReadyPlan, shaped: ShapedRequest, run: ProgramRun) -> None:
        is_refused = run.reply.status >= 400
        self._resolver.keep(ready, shaped, is_refused=is_refused, is_proof=run.is_proof)

    async def _note_run(self, shaped: ShapedRequest, ready: ReadyPlan, run: ProgramRun) -> None:
        """Note a run that may become a case of its plan; its changes are not applied yet."""
        noted, has_goal = self._pipeline.noted, shaped.request.guidance.reply is not None
        if run.reply.status < 400 and (noted.needs(ready) or has_goal):
            await self._store.work.run(partial(noted.note, ready, shaped, self._store))

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

    async def _replay(self, message: SessionRequest, key: str) -> SessionReply | None:
        """Return the stored reply to an earlier request with this Idempotency-Key, or None.

        Raises:
            KeyReusedError: the earlier request was a different one.
        """
        stored = stored_reply(self._store, message.request, key)
        if stored is None:
            return None
        shaped = await self._reader.shape(message.request)
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
        shaped = await self._reader.shape(as_get(message.request))
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
