"""The actor of a session: it owns one client's data and takes requests through the stages.

Only the actor touches the session's store. Must never wait for a planner while it processes a
message, and never let a reply leave before the changes that it reports or saw are on disk: the
gate ensures that.
"""

from __future__ import annotations

from typing import ClassVar

from larst.actors import NOT_NOW, Actor, Clock, Deferred, NotNow, OutputGate
from larst.config import SchemaMode
from larst.errors import LarstError
from larst.planning.reading.request import ReadingSettings
from larst.session.commits import RunCommits
from larst.session.contracts import SessionContract
from larst.session.execution import ProgramRunner
from larst.session.expiry import Expiry
from larst.session.fast_turn import FastTurn
from larst.session.live import Watch, open_watch
from larst.session.loading import SessionLoading
from larst.session.messages import Answer, Message, SessionRequest, StoreTask
from larst.session.ordinary_turn import OrdinaryTurn
from larst.session.pipeline import Pipeline
from larst.session.proof import Proof
from larst.session.quota import SessionQuota
from larst.session.reader import RequestReader
from larst.session.serving import Serving
from larst.session.stages import Stages
from larst.store import SessionStore

_READING = frozenset({"GET", "HEAD"})


class SessionActor(Actor[Message, Answer]):
    """Runs one request at a time, from start to end, on the session's own store.

    A session whose files cannot be loaded stays up as damaged (`loading.py`).
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
        self._loading = SessionLoading(store, self.gate, clock)
        self._expiry = Expiry(store, self.gate)
        programs, contract = ProgramRunner(pipeline, store, clock), SessionContract(store)
        self._reader = RequestReader(store, contract, reading or ReadingSettings())
        stages = Stages(
            store,
            pipeline,
            clock,
            self._reader,
            programs,
            Proof(pipeline, programs),
            contract,
            quota,
            RunCommits(store, self.gate, schema_mode),
        )
        self._fast = FastTurn(stages)
        self._ordinary = OrdinaryTurn(stages)

    @property
    def has_quiet_work(self) -> bool:
        """Whether files are incomplete: a read alone asks for no checkpoint."""
        return self._store.checkpoints.is_needed

    async def on_start(self) -> None:
        """Load the session's files; if they are damaged, stay up without them."""
        await self._loading.load()

    async def on_message(self, message: Message) -> Answer | Deferred[Message]:
        """Answer a request, or defer it until its plan exists; or run a task."""
        self._store.data.note_reads(is_on=False)
        if not self._store.is_loaded:
            await self._loading.retry(message, self.current.enqueued_s)
        if self._store.is_loaded:
            await self._expiry.delete_expired()
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
                await open_watch(self._store, await self._reader.shape(message.request), message)
                return None
            return await self._ordinary.serve(message, times.deadline_s)

    def on_message_now(self, message: Message) -> Answer | NotNow:
        """Answer a request whose plan exists and whose program runs here, if it needs no more."""
        if not isinstance(message, SessionRequest) or not self._store.is_loaded:
            return NOT_NOW
        if self._expiry.is_due:
            return NOT_NOW
        self._store.work.begin()
        self._store.data.note_reads(is_on=message.request.method in _READING)
        message.trace.record_wait(0.0)
        with Serving(message.trace):
            return self._fast.answer(message)

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
        await self._loading.reload()

    async def on_stop(self) -> None:
        """Complete the documented files."""
        if self._store.is_loaded:
            await self._store.close()

    def on_end(self) -> None:
        """Free the records: they are on disk."""
        self._store.release()
