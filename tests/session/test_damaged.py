"""A session with damaged files refuses requests until it is erased, replaced or repaired."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from larst.actors import Started
from larst.errors import DiskRefusedError, SessionDamagedError
from larst.session import Pipeline
from larst.store import SessionStore
from larst.store.collection import Collection
from larst.store.transfer.replacing import prepare_replacements
from tests.session.service import Service, contents, fixed_now

MEMBERS = "members.json"


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
    path.write_bytes(path.read_bytes().replace(b"Ann", b'A"nn'))


def backup_in(home: Path) -> Path:
    (backup,) = home.glob(".before-import-*")
    return backup


def repair(home: Path) -> None:
    """Do what the error asks of an operator: put a good copy back."""
    (home / MEMBERS).write_bytes(b'[\n{"id":1,"name":"Ann"}\n]\n')


async def erase(store: SessionStore) -> None:
    await store.erase()


class TestRequests:
    async def test_a_request_is_refused_with_the_damage(self, service: Service) -> None:
        """The first error names the file and explains what to do; later ones refer to it."""
        with pytest.raises(SessionDamagedError, match=r"members\.json cannot be read"):
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
            return store.data.counts()

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
        backup.derive_metadata(fixed_now())

        async def replace(store: SessionStore) -> None:
            assert not store.is_loaded
            await store.set_all_aside()
            store.replacements.restore(prepare_replacements({"members": backup}))

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
