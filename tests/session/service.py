"""Sessions on a real store, with a fake sandbox and a fake clock."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import orjson

from larst.actors import Supervisor, SupervisorEvent, SupervisorSettings
from larst.domain import (
    CheckedProgram,
    Json,
    LeaveLoopError,
    ProgramInputs,
    Record,
    Reply,
    SessionView,
    TraceParent,
)
from larst.session import Answer, Message, Pipeline, SessionActor, SessionClient
from larst.store import DiskFiles, SessionStore
from larst.telemetry import RequestTrace, Telemetry
from tests.fake_clock import FakeClock
from tests.fakes import request

IDLE_S = 300.0


class FakeSandbox:
    """Stores the payload of a plan that creates, and lists the members for any other plan."""

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def is_ready(self) -> bool:
        return True

    def jail(self) -> str:
        return "none: no program runs"

    async def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        session: SessionView,
        *,
        timeout_s: float,
        owner: str = "",
    ) -> Reply:
        work = partial(self._reply, inputs, session)
        try:
            return work()
        except LeaveLoopError as error:  # on a loaded machine
            return await error.off_loop(work)

    def _reply(self, inputs: ProgramInputs, session: SessionView) -> Reply:
        members = session.resource("members")
        if inputs.plan["action"] == "create":
            return Reply(201, orjson.dumps(members.insert(inputs.plan["payload"])))
        return Reply(200, orjson.dumps(list(members.list()[0])))


class RefusingFiles(DiskFiles):
    """Refuses to append to the journal while `refuses` is set."""

    refuses = False

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        if self.refuses:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write_at(path, offset, data)


class TickingClock(FakeClock):
    """Moves a little with each reading, as a real clock does."""

    def now(self) -> float:
        self._now_s += 0.001
        return self._now_s


@dataclass
class Service:
    """The sessions below `root`, with the events of their supervisor."""

    root: Path
    pipeline: Pipeline
    clock: FakeClock = field(default_factory=lambda: TickingClock())
    files: RefusingFiles = field(default_factory=RefusingFiles)
    events: list[SupervisorEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        supervisor: Supervisor[str, Message, Answer] = Supervisor(
            self._make_actor,
            settings=SupervisorSettings(idle_s=IDLE_S),
            clock=self.clock,
            on_event=self.events.append,
        )
        self.client = SessionClient(supervisor, timeout_s=10)

    def _make_actor(self, session_id: str) -> SessionActor:
        store = SessionStore(self.root / session_id, files=self.files, now=fixed_now)
        return SessionActor(store, self.pipeline, self.clock)

    async def get(self, session_id: str = "one") -> Json:
        """Return all members."""
        return await self._request("GET", session_id, b"")

    async def post(
        self, record: Record, session_id: str = "one", headers: Mapping[str, str] | None = None
    ) -> Json:
        """Add a member and return it."""
        return await self._request("POST", session_id, orjson.dumps(record), headers)

    async def _request(
        self, method: str, session_id: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Json:
        trace = RequestTrace(Telemetry(), "request-1", TraceParent("a" * 32, "b" * 16, "00"))
        context = request(method, "/members", body, headers=headers, session_id=session_id)
        reply = (await self.client.request(context, trace)).reply
        assert reply.body is not None
        return orjson.loads(reply.body)

    async def sleep(self, session_id: str) -> None:
        """Let the idle time pass; return when the session is not in memory."""
        await self.clock.advance(IDLE_S)
        async with asyncio.timeout(20):
            while self.client.is_live(session_id):  # its files are written in a thread
                await self.clock.settle()


def fixed_now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


def contents(directory: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a directory, by its relative path."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }
