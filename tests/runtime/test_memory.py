"""Unused memory goes back to the operating system."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from pathlib import Path

import pytest

from larst.runtime import MemoryTrimmer, paused_collector
from larst.runtime.memory import ALLOCATOR_VARIABLE, c_library_trim
from tests.service.api import Service


async def test_calls_in_quick_succession_share_one_trim() -> None:
    trims: list[str] = []
    has_trimmed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def trim() -> None:
        trims.append(threading.current_thread().name)
        loop.call_soon_threadsafe(has_trimmed.set)

    trimmer = MemoryTrimmer(trim, delay_s=0.0)
    for _ in range(100):
        trimmer.schedule()
    async with asyncio.timeout(10):
        await has_trimmed.wait()

    assert len(trims) == 1
    assert trims[0] != threading.main_thread().name
    has_trimmed.clear()
    trimmer.schedule()
    async with asyncio.timeout(10):
        await has_trimmed.wait()
    assert len(trims) == 2


async def test_a_closed_trimmer_cancels_its_trim() -> None:
    trimmer = MemoryTrimmer(lambda: pytest.fail("it was closed"), delay_s=0.0)
    trimmer.schedule()
    trimmer.close()
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim belongs to the GNU C library")
def test_only_the_c_allocator_is_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own allocator holds its arenas back: walking the heap would free no page."""
    monkeypatch.setenv(ALLOCATOR_VARIABLE, "malloc")
    trim = c_library_trim()

    assert trim is None or trim() in (0, 1)  # None: a C library without the call
    for allocator in ("pymalloc", "", "default"):
        monkeypatch.setenv(ALLOCATOR_VARIABLE, allocator)
        assert c_library_trim() is None


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads the process from /proc")
@pytest.mark.parametrize("allocator", [None, "malloc"])
def test_the_service_keeps_the_allocator_that_it_was_started_with(
    tmp_path: Path, allocator: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never executes itself again: that would surprise supervisors and debuggers."""
    monkeypatch.delenv(ALLOCATOR_VARIABLE, raising=False)
    settings = {} if allocator is None else {ALLOCATOR_VARIABLE: allocator}
    with Service(tmp_path / "data", tmp_path / "log", **settings) as service:
        environment = Path(f"/proc/{service.pid}/environ").read_bytes().split(b"\0")

    variables = [entry for entry in environment if entry.startswith(b"PYTHONMALLOC=")]
    assert variables == ([] if allocator is None else [b"PYTHONMALLOC=malloc"])


def test_the_collector_runs_again_after_a_pause_that_failed() -> None:
    def fail() -> None:
        with paused_collector():
            assert not gc.isenabled()
            raise ValueError("broken")

    try:
        with pytest.raises(ValueError, match="broken"):
            fail()
        assert gc.isenabled()
    finally:
        gc.unfreeze()


def test_a_pause_need_not_exempt_objects() -> None:
    """Work that is repeated, such as building a document, would exempt ever more of them."""
    before = gc.get_freeze_count()

    with paused_collector(freezes=False):
        assert not gc.isenabled()

    assert gc.isenabled()
    assert gc.get_freeze_count() == before
