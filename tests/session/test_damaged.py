"""A session whose files are damaged: it refuses requests until it is erased, replaced or repaired.

The store is real, in a temporary directory; the sandbox and the clock are fakes.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from larst.actors import Started, Supervisor, SupervisorEvent, SupervisorSettings
from larst.config import PlanningSettings
from larst.domain import (
    CheckedProgram,
    Json,
    ProgramInputs,
    Record,
    Reply,
    SessionView,
    TraceParent,
)
from larst.errors import DiskRefusedError, SessionDamagedError
from larst.planning.book import PlanBook
from larst.planning.rules.planner import RulesPlanner
from larst.session import Answer, Message, Pipeline, SessionActor, SessionClient
from larst.store import DiskFiles, SessionStore
from larst.store.collection import Collection
from larst.store.transfer.replacing import prepare_replacements
from larst.telemetry import RequestTrace, Telemetry
from tests.fake_clock import FakeClock
from tests.fakes import request

IDLE_S = 300.0
MEMBERS = "members.json"


class FakeSandbox:
    """Stores the payload of a plan that creates, and lists the members for any other plan."""

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def is_ready(self) -> bool:
        return True

    async def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        session: SessionView,
        *,
        timeout_s: float,
    ) -> Reply:
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
        store = SessionStore(self.root / session_id, files=self.files, now=_now)
        return SessionActor(store, self.pipeline, self.clock)

    async def get(self, session_id: str = "one") -> Json:
        """Return all members."""
        return await self._request("GET", session_id, b"")

    async def post(self, record: Record, session_id: str = "one") -> Json:
        """Add a member and return it."""
        return await self._request("POST", session_id, orjson.dumps(record))

    async def _request(self, method: str, session_id: str, body: bytes) -> Json:
        trace = RequestTrace(Telemetry(), "request-1", TraceParent("a" * 32, "b" * 16, "00"))
        context = request(method, "/members", body, session_id=session_id)
        reply = (await self.client.request(context, trace)).reply
        assert reply.body is not None
        return orjson.loads(reply.body)

    async def sleep(self, session_id: str) -> None:
        """Let the idle time pass; return when the session is not in memory."""
        await self.clock.advance(IDLE_S)
        async with asyncio.timeout(20):
            while self.client.is_live(session_id):  # its files are written in a thread
                await self.clock.settle()


def _now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.fixture
async def pipeline(tmp_path: Path) -> AsyncIterator[Pipeline]:
    book = PlanBook(tmp_path / "plans", size=100, now=_now)
    await book.open()
    pipeline = Pipeline(
        planner=RulesPlanner(),
        book=book,
        sandbox=FakeSandbox(),
        settings=PlanningSettings(),
        now=_now,
        timer=lambda: 0.0,
    )
    yield pipeline
    await pipeline.close()
    await book.close()


@pytest.fixture
async def service(tmp_path: Path, pipeline: Pipeline) -> AsyncIterator[Service]:
    """A service in which session `one` sleeps with one member, and its file is damaged."""
    root = tmp_path / "data"
    root.mkdir()
    service = Service(root, pipeline)
    await service.post({"name": "Ann"})
    await service.sleep("one")
    damage(service)
    service.events.clear()
    yield service
    await service.client.stop(drain_s=10)


@pytest.fixture
def home(service: Service) -> Path:
    return service.root / "one"


def damage(service: Service) -> None:
    path = service.root / "one" / MEMBERS
    path.write_bytes(path.read_bytes().replace(b"Ann", b"Anx"))


def backup_in(home: Path) -> Path:
    (backup,) = home.glob(".before-import-*")
    return backup


def repair(home: Path) -> None:
    """Do what the error asks of an operator: put a good copy back."""
    for path in home.glob("*.damaged-*"):
        path.unlink()
    (home / MEMBERS).write_bytes(b'[\n{"id":1,"name":"Ann"}\n]\n')


async def erase(store: SessionStore) -> None:
    await store.erase()


class TestRequests:
    async def test_a_request_is_refused_with_the_damage(self, service: Service) -> None:
        """The first error names the file and explains what to do; later ones refer to it."""
        with pytest.raises(SessionDamagedError, match=r"members\.json was changed"):
            await service.get()
        with pytest.raises(SessionDamagedError, match="set aside"):
            await service.post({"name": "Ben"})

    async def test_waiting_requests_share_the_error_of_one_load(self, service: Service) -> None:
        """Otherwise a full mailbox would read large files once for each of its messages."""
        errors = await asyncio.gather(*(service.get() for _ in range(5)), return_exceptions=True)

        details = {error.detail for error in errors if isinstance(error, SessionDamagedError)}
        assert len(errors) == 5
        assert len(details) == 1

    async def test_refusals_are_not_crashes(self, service: Service) -> None:
        """A crash would cool the session down, so that it could not be erased."""
        for _ in range(20):
            with pytest.raises(SessionDamagedError):
                await service.get()

        assert service.events == [Started("one")]

    async def test_the_next_request_after_a_manual_repair_is_served(
        self, service: Service, home: Path
    ) -> None:
        """Without a restart of the service."""
        with pytest.raises(SessionDamagedError):
            await service.get()

        repair(home)

        assert await service.get() == [{"id": 1, "name": "Ann"}]
        assert (await service.post({"name": "Ben"}))["id"] == 2

    async def test_other_sessions_are_not_affected(self, service: Service) -> None:
        with pytest.raises(SessionDamagedError):
            await service.get("one")

        assert await service.post({"name": "Cem"}, "two") == {"id": 1, "name": "Cem"}
        assert await service.get("two") == [{"id": 1, "name": "Cem"}]

    async def test_damage_that_a_failed_write_reveals_is_reported_too(
        self, service: Service, home: Path
    ) -> None:
        """The session then reloads its files, which may be damaged since it started."""
        with pytest.raises(SessionDamagedError):
            await service.get()
        repair(home)
        await service.get()
        damage(service)
        service.files.refuses = True

        with pytest.raises(DiskRefusedError):
            await service.post({"name": "Ben"})
        service.files.refuses = False

        with pytest.raises(SessionDamagedError):
            await service.get()
        repair(home)
        assert await service.get() == [{"id": 1, "name": "Ann"}]


class TestTasks:
    async def test_a_task_that_needs_the_data_is_refused(self, service: Service) -> None:
        async def count(store: SessionStore) -> dict[str, int]:
            return store.counts()

        with pytest.raises(SessionDamagedError):
            await service.client.run_on_store("one", count)

    async def test_a_damaged_session_can_be_erased(self, service: Service, home: Path) -> None:
        with pytest.raises(SessionDamagedError):
            await service.get()

        await service.client.run_on_store("one", erase, admits_damaged=True)

        assert contents(home) == {}
        assert await service.get() == []
        assert await service.post({"name": "Ben"}) == {"id": 1, "name": "Ben"}

    async def test_the_first_message_may_be_the_erasure(self, service: Service) -> None:
        """The session then starts, finds the damage and is erased in one message."""
        await service.client.run_on_store("one", erase, admits_damaged=True)

        assert await service.get() == []

    async def test_an_import_that_replaces_sets_the_damaged_files_aside(
        self, service: Service, home: Path
    ) -> None:
        """They may hold data that is newer than the backup."""
        with pytest.raises(SessionDamagedError):
            await service.get()
        before = contents(home)
        backup = Collection({"7": {"id": 7, "name": "Ann"}}, next_id=8)
        backup.derive_metadata(_now())

        async def replace(store: SessionStore) -> None:
            assert not store.is_loaded
            await store.set_all_aside()
            store.restore(prepare_replacements({"members": backup}))

        await service.client.run_on_store("one", replace, admits_damaged=True)

        assert contents(backup_in(home)) == before
        assert await service.get() == [{"id": 7, "name": "Ann"}]
        await service.sleep("one")
        assert await service.get() == [{"id": 7, "name": "Ann"}]
        assert contents(backup_in(home)) == before


class TestStops:
    async def test_a_damaged_session_goes_to_sleep_without_writing(
        self, service: Service, home: Path
    ) -> None:
        """A checkpoint of nothing would replace files that can still be repaired."""
        with pytest.raises(SessionDamagedError):
            await service.get()
        before = contents(home)

        await service.sleep("one")

        assert contents(home) == before

    async def test_the_stop_of_the_service_writes_nothing(
        self, service: Service, home: Path
    ) -> None:
        with pytest.raises(SessionDamagedError):
            await service.get()
        before = contents(home)

        await service.client.stop(drain_s=10)

        assert contents(home) == before
        assert not service.client.is_live("one")
