"""The plan resolver: plans in the book, and decisions of users."""

from __future__ import annotations

import pytest

from larst.config import PlanningSettings
from larst.errors import BookLockedError, NoUsablePlanError
from larst.planning import Maker
from larst.planning.book import PlanBook
from tests.fakes import NEEDS_VALUES, ScriptedPlanner, request
from tests.planning.resolving import (
    BETTER,
    FAILED,
    GOOD,
    SHAPE,
    TRANSFER,
    learn,
    resolver_of,
    shape,
    transfer,
)


class TestPlanBook:
    async def test_a_plan_enters_the_book_after_its_first_successful_run(
        self, book: PlanBook
    ) -> None:
        """A program that has never worked must not serve other requests."""
        resolver, shaped = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape()

        ready = await resolver.learn(shaped, ())
        assert len(book) == 0
        resolver.keep(ready, shaped)

        assert [entry.plan.code.block for entry in book.entries()] == [GOOD]
        assert resolver.find(shaped) is not None

    async def test_a_huge_shape_is_not_kept(self, book: PlanBook) -> None:
        keys = "&".join(f"{'k' * 60}{number}=1" for number in range(90))
        shaped = shape(request("GET", f"/books/report/x?{keys}"))
        planner = ScriptedPlanner({f"GET {shaped.shape.route}": [GOOD]})
        resolver = resolver_of(book, planner)

        resolver.keep(await resolver.learn(shaped, ()), shaped)

        assert shaped.shape.size_bytes > 4096
        assert len(book) == 0

    async def test_between_planning_and_its_first_run_a_plan_is_not_planned_again(
        self, book: PlanBook
    ) -> None:
        """Otherwise a burst of requests of one shape would cost a call each."""
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        resolver = resolver_of(book, planner)
        await resolver.learn(shape(), ())

        again = resolver.find(shape())

        assert again is not None
        assert len(planner.requests) == 1

    async def test_a_stopped_program_does_not_serve_the_next_request(self, book: PlanBook) -> None:
        """A program that never ends must not block every later request."""
        resolver, shaped = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape()
        ready = await resolver.learn(shaped, ())

        resolver.forget(ready, shaped)

        assert resolver.find(shaped) is None

    async def test_an_entry_has_the_cost_of_planning(self, book: PlanBook) -> None:
        """All attempts cost money, not only the last one."""
        resolver = resolver_of(book, ScriptedPlanner({SHAPE: ["import os", GOOD]}))

        await learn(resolver, shape())

        (entry,) = book.entries()
        assert entry.attempts == 2
        assert entry.tokens == {"input": 20, "output": 10}
        assert entry.cost_usd == pytest.approx(0.002)

    async def test_a_plan_that_failed_to_run_counts_towards_the_cost(self, book: PlanBook) -> None:
        resolver, shaped = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD, BETTER]})), shape()
        ready = await resolver.learn(shaped, ())

        refusals = resolver.refuse(ready, shaped, (), FAILED)
        better = await resolver.learn(shaped, refusals)

        assert better.usage.calls == 2
        assert better.usage.input_tokens == 20

    async def test_an_edited_plan_file_is_checked_by_the_policy(self, book: PlanBook) -> None:
        """Users may edit the files of the book; the policy applies to their programs, too."""
        resolver, shaped = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape()
        ready = await learn(resolver, shaped)
        entry = book.get(ready.key)
        assert entry is not None
        code = entry.plan.code.model_copy(update={"block": "import os\nREPLY = 1"})
        book.put(entry.model_copy(update={"plan": entry.plan.model_copy(update={"code": code})}))

        assert resolver.find(shaped) is None
        await learn(resolver, shaped)
        assert resolver.find(shaped) is not None

    async def test_a_plan_of_another_maker_is_not_used(self, book: PlanBook) -> None:
        """Another model, or other prompts, may produce another plan."""
        await learn(resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape())
        other_planner = ScriptedPlanner({SHAPE: [BETTER]})
        other_planner.maker = Maker("scripted", None, "2")

        ready = await learn(resolver_of(book, other_planner), shape())

        assert ready.program.source == BETTER
        assert len(book) == 2

    async def test_a_locked_book_serves_plans_of_any_maker_and_nothing_else(
        self, book: PlanBook
    ) -> None:
        await learn(resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape())
        other_planner = ScriptedPlanner({SHAPE: [BETTER]})
        other_planner.maker = Maker("someone else", "large", "2")
        resolver = resolver_of(book, other_planner, PlanningSettings(mode="locked"))

        ready = resolver.find(shape())

        assert ready is not None
        assert ready.program.source == GOOD
        with pytest.raises(BookLockedError, match="LARS_PLAN_MODE=learn"):
            resolver.find(shape(request("GET", "/films/1")))
        assert other_planner.requests == []


