"""The pipeline and its plan book: what is kept, what a person decided, and who is asked again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from larst.errors import NoUsablePlanError, ProgramFailedError
from larst.model import CheckedProgram, Json, ProgramInputs, Reply, SessionView
from larst.pipeline import Pipeline, PipelineSettings, Prepared, ReadyPlan
from larst.planning.book import PlanBook
from larst.store.session_store import Transaction
from tests.larst.fakes import ScriptedPlanner, request

GOOD = "REPLY = make_response(200)"
BETTER = "REPLY = make_response(201)"
SHAPE = "GET /books/<int>"


@dataclass
class IdleSandbox:
    """Runs nothing: answers 200, and remembers what it was given."""

    ran: list[CheckedProgram] = field(default_factory=list)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def is_ready(self) -> bool:
        return True

    async def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        view: SessionView,
        *,
        timeout_s: float,
    ) -> Reply:
        del inputs, view, timeout_s
        self.ran.append(program)
        return Reply(200)


class EmptySession:
    """A session in which nothing was ever stored."""

    def has_record(self, resource: str, id: str) -> bool:
        del resource, id
        return False

    def schema(self, name: str) -> Json | None:
        del name
        return None

    def fields(self, resource: str) -> frozenset[str]:
        del resource
        return frozenset()


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[PlanBook]:
    opened = PlanBook(tmp_path, size=100, now=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    await opened.open()
    yield opened
    await opened.close()


def _pipeline(
    book: PlanBook, planner: ScriptedPlanner, sandbox: IdleSandbox | None = None
) -> Pipeline:
    return Pipeline(
        planner=planner,
        book=book,
        sandbox=sandbox or IdleSandbox(),
        settings=PipelineSettings(attempts=2),
        now=lambda: datetime(2026, 11, 23, tzinfo=UTC),
        timer=lambda: 0.0,
    )


async def _learn(pipeline: Pipeline) -> tuple[ReadyPlan, Prepared]:
    prepared = pipeline.prepare(request("GET", "/books/1"), EmptySession())
    return await pipeline.learn(prepared, ()), prepared


async def test_a_plan_enters_the_book_only_after_it_ran_well(book: PlanBook) -> None:
    """A program that never worked would be handed to everybody."""
    pipeline = _pipeline(book, ScriptedPlanner({SHAPE: [GOOD]}))

    ready, prepared = await _learn(pipeline)
    assert len(book) == 0
    await pipeline.run(ready, prepared, Transaction({}), timeout_s=1)
    pipeline.keep(ready, prepared)

    assert [entry.plan.code.block for entry in book.entries()] == [GOOD]
    assert pipeline.find(prepared) is not None


async def test_between_planning_and_its_first_run_a_plan_is_not_planned_again(
    book: PlanBook,
) -> None:
    """Else a burst of one shape would cost a call for each request that came in between."""
    planner = ScriptedPlanner({SHAPE: [GOOD]})
    pipeline = _pipeline(book, planner)
    _ready, prepared = await _learn(pipeline)

    again = pipeline.find(prepared)

    assert again is not None
    assert len(planner.asked) == 1


async def test_a_plan_that_fails_to_run_is_set_aside_and_planned_anew(book: PlanBook) -> None:
    pipeline = _pipeline(book, ScriptedPlanner({SHAPE: [GOOD, BETTER]}))
    ready, prepared = await _learn(pipeline)
    pipeline.keep(ready, prepared)

    reasons = pipeline.refuse(ready, (), ProgramFailedError("line 1: KeyError"))

    assert reasons == ("while running, line 1: KeyError",)
    assert pipeline.find(prepared) is None
    assert (await pipeline.learn(prepared, reasons)).program == BETTER


async def test_a_pinned_plan_is_never_thrown_out(book: PlanBook) -> None:
    """A person approved it: one bad record must not undo that."""
    pipeline = _pipeline(book, ScriptedPlanner({SHAPE: [GOOD]}))
    ready, prepared = await _learn(pipeline)
    pipeline.keep(ready, prepared)
    book.set_state(ready.key, "pinned")
    pinned = pipeline.find(prepared)
    assert pinned is not None

    with pytest.raises(NoUsablePlanError, match="KeyError"):
        pipeline.refuse(pinned, (), ProgramFailedError("line 1: KeyError"))

    assert pipeline.find(prepared) == pinned


async def test_a_rejected_program_is_never_used_again_and_the_planner_is_told_why(
    book: PlanBook,
) -> None:
    planner = ScriptedPlanner({SHAPE: [GOOD, BETTER]})
    pipeline = _pipeline(book, planner)
    ready, prepared = await _learn(pipeline)
    pipeline.keep(ready, prepared)
    book.set_state(ready.key, "rejected", "it leaks")

    assert pipeline.find(prepared) is None
    better = await pipeline.learn(prepared, ())
    pipeline.keep(better, prepared)

    assert "it leaks" in planner.asked[-1].refusals[0]
    assert better.program == BETTER
    found = pipeline.find(prepared)
    assert found is not None
    assert found.program == BETTER


async def test_a_rejected_program_is_refused_though_the_planner_writes_it_again(
    book: PlanBook,
) -> None:
    pipeline = _pipeline(book, ScriptedPlanner({SHAPE: [GOOD]}))
    ready, prepared = await _learn(pipeline)
    pipeline.keep(ready, prepared)
    book.set_state(ready.key, "rejected", "it leaks")

    with pytest.raises(NoUsablePlanError, match="was rejected"):
        await pipeline.learn(prepared, ())


async def test_a_plan_file_that_someone_edited_is_held_against_the_policy(book: PlanBook) -> None:
    """The book is readable and writable by people; the policy is not optional for them."""
    planner = ScriptedPlanner({SHAPE: [GOOD]})
    pipeline = _pipeline(book, planner)
    ready, prepared = await _learn(pipeline)
    pipeline.keep(ready, prepared)
    entry = book.get(ready.key)
    assert entry is not None
    code = entry.plan.code.model_copy(update={"block": "import os\nREPLY = 1"})
    book.put(entry.model_copy(update={"plan": entry.plan.model_copy(update={"code": code})}))

    assert pipeline.find(prepared) is None


async def test_a_waiter_that_leaves_does_not_take_the_plan_from_the_others(book: PlanBook) -> None:
    planner = ScriptedPlanner({SHAPE: [GOOD]})
    planner.hold()
    pipeline = _pipeline(book, planner)
    prepared = pipeline.prepare(request("GET", "/books/1"), EmptySession())
    leaving, staying = (asyncio.create_task(pipeline.learn(prepared, ())) for _ in range(2))
    await planner.is_waiting.wait()

    leaving.cancel()
    planner.release()

    assert (await staying).program == GOOD
    assert len(planner.asked) == 1
    assert leaving.cancelled()


async def test_a_plan_that_came_while_the_request_was_parked_is_not_made_again(
    book: PlanBook,
) -> None:
    """Looking and asking are two steps, and another session's call may end between them."""
    planner = ScriptedPlanner({SHAPE: [GOOD]})
    pipeline = _pipeline(book, planner)
    prepared = pipeline.prepare(request("GET", "/books/2"), EmptySession())
    assert pipeline.find(prepared) is None
    await _learn(pipeline)

    late = await pipeline.learn(prepared, ())

    assert late.program == GOOD
    assert len(planner.asked) == 1
