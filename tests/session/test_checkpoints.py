"""A session goes on while its files are completed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path

import orjson

from larst.session import Pipeline
from larst.store import SessionStore
from tests.session.service import RefusingFiles, Service

QUIET_S = 1.0


class HaltingFiles(RefusingFiles):
    """Halts before each documented file while `may_go_on` is not set."""

    def __init__(self) -> None:
        self.is_halted = threading.Event()
        self.may_go_on = threading.Event()

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        if path.name.endswith(".json.tmp"):
            self.is_halted.set()
            assert self.may_go_on.wait(timeout=20)
        super().write_new(path, chunks)


async def test_requests_are_served_while_files_are_completed(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    """They waited for all files of the session: 14.6 seconds with 1,000 resources."""
    files = HaltingFiles()
    (tmp_path / "data").mkdir()
    service = Service(tmp_path / "data", pipeline, files=files)
    await service.post({"name": "Ann"})
    await service.clock.advance(QUIET_S)
    assert await asyncio.to_thread(files.is_halted.wait, 20)

    created = await service.post({"name": "Ben"})
    listed = await service.get()
    files.may_go_on.set()
    await service.client.stop(drain_s=20)

    members = tmp_path / "data" / "one" / "members.json"
    assert created == {"id": 2, "name": "Ben"}
    assert listed == [{"id": 1, "name": "Ann"}, created]
    assert orjson.loads(members.read_bytes()) == listed


async def test_a_session_that_only_reads_has_no_quiet_work(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    """With thousands of sessions in memory, a wake-up for each read cost more than the read."""
    (tmp_path / "data").mkdir()
    service = Service(tmp_path / "data", pipeline)
    await service.post({"name": "Ann"})
    assert await service.client.run_on_store("one", _has_incomplete_files)
    await service.client.run_on_store("one", lambda store: store.durability.checkpoint())

    await service.get()

    assert not await service.client.run_on_store("one", _has_incomplete_files)
    await service.client.stop(drain_s=20)


async def _has_incomplete_files(store: SessionStore) -> bool:
    return store.checkpoints.is_needed