class TestDecisions:
    async def test_a_pinned_plan_is_never_replaced(self, book: PlanBook) -> None:
        """A user approved it: a single failure must not undo that."""
        resolver, shaped = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape()
        ready = await learn(resolver, shaped)
        book.set_state(ready.key, "pinned")
        pinned = resolver.find(shaped)
        assert pinned is not None

        with pytest.raises(NoUsablePlanError, match="KeyError"):
            resolver.refuse(pinned, shaped, (), FAILED)

        assert resolver.find(shaped) == pinned

    async def test_a_pinned_plan_is_used_with_another_model(self, book: PlanBook) -> None:
        """A new model does not invalidate an approved plan."""
        ready = await learn(resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape())
        book.set_state(ready.key, "pinned")
        other_planner = ScriptedPlanner({SHAPE: [BETTER]})
        other_planner.maker = Maker("scripted", "large", "9")

        reused = resolver_of(book, other_planner).find(shape())

        assert reused is not None
        assert reused.program.source == GOOD

    async def test_a_rejected_program_is_never_used_and_the_planner_gets_the_reason(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD, BETTER]})
        resolver, shaped = resolver_of(book, planner), shape()
        ready = await learn(resolver, shaped)
        book.set_state(ready.key, "rejected", "it leaks")

        assert resolver.find(shaped) is None
        better = await learn(resolver, shaped)

        assert "it leaks" in planner.requests[-1].refusals[0].reason
        assert planner.requests[-1].refusals[0].program == GOOD
        assert better.program.source == BETTER
        reused = resolver.find(shaped)
        assert reused is not None
        assert reused.program.source == BETTER
        assert {entry.state for entry in book.entries()} == {"learned", "rejected"}

    async def test_a_rejected_program_that_may_contain_foreign_values_is_not_sent(
        self, book: PlanBook
    ) -> None:
        """It was made from the text of one client; a model could copy it into another plan."""
        program = 'REPLY = make_response(200, "all to Ann")'
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, program, GOOD]}, based_on="values")
        resolver = resolver_of(book, planner)
        wish = transfer(b'{"wish": "all to Ann"}')
        ready = await learn(resolver, wish)
        book.set_state(ready.key, "rejected", "too generous")

        await learn(resolver, transfer(b'{"wish": "none"}', "session-2"))
        await learn(resolver, wish)

        *_, other_session, same_request = planner.requests
        assert other_session.refusals == ()
        assert [refusal.program for refusal in same_request.refusals] == [program]

    async def test_a_pinned_plan_takes_precedence_over_a_newer_one(self, book: PlanBook) -> None:
        resolver, shaped = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape()
        ready = await learn(resolver, shaped)
        entry = book.set_state(ready.key, "pinned")
        assert entry is not None
        code = entry.plan.code.model_copy(update={"block": BETTER})
        later = entry.plan.model_copy(update={"code": code})
        book.put(entry.model_copy(update={"key": "f" * 64, "plan": later, "state": "learned"}))

        reused = resolver.find(shaped)

        assert reused is not None
        assert reused.program.source == GOOD

    async def test_the_newer_of_two_fitting_plans_is_used(self, book: PlanBook) -> None:
        resolver, shaped = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape()
        ready = await learn(resolver, shaped)
        entry = book.get(ready.key)
        assert entry is not None
        code = entry.plan.code.model_copy(update={"block": BETTER})
        later = entry.plan.model_copy(update={"code": code})
        book.put(entry.model_copy(update={"key": "f" * 64, "plan": later}))

        reused = resolver.find(shaped)

        assert reused is not None
        assert reused.program.source == BETTER

    async def test_a_rejected_program_is_refused_if_the_planner_writes_it_again(
        self, book: PlanBook
    ) -> None:
        resolver, shaped = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), shape()
        ready = await learn(resolver, shaped)
        book.set_state(ready.key, "rejected", "it leaks")

        with pytest.raises(NoUsablePlanError, match="was rejected"):
            await resolver.learn(shaped, ())
