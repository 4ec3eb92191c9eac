"""The client of the sessions: sends them requests and store tasks, and returns their answers.

Must never touch a session's store itself: work on it runs inside the session.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from larst.actors import Receiver, Supervisor
from larst.domain import RequestContext, SessionKey
from larst.session.live import Watch
from larst.session.messages import (
    Answer,
    Message,
    Present,
    SessionReply,
    SessionRequest,
    StoreTask,
)
from larst.store import SessionStore
from larst.telemetry import RequestTrace

Result = TypeVar("Result")


class SessionClient:
    """Sends messages to sessions by their keys; a session that is asleep wakes up.

    Raises errors of the actor runtime, and the errors of LARST that the session raises.
    """

    def __init__(
        self, supervisor: Supervisor[SessionKey, Message, Answer], *, timeout_s: float
    ) -> None:
        self._supervisor = supervisor
        self._timeout_s = timeout_s

    @property
    def live_count(self) -> int:
        """The number of sessions in memory."""
        return self._supervisor.live_count

    @property
    def waiting_count(self) -> int:
        """The number of messages that wait in all mailboxes; may be read from any thread."""
        return self._supervisor.waiting_count

    def live_keys(self) -> list[SessionKey]:
        """Return the keys of the sessions in memory."""
        return self._supervisor.live_keys()

    def is_live(self, session_key: SessionKey) -> bool:
        """Return whether the session is in memory."""
        return self._supervisor.is_live(session_key)

    async def request(
        self,
        request: RequestContext,
        trace: RequestTrace,
        *,
        is_trial: bool = False,
        present: Present | None = None,
    ) -> SessionReply:
        """Return the session's reply to a request, which has no effect if it `is_trial`.

        Raises:
            ActorError: the request was not served in time, or not at all.
            LarstError: the session refused the request.
        """
        answer = await self._supervisor.ask(
            request.session_key,
            SessionRequest(request, trace, is_trial=is_trial, present=present),
            timeout_s=self._timeout_s,
        )
        assert answer is not None  # noqa: S101 - only other messages are answered with None
        return answer

    async def watch(self, watch: Watch) -> None:
        """Open a watch; what its stream begins with is durable then.

        Raises:
            ActorError: the watch was not opened in time, or not at all.
            LarstError: the session refused it.
        """
        await self._supervisor.ask(watch.key, watch, timeout_s=self._timeout_s)

    def request_now(
        self, request: RequestContext, trace: RequestTrace, receiver: Receiver[Answer]
    ) -> bool:
        """Answer a request in this turn of the loop; return False, with no effect, if not now.

        `receiver` gets the session's reply, or an error that `request` would raise: at once, or
        as soon as everything that the reply may have seen is on disk.
        """
        return self._supervisor.ask_now(
            request.session_key, SessionRequest(request, trace), receiver, timeout_s=self._timeout_s
        )

    def touch(self, session_key: SessionKey) -> bool:
        """Count a use of a session without a request; return False if it sleeps or is to stop."""
        return self._supervisor.touch(session_key)

    async def run_on_store(
        self,
        session_key: SessionKey,
        work: Callable[[SessionStore], Awaitable[Result]],
        *,
        keeps_awake: bool = True,
        wakes: bool = True,
        admits_damaged: bool = False,
    ) -> Result:
        """Run `work` on the session's store, as a message of the session; return its result.

        Work that only reads passes `keeps_awake=False`; with `wakes=False`, a session that sleeps,
        or is about to, raises ActorStoppedError instead of waking up. Work that `admits_damaged`
        also runs if the session's files cannot be loaded; it must leave files that can be loaded.

        Raises:
            ActorError: the work did not run, or not in time.
            LarstError: the session is damaged, or `work` raised it.
        """
        task = StoreTask(work, admits_damaged=admits_damaged)
        await self._supervisor.ask(
            session_key,
            cast("StoreTask[object]", task),  # a mailbox holds tasks of any result
            timeout_s=self._timeout_s,
            keeps_awake=keeps_awake,
            wakes=wakes,
        )
        return cast("Result", task.result)  # it is set, since the session has answered

    async def stop(self, *, drain_s: float) -> None:
        """Refuse new messages, serve the accepted ones within `drain_s` seconds, and stop."""
        await self._supervisor.stop(drain_s=drain_s)
