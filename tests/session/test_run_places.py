"""A heavy program begins where it can end, and not on the event loop again and again."""

from __future__ import annotations

import doctest
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from larst.direct import BudgetSpentError, DirectRunner
from larst.domain import CheckedProgram, ProgramInputs, Reply, SessionView
from larst.session import Pipeline, run_places
from larst.session.run_places import Place, RunPlaces
from tests.fake_clock import FakeClock
from tests.session.service import Service

KEY = ("shop", "plan")


class HeavyRunner(DirectRunner):
    """Notes where programs run; each run is too much for the event loop, and takes `took_s`."""

    def __init__(self, clock: FakeClock, took_s: float, *, fits_thread: bool) -> None:
        super().__init__(result_bytes=1, max_store_calls=1)
        object.__setattr__(self, "_state", (clock, took_s, fits_thread, []))

    __slots__ = ("_state",)
    _state: tuple[FakeClock, float, bool, list[str]]

    @property
    def places(self) -> list[str]:
        return self._state[3]

    def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        view: SessionView,
        *,
        is_in_thread: bool = False,
    ) -> Reply | None:
        del program, inputs, view
        clock, took_s, fits_thread, places = self._state
        places.append("thread" if is_in_thread else "loop")
        if not is_in_thread:
            raise BudgetSpentError("too much")
        clock._now_s += took_s
        return Reply(200, b"[]") if fits_thread else None


def heavy(pipeline: Pipeline, service: Service, **options: Any) -> HeavyRunner:
    runner = HeavyRunner(service.clock, **options)
    pipeline.direct = runner
    return runner


@pytest.fixture
def service(tmp_path: Path, pipeline: Pipeline) -> Service:
    (tmp_path / "data").mkdir()
    return Service(tmp_path / "data", pipeline)


async def test_a_heavy_program_begins_in_a_thread(service: Service, pipeline: Pipeline) -> None:
    runner = heavy(pipeline, service, took_s=1.0, fits_thread=True)
    for _ in range(3):
        await service.get()

    assert runner.places == ["loop", "thread", "thread", "thread"]


async def test_a_program_that_was_quick_begins_on_the_loop(
    service: Service, pipeline: Pipeline
) -> None:
    """An index that had to be built is there now."""
    runner = heavy(pipeline, service, took_s=0.0, fits_thread=True)
    for _ in range(2):
        await service.get()

    assert runner.places == ["loop", "thread", "loop", "thread"]


async def test_other_sessions_begin_on_the_loop(service: Service, pipeline: Pipeline) -> None:
    runner = heavy(pipeline, service, took_s=1.0, fits_thread=True)
    await service.get("one")
    await service.get("two")

    assert runner.places == ["loop", "thread"] * 2


def test_too_much_for_a_thread_is_work_for_a_worker() -> None:
    places = RunPlaces()
    steps: Mapping[Place, Place] = {
        Place.LOOP: Place.THREAD,
        Place.THREAD: Place.WORKER,
        Place.WORKER: Place.WORKER,
    }

    for place, following in steps.items():
        places.exceeded(KEY, place)
        assert places.find(KEY) is following


def test_a_long_run_keeps_its_place() -> None:
    places = RunPlaces()
    places.exceeded(KEY, Place.LOOP)

    places.ended(KEY, run_places.QUICK_S * 2)

    assert places.find(KEY) is Place.THREAD


def test_the_example_runs() -> None:
    results = doctest.testmod(run_places)

    assert (results.attempted, results.failed) == (6, 0)
