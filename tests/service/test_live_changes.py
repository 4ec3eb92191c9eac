"""Live changes of a real process that is killed: no event is lost, and none comes twice."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest

from tests.service.api import Service

_ID = re.compile(rb"^id: (\w+)-(\d+)$", re.MULTILINE)
_STATES = re.compile(rb"^event: state$", re.MULTILINE)


@dataclass
class Writer:
    """Creates records, one after another; a reply may get lost with the process."""

    service: Service
    per_s: float
    acknowledged: int = 0
    is_stopped: bool = False

    async def run(self, http: aiohttp.ClientSession) -> None:
        due_s = time.monotonic()
        while not self.is_stopped:
            try:
                address = f"{self.service.url}/@live/tasks"
                async with http.post(address, json={"status": "open"}) as reply:
                    self.acknowledged += reply.status == 201
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)  # the service is down
            due_s = max(due_s + 1 / self.per_s, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))


@dataclass
class Reader:
    """An EventSource: it connects again by itself, with the id of the last whole event."""

    service: Service
    numbers: list[int] = field(default_factory=list)
    states: int = 0
    connections: int = 0
    last_id: str | None = None

    async def run(self, http: aiohttp.ClientSession) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                await self._read(http)
            await asyncio.sleep(0.05)

    async def _read(self, http: aiohttp.ClientSession) -> None:
        headers = {"Accept": "text/event-stream"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        async with http.get(f"{self.service.url}/@live/tasks", headers=headers) as reply:
            if reply.status != 200:
                return
            self.connections += 1
            tail = b""
            while chunk := await reply.content.readany():
                whole, end, tail = (tail + chunk).rpartition(b"\n\n")
                self._note(whole + end)

    def _note(self, events: bytes) -> None:
        states = len(_STATES.findall(events))
        ids = _ID.findall(events)
        if states:
            self.states += states
            self.numbers.clear()  # it is complete, and says after which change
        self.numbers += [int(number) for _, number in ids]
        if ids:
            self.last_id = b"-".join(ids[-1]).decode()

    @property
    def is_gapless(self) -> bool:
        """Whether each change came exactly once, in order: each has the next number."""
        return all(after == before + 1 for before, after in pairwise(self.numbers))


@dataclass
class Load:
    """Readers and writers of one collection, while the service is killed again and again."""

    service: Service
    readers: list[Reader]
    writers: list[Writer]

    async def run(self, seconds: float, kills: int) -> None:
        """Run for so long after the first events, and again after each kill."""
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as http,
            asyncio.TaskGroup() as group,
        ):
            readers = [group.create_task(reader.run(http)) for reader in self.readers]
            writers = [group.create_task(writer.run(http)) for writer in self.writers]
            await self._write(seconds, connections=1)
            for kill in range(kills):
                self.service.stop(signal.SIGKILL)
                await asyncio.to_thread(self.service.start)
                await self._write(seconds, connections=kill + 2)
            for writer in self.writers:
                writer.is_stopped = True
            await asyncio.wait(writers)
            await self._until(lambda: self.is_level)
            for task in readers:
                task.cancel()

    async def _write(self, seconds: float, connections: int) -> None:
        """Wait until all readers are connected, and so many seconds of writes are acknowledged."""
        await self._until(lambda: all(r.connections >= connections for r in self.readers))
        writes = seconds * sum(writer.per_s for writer in self.writers)
        target = self.acknowledged + writes
        await self._until(lambda: self.acknowledged >= target)

    @property
    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)

    @property
    def is_level(self) -> bool:
        """Whether all readers have the same last change, and none lacks an acknowledged one."""
        last = {reader.numbers[-1] for reader in self.readers if reader.numbers}
        return len(last) == 1 and max(last) >= self.acknowledged

    async def _until(self, is_true: Callable[[], bool]) -> None:
        async with asyncio.timeout(300):
            while not is_true():  # noqa: ASYNC110 - of many tasks and a process
                await asyncio.sleep(0.05)


async def test_no_event_is_lost_or_doubled_by_a_kill(own_service: Service) -> None:
    """The session's journal has the position of each change, and what it changed."""
    readers = [Reader(own_service) for _ in range(3)]
    load = Load(own_service, readers, [Writer(own_service, 100)])

    await load.run(seconds=0.5, kills=1)

    for reader in readers:
        assert reader.is_gapless
        assert (reader.states, reader.connections >= 2) == (1, True)  # the rest were resumed


@pytest.mark.slow
async def test_five_hundred_watchers_under_two_hundred_writes_a_second(
    own_service: Service,
) -> None:
    """`pytest -m slow -s` prints the figures."""
    readers = [Reader(own_service) for _ in range(500)]
    load = Load(own_service, readers, [Writer(own_service, 50) for _ in range(4)])
    before_kib = _memory_kib(own_service)
    started_s = time.monotonic()

    await load.run(seconds=10, kills=2)

    elapsed_s = time.monotonic() - started_s
    grown_mib = (_memory_kib(own_service) - before_kib) / 1024
    received = sum(len(reader.numbers) for reader in readers)
    states = sum(reader.states for reader in readers)
    print(  # noqa: T201 - the figures of docs/live.md
        f"\n{load.acknowledged} writes in {elapsed_s:.1f} s, 2 kills: {received} events received,"
        f" {states} states for 500 readers, {grown_mib:.0f} MiB more memory"
    )
    assert all(reader.is_gapless for reader in readers)
    assert grown_mib < 150


def _memory_kib(service: Service) -> int:
    text = Path(f"/proc/{service.pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert match is not None
    return int(match[1])
