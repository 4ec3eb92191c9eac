"""Repair of plans, and planner calls that several requests share."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from larst.config import PlanningSettings, PromptValues
from larst.errors import BudgetSpentError, NoUsablePlanError, ProgramFailedError
from larst.planning import PlannerAnswer, PlanningRequest, ReadyPlan
from larst.planning.book import PlanBook
from larst.planning.planner import Refusal
from tests.fakes import ScriptedPlanner, request
from tests.planning.resolving import (
    BETTER,
    FAILED,
    GOOD,
    READS_AMOUNT,
    SHAPE,
    TRANSFER,
    learn,
    resolver_of,
    shape,
    transfer,
)


class TestRepair:
    async def test_a_plan_that_fails_to_run_is_replaced(self, book: PlanBook) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD, BETTER]})
        resolver, shaped = resolver_of(book, planner), shape()
        ready = await learn(resolver, shaped)

        refusals = resolver.refuse(ready, shaped, (), FAILED)
        better = await resolver.learn(shaped, refusals)
        resolver.keep(better, shaped)

        assert planner.requests[-1].refusals[0].reason == "while running, line 1: KeyError: 'x'"
        assert planner.requests[-1].refusals[0].has_values
        assert [entry.plan.code.block for entry in book.entries()] == [BETTER]

    async def test_a_failed_plan_serves_other_requests_until_it_is_replaced(
        self, book: PlanBook
    ) -> None:
        """A single request with an unusual body must not remove the plan for all clients."""
        resolver, shaped = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape()
        ready = await learn(resolver, shaped)

        resolver.refuse(ready, shaped, (), FAILED)

        assert resolver.find(shaped) is not None

    async def test_a_plan_repaired_for_another_request_is_reused(self, book: PlanBook) -> None:
        """A plan that fails for a hundred requests at once is repaired once."""
        planner = ScriptedPlanner({SHAPE: [GOOD, BETTER]})
        resolver, shaped = resolver_of(book, planner), shape()
        ready = await learn(resolver, shaped)
        first, second = (
            resolver.refuse(ready, shaped, (), ProgramFailedError(f"KeyError: {name!r}"))
            for name in "ab"
        )

        better = await resolver.learn(shaped, first)
        again = await resolver.learn(shaped, second)

        assert (better.program.source, again.program.source) == (BETTER, BETTER)
        assert len(planner.requests) == 2

    async def test_the_planner_gets_every_refused_program_with_its_reasons(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: ["import os", "REPLY = stroe.get(1)", GOOD]})
        resolver = resolver_of(book, planner, PlanningSettings(attempts=3))

        await resolver.learn(shape(), ())

        refusals = planner.requests[-1].refusals
        assert [refusal.program for refusal in refusals] == ["import os", "REPLY = stroe.get(1)"]
        assert "import is not allowed" in refusals[0].reason
        assert "never assigns REPLY" in refusals[0].reason
        assert "unknown name 'stroe'" in refusals[1].reason

    async def test_a_store_without_a_resource_is_refused_before_it_runs(
        self, book: PlanBook
    ) -> None:
        class PlannerWithoutResource(ScriptedPlanner):
            async def plan(self, request: PlanningRequest) -> PlannerAnswer:
                answer = await super().plan(request)
                plan = answer.plan.model_copy(update={"resource": None})
                return replace(answer, plan=plan)

        resolver = resolver_of(
            book, PlannerWithoutResource({SHAPE: ["REPLY = make_response(200, store.count())"]})
        )

        with pytest.raises(NoUsablePlanError, match="the plan has no resource"):
            await resolver.learn(shape(), ())

    async def test_after_the_last_attempt_the_error_lists_all_reasons(self, book: PlanBook) -> None:
        planner = ScriptedPlanner({SHAPE: ["import os", "import re"]})
        resolver = resolver_of(book, planner, PlanningSettings(attempts=2))

        with pytest.raises(NoUsablePlanError, match=r"after 2 attempts.*import.*\|.*import"):
            await resolver.learn(shape(), ())

        assert len(planner.requests) == 2
        assert len(book) == 0

    async def test_a_repeated_program_ends_the_attempts(self, book: PlanBook) -> None:
        """A planner that says the same again would say it a third time, and be paid for it."""
        planner = ScriptedPlanner({SHAPE: ["import os", "import os", GOOD]})
        resolver = resolver_of(book, planner, PlanningSettings(attempts=5))

        with pytest.raises(NoUsablePlanError, match=r"repeated a refused program: .*import"):
            await resolver.learn(shape(), ())

        assert len(planner.requests) == 2

    async def test_a_repeated_program_that_was_merely_odd_is_meant(self, book: PlanBook) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        resolver = resolver_of(book, planner)

        ready = await resolver.learn(shape(), (Refusal("unusual", GOOD, is_odd=True),))

        assert ready.program.source == GOOD
        assert len(planner.requests) == 1

    @pytest.mark.parametrize(
        ("prompt_values", "expected"),
        [("sketch", [False, True]), ("never", [False, False]), ("full", [False, False])],
    )
    async def test_values_may_be_needed_only_after_a_first_try(
        self, book: PlanBook, prompt_values: PromptValues, expected: list[bool]
    ) -> None:
        planner = ScriptedPlanner({SHAPE: ["import os", GOOD]})
        resolver = resolver_of(book, planner, PlanningSettings(prompt_values=prompt_values))

        await resolver.learn(shape(), ())

        assert [request.may_need_values for request in planner.requests] == expected


class TestSharedCalls:
    async def test_a_client_that_disconnects_does_not_cancel_a_shared_call(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        planner.hold()
        resolver = resolver_of(book, planner)
        leaving, staying = (asyncio.create_task(resolver.learn(shape(), ())) for _ in range(2))
        await planner.is_waiting.wait()

        leaving.cancel()
        planner.release()

        assert (await staying).program.source == GOOD
        assert len(planner.requests) == 1
        assert leaving.cancelled()

    async def test_a_plan_made_between_find_and_learn_is_used(self, book: PlanBook) -> None:
        """A call of another session may end between the two steps."""
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        resolver, late = resolver_of(book, planner), shape(request("GET", "/books/2"))
        assert resolver.find(late) is None
        await resolver.learn(shape(), ())

        assert (await resolver.learn(late, ())).program.source == GOOD
        assert len(planner.requests) == 1

    async def test_a_request_that_a_shared_plan_does_not_fit_gets_its_own_plan(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [READS_AMOUNT, BETTER]}, based_on="sketch")
        resolver = resolver_of(book, planner)

        first, same, other = await asyncio.gather(
            resolver.learn(transfer(b'{"amount": 1}'), ()),
            resolver.learn(transfer(b'{"amount": 2}'), ()),
            resolver.learn(transfer(b'{"sum": 1}'), ()),
        )

        programs = [ready.program.source for ready in (first, same, other)]
        assert programs == [READS_AMOUNT, READS_AMOUNT, BETTER]
        assert len(planner.requests) == 2

    async def test_the_spent_budget_of_one_session_does_not_affect_another(
        self, book: PlanBook
    ) -> None:
        """Both share a planner call, but each session has its own budget."""

        class PoorPlanner(ScriptedPlanner):
            async def plan(self, request: PlanningRequest) -> PlannerAnswer:
                await asyncio.sleep(0)
                if request.session_key == "poor":
                    raise BudgetSpentError("spent", 30)
                return await super().plan(request)

        resolver = resolver_of(book, PoorPlanner({TRANSFER: [GOOD]}))

        poor, rich = await asyncio.gather(
            resolver.learn(transfer(b"{}", "poor"), ()),
            resolver.learn(transfer(b"{}", "rich"), ()),
            return_exceptions=True,
        )

        assert isinstance(poor, BudgetSpentError)
        assert isinstance(rich, ReadyPlan)

    async def test_a_plan_of_the_fallback_does_not_enter_the_book(self, book: PlanBook) -> None:
        """Once the provider is back, it plans the shape itself."""

        class Fallback(ScriptedPlanner):
            async def plan(self, request: PlanningRequest) -> PlannerAnswer:
                return replace(
                    await super().plan(request), source="rules-fallback", is_reusable=False
                )

        planner = Fallback({SHAPE: [GOOD]})
        resolver = resolver_of(book, planner)

        assert (await learn(resolver, shape())).source == "rules-fallback"
        await learn(resolver, shape())

        assert len(book) == 0
        assert len(planner.requests) == 2

    async def test_closing_cancels_calls_in_progress_and_closes_the_planner(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        planner.hold()
        resolver = resolver_of(book, planner)
        waiting = asyncio.create_task(resolver.learn(shape(), ()))
        await planner.is_waiting.wait()

        await resolver.close()

        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert planner.is_closed
