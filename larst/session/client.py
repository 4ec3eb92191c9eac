"""The client of the sessions: requests and store tasks go in, replies and results come out.

Must never touch a session's store itself: work on it runs in the session's own turn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from larst.actors import Supervisor
from larst.domain import RequestContext
from larst.session.actor import Answer, Message, SessionReply, SessionRequest, StoreTask
from larst.store import SessionStore
from larst.telemetry import RequestTrace

Result = TypeVar("Result")


class SessionClient:
    """Reaches every session by its id, whether it is awake or asleep.

    Errors are those of the actor runtime and, as the session raises them, of LARST.
    """

    def __init__(self, supervisor: Supervisor[str, Message, Answer], *, timeout_s: float) -> None:
        self._supervisor = supervisor
        self._timeout_s = timeout_s

    @property
    def live_count(self) -> int:
        """How many sessions are in memory."""
        return self._supervisor.live_count

    @property
    def waiting_count(self) -> int:
        """How many messages wait in all mailboxes; may be read from any thread."""
        return self._supervisor.waiting_count

    def is_live(self, session_id: str) -> bool:
        """Tell whether the session is in memory."""
        return self._supervisor.is_live(session_id)

    async def request(self, request: RequestContext, trace: RequestTrace) -> SessionReply:
        """Return the session's reply to a request.

        Raises:
            ActorError: the request was not served in time, or not at all.
            LarstError: the session refused it.
        """
        answer = await self._supervisor.ask(
            request.session_id, SessionRequest(request, trace), timeout_s=self._timeout_s
        )
        assert answer is not None  # noqa: S101 - only a store task is answered with None
        return answer

    async def run_on_store(
        self,
        session_id: str,
        work: Callable[[SessionStore], Awaitable[Result]],
        *,
        keeps_awake: bool = True,
        admits_damaged: bool = False,
    ) -> Result:
        """Return what `work` returns, run in a turn of the session on its store.

        Work that only looks passes `keeps_awake=False`; work that `admits_damaged` also runs on
        files that cannot be loaded, and has to leave files that can.

        Raises:
            ActorError: the work did not run, or not in time.
            LarstError: the session is damaged, or `work` raised it.
        """
        task = StoreTask(work, admits_damaged=admits_damaged)
        await self._supervisor.ask(
            session_id,
            cast("StoreTask[object]", task),  # a mailbox holds tasks of any result
            timeout_s=self._timeout_s,
            keeps_awake=keeps_awake,
        )
        return cast("Result", task.result)  # set: the session has answered

    async def stop(self, *, drain_s: float) -> None:
        """Refuse new messages, serve those accepted within `drain_s` seconds, and stop."""
        await self._supervisor.stop(drain_s=drain_s)
