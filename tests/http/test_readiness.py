"""The probe of the disk: shared by its callers, and never waited for without end."""

from __future__ import annotations

import asyncio
import threading

from larst.http.readiness import GOOD_FOR_S, DiskProbe
from tests.fake_clock import FakeClock


class Disk:
    """Counts its probes, and has a problem if one is set."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.probes = 0
        self.may_respond = threading.Event()
        self.may_respond.set()

    def probe(self) -> str | None:
        self.probes += 1
        assert self.may_respond.wait(timeout=20)
        return self.problem


async def test_callers_share_a_probe() -> None:
    """They need no token: a flood of them must not keep the disk busy."""
    disk, clock = Disk(), FakeClock()
    probe = DiskProbe(disk.probe, clock)
    disk.may_respond.clear()

    callers = [asyncio.ensure_future(probe.problem()) for _ in range(50)]
    await asyncio.sleep(0)
    disk.may_respond.set()

    assert await asyncio.gather(*callers) == [None] * 50
    assert await probe.problem() is None
    assert disk.probes == 1


async def test_a_good_disk_is_probed_again_after_a_second() -> None:
    disk, clock = Disk(), FakeClock()
    probe = DiskProbe(disk.probe, clock)
    assert await probe.problem() is None
    disk.problem = "No space left on device"

    await clock.advance(GOOD_FOR_S)

    assert await probe.problem() == "No space left on device"


async def test_a_disk_that_has_room_again_is_ready_at_once() -> None:
    disk = Disk()
    disk.problem = "No space left on device"
    probe = DiskProbe(disk.probe, FakeClock())
    assert await probe.problem() is not None

    disk.problem = None

    assert await probe.problem() is None


async def test_a_caller_that_leaves_does_not_end_the_probe_of_the_others() -> None:
    disk = Disk()
    probe = DiskProbe(disk.probe, FakeClock())
    disk.may_respond.clear()
    first, second = (asyncio.ensure_future(probe.problem()) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()
    disk.may_respond.set()

    assert await second is None
