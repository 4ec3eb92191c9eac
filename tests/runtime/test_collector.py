"""The schedule of the garbage collector."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from larst.runtime import CollectorSchedule
from larst.runtime.collector import MAX_GROWTH_BYTES


class _Memory:
    def __init__(self) -> None:
        self.resident_bytes = 0

    def __call__(self) -> int:
        return self.resident_bytes


@pytest.fixture
def memory() -> _Memory:
    return _Memory()


@pytest.fixture
async def schedule(memory: _Memory) -> Any:
    schedule = CollectorSchedule(memory)
    schedule.start()
    yield schedule
    schedule.stop()


class _Cycle:
    def __init__(self) -> None:
        self.own = self


def _old_cycle() -> weakref.ref[_Cycle]:
    """Return a reference to a cycle that only a collection of all generations can free."""
    cycle = _Cycle()
    gc.collect(1)
    gc.collect(1)
    return weakref.ref(cycle)


async def test_with_little_data_old_cycles_are_freed(schedule: CollectorSchedule) -> None:
    cycle = _old_cycle()

    assert schedule.tick()
    assert cycle() is None


async def test_with_much_data_no_request_waits_for_a_collection(
    schedule: CollectorSchedule, memory: _Memory
) -> None:
    memory.resident_bytes = MAX_GROWTH_BYTES + 1
    cycle = _old_cycle()

    assert not schedule.tick()
    assert cycle() is not None


async def test_no_allocation_collects_all_generations(schedule: CollectorSchedule) -> None:
    """As it would after a quarter more objects than at the last collection."""
    del schedule
    generations: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            generations.append(info["generation"])

    gc.callbacks.append(note)
    try:
        kept = [[number] for number in range(200_000)]
    finally:
        gc.callbacks.remove(note)

    assert kept
    assert set(generations) == {0, 1}


async def test_the_end_leaves_the_collector_as_python_has_it(memory: _Memory) -> None:
    before = gc.get_threshold()
    schedule = CollectorSchedule(memory)

    schedule.start()
    during = gc.get_threshold()
    schedule.stop()

    assert during != before
    assert gc.get_threshold() == before
