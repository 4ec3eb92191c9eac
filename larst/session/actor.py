"""A session: one actor that owns one tenant's data and takes its requests through the stages.

Only the actor touches the session's store. Must never wait for a planner inside a turn, and never
let a reply leave before the changes that it reports (or saw) are on disk: the gate ensures that.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, Generic, TypeAlias, TypeVar

import orjson

from larst.actors import Actor, Clock, Deferred, OutputGate
from larst.config import SchemaMode
from larst.domain import Body, BodyKind, Reply, RequestContext
from larst.errors import (
    LarstError,
    PreconditionFailedError,
    ProgramError,
    ProgramFailedError,
    SchemaBrokenError,
    StoreError,
)
from larst.planning import RULES, ReadyPlan, Refusal
from larst.planning.shapes import RestPath, ShapedRequest, shape_request
from larst.session.pipeline import Pipeline
from larst.store import SessionStore, Transaction
from larst.telemetry import CURRENT_REQUEST, RequestTrace, Stage, activate

Result = TypeVar("Result")

_log = logging.getLogger("larst.sessions")


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """A request in the mailbox. Deferred for planning, it returns with more plans.

    `ready` holds plans by the key of the shape that they were made for.
    """

    request: RequestContext
    trace: RequestTrace
    ready: Mapping[str, ReadyPlan] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()


@dataclass(slots=True)
class StoreTask(Generic[Result]):
    """Work of the control API on a session's store, in a turn of its own.

    Work that `admits_damaged` also runs where the session's files cannot be loaded; it has to
    leave files that can. `result` is set when the work has run.
    """

    work: Callable[[SessionStore], Awaitable[Result]]
    admits_damaged: bool = False
    result: Result | None = None

    async def run(self, store: SessionStore) -> None:
        """Do the work and keep its result."""
        self.result = await self.work(store)


@dataclass(frozen=True, slots=True)
class SessionReply:
    """A program's reply, and what the session adds to it.

    `drifts` says how written records differ from the learned schema, for LARS_SCHEMA_MODE=warn.
    """

    reply: Reply
    etag: str | None = None
    hint: str | None = None
    drifts: tuple[str, ...] = ()


Message: TypeAlias = SessionRequest | StoreTask[object]
Answer: TypeAlias = SessionReply | None
"""What a request is answered with; a store task has its result in itself."""

Turn: TypeAlias = SessionReply | Deferred[Message]


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
    ) -> None:
        self.gate: OutputGate = OutputGate(store.flush)
        self._store = store
        self._pipeline = pipeline
        self._resolver = pipeline.resolver
        self._sandbox = pipeline.sandbox
        self._shape = partial(shape_request, is_record=store.has_record, schema_of=store.schema)
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
            self.gate.mark()  # whatever it changed is durable before its answer leaves
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
        """Complete the documented files: the session has been idle for a second."""
        if self._store.is_loaded:
            await self._store.checkpoint()

    async def on_flush_failed(self, error: Exception) -> None:
        """Return to what is on disk: nothing that the failed write held was ever answered."""
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
            session_id = self._store.session_id
            fields = {"session_id": session_id, "event": "StartRefused", "detail": error.detail}
            _log.error("session %s cannot be loaded", session_id, extra={"fields": fields})

    async def _serve(self, message: SessionRequest, deadline_s: float) -> Turn:
        """Take a request through its stages."""
        if "if-match" in message.request.headers:
            deferred = await self._check_precondition(message, deadline_s)
            if deferred is not None:
                return deferred
        shaped = self._shape(message.request)
        ready = message.ready.get(shaped.key) or self._find(message.trace, shaped)
        if ready is None:
            return self._defer(message, shaped)
        trace = message.trace
        trace.set_plan(ready.source, ready.key, ready.plan.action)
        self._record_route(trace, shaped, ready)
        binding = self._pipeline.bind(ready, shaped, self._store)
        inputs = self._pipeline.inputs(ready, shaped, binding)
        transaction = self._store.begin()
        try:
            with Stage("exec"):
                timeout_s = deadline_s - self._clock.now()
                reply = await self._sandbox.run(
                    ready.program, inputs, transaction, timeout_s=timeout_s
                )
        except ProgramFailedError as error:
            refusals = self._resolver.refuse(ready, shaped, message.refusals, error)
            return self._defer(replace(message, ready={}, refusals=refusals), shaped)
        except ProgramError:
            self._resolver.forget(ready, shaped)
            raise
        self._resolver.keep(ready, shaped)
        return self._commit(message, shaped, ready, transaction, reply, binding.hint)

    def _find(self, trace: RequestTrace, shaped: ShapedRequest) -> ReadyPlan | None:
        start_s = self._clock.now()
        ready = self._resolver.find(shaped)
        if ready is not None:
            elapsed_s = self._clock.now() - start_s
            trace.record_lookup(elapsed_s, ready.source, ready.key, ready.validate_ms / 1000)
        return ready

    def _defer(self, message: SessionRequest, shaped: ShapedRequest) -> Deferred[Message]:
        # Detached now, in the turn: the session must not be read outside of one.
        return Deferred(partial(self._plan, message, self._pipeline.detach(shaped, self._store)))

    async def _plan(self, message: SessionRequest, shaped: ShapedRequest) -> Message:
        """Return the request with its plan; awaited outside the mailbox."""
        with activate(message.trace):
            ready = await self._resolver.learn(shaped, message.refusals)
        return replace(message, ready={**message.ready, shaped.key: ready})

    def _commit(
        self,
        message: SessionRequest,
        shaped: ShapedRequest,
        ready: ReadyPlan,
        transaction: Transaction,
        reply: Reply,
        hint: str | None,
    ) -> SessionReply:
        """Apply what a successful program changed, and return its reply."""
        trace, drifts = message.trace, list[str]()
        if reply.status < 400:
            if self._schema_mode != "learn":
                drifts = self._drifts(transaction)
            if self._store.commit(transaction):
                self.gate.mark()
            if trace.route is None:
                self._record_route(trace, shaped, ready)
                if trace.route is None and ready.maker.planner != RULES:
                    # A model planned it; the rules answer whatever reads like a resource.
                    trace.route = shaped.shape.route
        trace.begin_commit()
        return SessionReply(
            reply=reply,
            etag=self._etag(shaped, ready, reply),
            hint=hint if reply.status < 300 else None,
            drifts=tuple(drifts),
        )

    def _record_route(self, trace: RequestTrace, shaped: ShapedRequest, ready: ReadyPlan) -> None:
        """Record route and resource if they exist: clients can make up others without end."""
        resources, resource = self._store.resources, ready.plan.resource
        trace.route = shaped.shape.public_route(resources)
        if trace.is_recording and resource is not None and resource in resources:
            trace.set_resource(resource)

    def _drifts(self, transaction: Transaction) -> list[str]:
        """Return how written records differ from the learned schema.

        Raises:
            SchemaBrokenError: they differ, and LARS_SCHEMA_MODE=enforce.
        """
        drifts = self._store.find_drifts(transaction)
        if drifts and self._schema_mode == "enforce":
            raise SchemaBrokenError(
                f"{'; '.join(drifts)}. Nothing was stored: send records like the first one, or"
                " set LARS_SCHEMA_MODE=learn to widen the schema"
            )
        return drifts

    async def _check_precondition(
        self, message: SessionRequest, deadline_s: float
    ) -> Deferred[Message] | None:
        """Hold If-Match against the present version (RFC 9110, section 13.1.1).

        The version of a plain record is that of the stored record; for any other path it is the
        reply that GET would give, so the program for GET runs first.

        Raises:
            PreconditionFailedError: the present version is another, or there is none.
        """
        if message.request.method not in ("PUT", "PATCH", "DELETE", "POST"):
            return None
        message.trace.is_precondition = True
        request = replace(message.request, method="GET", query={}, body=Body(BodyKind.NONE))
        shaped = self._shape(request)
        ready = message.ready.get(shaped.key) or self._resolver.find(shaped)
        if is_plain_record(shaped, ready):
            etag = self._record_etag(shaped)
        elif ready is None:
            return self._defer(message, shaped)
        else:
            binding = self._pipeline.bind(ready, shaped, self._store)
            inputs = self._pipeline.inputs(ready, shaped, binding)
            with Stage("exec"):
                timeout_s = deadline_s - self._clock.now()
                reply = await self._sandbox.run(
                    ready.program, inputs, self._store.begin(), timeout_s=timeout_s
                )
            etag = self._etag(shaped, ready, reply)
        condition = message.request.headers["if-match"]
        if etag is None or not _lists(condition, etag):
            raise PreconditionFailedError(
                f"the stored version is {etag or 'missing'}, not {condition}; GET it and try again"
            )
        message.trace.is_precondition = False
        return None

    def _etag(self, shaped: ShapedRequest, ready: ReadyPlan, reply: Reply) -> str | None:
        """Return a strong validator of a successful reply to GET."""
        if shaped.shape.method != "GET" or reply.status != 200 or reply.body is None:
            return None
        return self._record_etag(shaped) if is_plain_record(shaped, ready) else etag_of(reply.body)

    def _record_etag(self, shaped: ShapedRequest) -> str | None:
        path = shaped.path
        assert isinstance(path, RestPath)  # noqa: S101 - the caller checked it
        assert path.identifier is not None  # noqa: S101 - the caller checked it
        record = self._store.record(path.resource, shaped.request.segments[path.identifier])
        return None if record is None else etag_of(orjson.dumps(record))


def is_plain_record(shaped: ShapedRequest, ready: ReadyPlan | None) -> bool:
    """Tell whether GET of the path answers a stored record as it is: the rules plan it."""
    path = shaped.path
    if not isinstance(path, RestPath) or path.identifier is None or path.is_search:
        return False
    return ready is None or ready.maker.planner == RULES


def etag_of(content: bytes) -> str:
    """Return a strong validator: equal content, equal tag."""
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def _lists(condition: str, etag: str) -> bool:
    """Tell whether an If-Match header lists the tag; a weak tag never matches."""
    tags = [tag.strip() for tag in condition.split(",")]
    return "*" in tags or etag in tags
