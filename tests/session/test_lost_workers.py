"""A worker that dies during a run costs a second run: nothing was changed by the first."""

from __future__ import annotations

from pathlib import Path

import pytest

from larst.config import PlanningSettings
from larst.domain import CheckedProgram, ProgramInputs, Reply, SessionView
from larst.errors import ProgramTimeoutError, WorkerLostError
from larst.planning.book import PlanBook
from larst.planning.rules.planner import RulesPlanner
from larst.session import Pipeline
from tests.session.service import FakeSandbox, Service, fixed_now


class MortalSandbox(FakeSandbox):
    """Runs programs to their end, and then loses the worker; `losses` says how often."""

    def __init__(self, losses: int, error: type[Exception] = WorkerLostError) -> None:
        self.losses = losses
        self.error = error
        self.timeouts_s: list[float] = []

    async def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        session: SessionView,
        *,
        timeout_s: float,
        owner: str = "",
    ) -> Reply:
        self.timeouts_s.append(timeout_s)
        reply = await super().run(program, inputs, session, timeout_s=timeout_s)
        if self.losses:
            self.losses -= 1
            raise self.error("the worker died")
        return reply


@pytest.fixture
async def book(tmp_path: Path) -> PlanBook:
    book = PlanBook(tmp_path / "plans", size=100, now=fixed_now)
    await book.open()
    return book


def _service(root: Path, book: PlanBook, sandbox: MortalSandbox) -> Service:
    pipeline = Pipeline(
        planner=RulesPlanner(),
        book=book,
        sandbox=sandbox,
        settings=PlanningSettings(),
        now=fixed_now,
        timer=lambda: 0.0,
    )
    return Service(root, pipeline)


async def test_a_lost_worker_costs_a_second_run(tmp_path: Path, book: PlanBook) -> None:
    """The record of the run that was lost is not there, and its id is free."""
    sandbox = MortalSandbox(losses=1)
    service = _service(tmp_path, book, sandbox)

    assert await service.post({"name": "Ann"}) == {"id": 1, "name": "Ann"}

    assert await service.get() == [{"id": 1, "name": "Ann"}]
    first_s, second_s = sandbox.timeouts_s[:2]
    assert 0 < second_s < first_s  # the second run has the time that is left


async def test_a_program_that_kills_its_workers_is_not_run_a_third_time(
    tmp_path: Path, book: PlanBook
) -> None:
    sandbox = MortalSandbox(losses=2)
    service = _service(tmp_path, book, sandbox)

    with pytest.raises(WorkerLostError):
        await service.post({"name": "Ann"})

    assert len(sandbox.timeouts_s) == 2
    assert await service.get() == []


async def test_a_program_that_ran_too_long_is_not_run_again(tmp_path: Path, book: PlanBook) -> None:
    sandbox = MortalSandbox(losses=1, error=ProgramTimeoutError)
    service = _service(tmp_path, book, sandbox)

    with pytest.raises(ProgramTimeoutError):
        await service.post({"name": "Ann"})

    assert len(sandbox.timeouts_s) == 1
