"""The messages of a session's mailbox, and the replies to them. Data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from larst.domain import Reply, RequestContext, Standing, value_object
from larst.planning import ReadyPlan, Refusal
from larst.planning.reading.request import Reading
from larst.planning.shapes.rest_path import PathInterpretation
from larst.session.live import Watch
from larst.store import SessionStore
from larst.telemetry import RequestTrace

Result = TypeVar("Result")


@value_object
class SessionRequest:
    """A request in the mailbox. Deferred for planning, it returns with more plans.

    `ready` holds plans by the key of the shape that they were made for. A request that `is_trial`
    is planned, run and checked, and has no effect. `present` makes the reply that its client gets,
    which a contract describes.
    """

    request: RequestContext
    trace: RequestTrace
    ready: Mapping[str, ReadyPlan] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    is_trial: bool = False
    present: Present | None = None


@dataclass(slots=True)
class StoreTask(Generic[Result]):
    """Work of the control API on a session's store, run as a message of the session.

    Work that `admits_damaged` also runs if the session's files cannot be loaded; it must leave
    files that can be loaded. `result` is set when the work has run.
    """

    work: Callable[[SessionStore], Awaitable[Result]]
    admits_damaged: bool = False
    result: Result | None = None

    async def run(self, store: SessionStore) -> None:
        """Do the work and store its result."""
        self.result = await self.work(store)


@dataclass(frozen=True, slots=True)
class ReplyMemo:
    """How long a reply stays right: while all `states` are current.

    `count_use` counts one more use of its plan.
    """

    states: tuple[Standing, ...]
    count_use: Callable[[], None]


@value_object
class SessionReply:
    """A program's reply, and what the session adds to it.

    `drifts` says how written records differ from the learned schema, for LARS_SCHEMA_MODE=warn.
    `reading`, `path`, `action`, `offset` and `embeds` (embedded relations and their resources) say
    the question, for the form of the reply; a program that `is_by_rules` answers in LARST's own.
    """

    reply: Reply
    etag: str | None = None
    hint: str | None = None
    drifts: tuple[str, ...] = ()
    reading: Reading | None = None
    path: PathInterpretation = None
    action: str = "custom"
    is_by_rules: bool = False
    offset: int = 0
    embeds: Mapping[str, str] = field(default_factory=dict)
    is_replay: bool = False
    """The reply to an earlier request with the same Idempotency-Key."""
    deviations: tuple[str, ...] = ()
    """How the reply deviates from the session's contract."""
    memo: ReplyMemo | None = None
    """What a memory of replies needs; None if this one must not be remembered."""


Present: TypeAlias = Callable[[SessionReply], Reply]
"""Returns a reply in the form of the client's dialect."""

Message: TypeAlias = SessionRequest | StoreTask[object] | Watch

Answer: TypeAlias = SessionReply | None
"""The reply to a request; None for the other messages, which hold their own results."""
