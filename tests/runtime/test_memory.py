"""Memory that nobody uses goes back to the operating system."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from larst.runtime.memory import MemoryTrimmer, _trim
from tests.service.api import Service


async def test_many_who_ask_are_served_by_one_trim() -> None:
    trims: list[str] = []
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def trim() -> None:
        trims.append(threading.current_thread().name)
        loop.call_soon_threadsafe(done.set)

    trimmer = MemoryTrimmer(trim, after_s=0.0)
    for _ in range(100):
        trimmer.ask()
    async with asyncio.timeout(10):
        await done.wait()

    assert len(trims) == 1
    assert trims[0] != threading.main_thread().name
    done.clear()
    trimmer.ask()
    async with asyncio.timeout(10):
        await done.wait()
    assert len(trims) == 2


async def test_a_closed_one_does_nothing_more() -> None:
    trimmer = MemoryTrimmer(lambda: pytest.fail("it was closed"), after_s=0.0)
    trimmer.ask()
    trimmer.close()
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.skipif(_trim() is None, reason="this C library gives no pages back when told to")
@pytest.mark.parametrize("chosen", [None, "pymalloc"])
def test_the_service_runs_on_an_allocator_that_gives_pages_back(
    tmp_path: Path, chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless its user chose another."""
    monkeypatch.delenv("PYTHONMALLOC", raising=False)
    settings = {} if chosen is None else {"PYTHONMALLOC": chosen}
    with Service(tmp_path / "data", tmp_path / "log", **settings) as service:
        environment = Path(f"/proc/{service.pid}/environ").read_bytes().split(b"\0")

    assert b"PYTHONMALLOC=" + (chosen or "malloc").encode() in environment
