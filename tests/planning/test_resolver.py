"""The planning desk: what is kept, what a person decided, who shares a call and who may not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from larst.domain import Json, RequestContext
from larst.errors import BookLockedError, BudgetSpentError, NoUsablePlanError, ProgramFailedError
from larst.planning.book.book import PlanBook
from larst.planning.lookup import Case, Question, ReadyPlan
from larst.planning.planner import Maker, Planned, PlanningRequest
from larst.planning.resolver import DeskSettings, PlanningDesk
from larst.planning.reuse.conditions import Situation
from larst.planning.shapes.rest_path import facts_of
from larst.planning.shapes.shape import shape_key, shape_of
from larst.policy import PolicyLimits, check
from tests.fakes import NEEDS_VALUES, ScriptedPlanner, request

GOOD = "REPLY = make_response(200)"
BETTER = "REPLY = make_response(201)"
READS_AMOUNT = 'REPLY = make_response(200, plan["payload"]["amount"])'
SHAPE = "GET /books/<int>"
TRANSFER = "POST /accounts/transfer"
FAILED = ProgramFailedError("line 1: KeyError: 'x'")


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[PlanBook]:
    opened = PlanBook(tmp_path, size=100, now=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    await opened.open()
    yield opened
    await opened.close()


def desk_of(
    book: PlanBook, planner: ScriptedPlanner, settings: DeskSettings | None = None
) -> PlanningDesk:
    return PlanningDesk(
        planner=planner,
        book=book,
        check=lambda source: check(source, PolicyLimits()),
        settings=settings or DeskSettings(attempts=2),
        now=lambda: datetime(2026, 11, 23, tzinfo=UTC),
        timer=lambda: 0.0,
    )


def ask(
    asked: RequestContext | None = None, schemas: Mapping[str, Mapping[str, Json]] | None = None
) -> Question:
    """Return the question that a session with these learned schemas would put."""
    asked = asked or request("GET", "/books/1")
    learned = {
        name: {"fields": sorted(fields), "json_schema": {"properties": fields}}
        for name, fields in (schemas or {}).items()
    }
    shape = shape_of(asked, lambda *_: False)
    facts = facts_of(shape, learned.get)
    case = Case(shape_key(shape.as_json(), facts), shape, facts, Situation(asked, learned.get))
    return Question(case, {})


def transfer(body: bytes, session_id: str = "session-1") -> Question:
    return ask(request("POST", "/accounts/transfer", body, session_id=session_id))


async def learn(desk: PlanningDesk, question: Question) -> ReadyPlan:
    """Have a plan made, and run well."""
    ready = await desk.learn(question, ())
    desk.keep(ready, question.case)
    return ready


class TestTheBook:
    async def test_a_plan_enters_it_only_after_it_ran_well(self, book: PlanBook) -> None:
        """A program that never worked would be handed to everybody."""
        desk, question = desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()

        ready = await desk.learn(question, ())
        assert len(book) == 0
        desk.keep(ready, question.case)

        assert [entry.plan.code.block for entry in book.entries()] == [GOOD]
        assert desk.find(question.case) is not None

    async def test_between_planning_and_its_first_run_a_plan_is_not_planned_again(
        self, book: PlanBook
    ) -> None:
        """Else a burst of one shape would cost a call for each request that came in between."""
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        desk = desk_of(book, planner)
        await desk.learn(ask(), ())

        again = desk.find(ask().case)

        assert again is not None
        assert len(planner.asked) == 1

    async def test_a_plan_that_was_stopped_is_not_tried_on_the_next_request(
        self, book: PlanBook
    ) -> None:
        """A program that never ends must not take every later request with it."""
        desk, question = desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await desk.learn(question, ())

        desk.forget(ready, question.case)

        assert desk.find(question.case) is None

    async def test_it_tells_what_planning_took(self, book: PlanBook) -> None:
        """All attempts are paid for, not only the last."""
        desk = desk_of(book, ScriptedPlanner({SHAPE: ["import os", GOOD]}))

        await learn(desk, ask())

        (entry,) = book.entries()
        assert entry.attempts == 2
        assert entry.tokens == {"input": 20, "output": 10}
        assert entry.cost_usd == pytest.approx(0.002)

    async def test_what_running_refused_is_paid_for_too(self, book: PlanBook) -> None:
        desk, question = desk_of(book, ScriptedPlanner({SHAPE: [GOOD, BETTER]})), ask()
        ready = await desk.learn(question, ())

        refusals = desk.refuse(ready, question.case, (), FAILED)
        better = await desk.learn(question, refusals)

        assert better.usage.calls == 2
        assert better.usage.input_tokens == 20

    async def test_a_plan_file_that_someone_edited_is_held_against_the_policy(
        self, book: PlanBook
    ) -> None:
        """The book is readable and writable by people; the policy is not optional for them."""
        desk, question = desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(desk, question)
        entry = book.get(ready.key)
        assert entry is not None
        code = entry.plan.code.model_copy(update={"block": "import os\nREPLY = 1"})
        book.put(entry.model_copy(update={"plan": entry.plan.model_copy(update={"code": code})}))

        assert desk.find(question.case) is None
        await learn(desk, question)
        assert desk.find(question.case) is not None

    async def test_another_makers_plan_is_not_taken_for_ones_own(self, book: PlanBook) -> None:
        """Another model, or other prompts, may plan otherwise."""
        await learn(desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask())
        other = ScriptedPlanner({SHAPE: [BETTER]})
        other.maker = Maker("scripted", None, "2")

        ready = await learn(desk_of(book, other), ask())

        assert ready.program == BETTER
        assert len(book) == 2

    async def test_locked_it_serves_what_anybody_made_and_nothing_else(
        self, book: PlanBook
    ) -> None:
        await learn(desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask())
        other = ScriptedPlanner({SHAPE: [BETTER]})
        other.maker = Maker("someone else", "large", "2")
        desk = desk_of(book, other, DeskSettings(mode="locked"))

        found = desk.find(ask().case)

        assert found is not None
        assert found.program == GOOD
        with pytest.raises(BookLockedError, match="LARS_PLAN_MODE=learn"):
            desk.find(ask(request("GET", "/films/1")).case)
        assert other.asked == []


class TestWhatAPlanServes:
    async def test_requests_that_differ_in_values_alone_share_it(self, book: PlanBook) -> None:
        desk = desk_of(book, ScriptedPlanner({TRANSFER: [READS_AMOUNT]}, saw="sketch"))

        await learn(desk, transfer(b'{"amount": 5, "note": "rent"}'))

        assert desk.find(transfer(b'{"amount": 7.5, "note": "food"}').case) is not None

    async def test_a_field_that_it_does_not_read_makes_no_difference(self, book: PlanBook) -> None:
        desk = desk_of(book, ScriptedPlanner({TRANSFER: [READS_AMOUNT]}, saw="sketch"))

        await learn(desk, transfer(b'{"amount": 5}'))

        assert desk.find(transfer(b'{"amount": 5, "colour": "red"}').case) is not None

    @pytest.mark.parametrize("body", [b'{"sum": 5}', b'{"amount": "5"}', b'{"amount": null}'])
    async def test_a_field_that_it_reads_must_be_there_and_of_the_same_kind(
        self, book: PlanBook, body: bytes
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [READS_AMOUNT, BETTER]}, saw="sketch")
        desk = desk_of(book, planner)
        await learn(desk, transfer(b'{"amount": 5}'))
        assert desk.find(transfer(body).case) is None

        other = await learn(desk, transfer(body))

        assert other.program == BETTER
        first = desk.find(transfer(b'{"amount": 6}').case)
        assert first is not None
        assert len(planner.asked) == 2

    async def test_made_from_a_shape_alone_it_serves_all_of_the_shape(self, book: PlanBook) -> None:
        """The rules have seen no body and no schema, so nothing of them can matter."""
        desk = desk_of(book, ScriptedPlanner({TRANSFER: [READS_AMOUNT]}))

        await learn(desk, transfer(b'{"amount": 5}'))

        assert desk.find(transfer(b'{"sum": 5}').case) is not None

    async def test_who_wants_another_media_type_gets_a_plan_of_its_own(
        self, book: PlanBook
    ) -> None:
        """The planner was shown what the client takes, and may have written just that."""
        planner = ScriptedPlanner({"GET /books": [GOOD, BETTER]}, saw="sketch")
        desk = desk_of(book, planner)
        csv = ask(request("GET", "/books", headers={"accept": "text/csv"}))
        await learn(desk, csv)

        anything = ask(request("GET", "/books", headers={"accept": "*/*"}))
        assert desk.find(anything.case) is None
        await learn(desk, anything)

        found = desk.find(csv.case)
        assert found is not None
        assert found.program == GOOD

    async def test_a_planner_that_needs_values_is_asked_again_with_them(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, saw="sketch")
        desk = desk_of(book, planner)

        await learn(desk, transfer(b'{"wish": "all to Ann"}'))

        assert [asked.has_values for asked in planner.asked] == [False, True]
        assert planner.asked[0].context["body_json"] == {"wish": "<text>"}
        assert planner.asked[1].context["body_json"] == {"wish": "all to Ann"}

    async def test_in_sketch_mode_an_equal_literal_is_a_coincidence(self, book: PlanBook) -> None:
        """No value was sent, so the program cannot have it from the request."""
        program = 'REPLY = make_response(200, "rent")'
        desk = desk_of(book, ScriptedPlanner({TRANSFER: [program]}, saw="sketch"))

        await learn(desk, transfer(b'{"note": "rent"}'))

        assert desk.find(transfer(b'{"note": "food"}').case) is not None

    @pytest.mark.parametrize(
        ("program", "is_shared"),
        [
            ('REPLY = make_response(200, "rent")', False),
            ('REPLY = make_response(200, "for rent, of course")', False),
            ("REPLY = make_response(200, plan['payload'])", True),
        ],
    )
    async def test_where_values_were_sent_one_as_a_literal_binds_it_to_the_request(
        self, book: PlanBook, program: str, is_shared: bool
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [program]}, saw="values")
        desk = desk_of(book, planner, DeskSettings(prompt_values="full"))
        await learn(desk, transfer(b'{"note": "rent"}'))

        other = desk.find(transfer(b'{"note": "food"}').case)

        assert (other is not None) == is_shared
        assert desk.find(transfer(b'{"note": "rent"}').case) is not None

    async def test_what_needed_values_serves_that_very_request_in_its_session(
        self, book: PlanBook
    ) -> None:
        """What was made of one client's words must answer nobody else."""
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, saw="values")
        desk = desk_of(book, planner)
        wish = b'{"wish": "all to Ann"}'

        await learn(desk, transfer(wish))

        assert desk.find(transfer(wish).case) is not None
        assert desk.find(transfer(wish, "session-2").case) is None
        assert desk.find(transfer(b'{"wish": "all to Ben"}').case) is None

    async def test_a_shape_that_needs_values_is_asked_with_them_at_once_the_next_time(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, saw="values")
        desk = desk_of(book, planner)
        await learn(desk, transfer(b'{"wish": "all to Ann"}'))

        await learn(desk, transfer(b'{"wish": "all to Ben"}'))

        assert [asked.has_values for asked in planner.asked] == [False, True, True]

    async def test_values_are_never_sent_where_the_operator_forbids_it(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, saw="sketch")
        desk = desk_of(book, planner, DeskSettings(prompt_values="never"))

        with pytest.raises(NoUsablePlanError, match="LARS_PROMPT_VALUES"):
            await desk.learn(transfer(b'{"wish": "all to Ann"}'), ())

        assert len(planner.asked) == 1

    async def test_a_learned_field_that_it_reads_must_still_be_what_it_was(
        self, book: PlanBook
    ) -> None:
        """In another session the same request may be about records of other fields."""
        program = (
            'items = [item for item in store.search({}) if item.get("born")]\n'
            "REPLY = make_response(200, items)"
        )
        planner = ScriptedPlanner({"GET /books/oldest": [program, BETTER]}, saw="sketch")
        desk = desk_of(book, planner)
        asked = request("GET", "/books/oldest")
        born: Json = {"born": {"type": "string", "format": "date"}}
        await learn(desk, ask(asked, {"books": born}))

        assert desk.find(ask(asked, {"books": {**born, "title": {"type": "string"}}}).case)
        assert desk.find(ask(asked).case)
        assert desk.find(ask(asked, {"books": {"published": {"type": "string"}}}).case) is None
        assert desk.find(ask(asked, {"books": {"born": {"type": "integer"}}}).case) is None

    async def test_a_field_that_the_plan_itself_brings_about_changes_nothing(
        self, book: PlanBook
    ) -> None:
        """Else the second request would be planned again: the first has stored the field."""
        program = (
            'record = store.get(plan["identifier"])\n'
            'if record.get("status") == "sold":\n'
            "    REPLY = make_response(409)\n"
            "else:\n"
            '    REPLY = make_response(200, store.update(record["id"], {"status": "sold"}))'
        )
        planner = ScriptedPlanner({"POST /books/<int>/sell": [program]}, saw="sketch")
        desk = desk_of(book, planner)
        asked = request("POST", "/books/1/sell")
        title: Json = {"title": {"type": "string"}}
        await learn(desk, ask(asked, {"books": title}))

        assert desk.find(ask(asked, {"books": {**title, "status": {"type": "string"}}}).case)


class TestWhatAPersonDecided:
    async def test_a_pinned_plan_is_never_thrown_out(self, book: PlanBook) -> None:
        """A person approved it: one bad record must not undo that."""
        desk, question = desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(desk, question)
        book.set_state(ready.key, "pinned")
        pinned = desk.find(question.case)
        assert pinned is not None

        with pytest.raises(NoUsablePlanError, match="KeyError"):
            desk.refuse(pinned, question.case, (), FAILED)

        assert desk.find(question.case) == pinned

    async def test_a_pinned_plan_goes_on_with_another_model(self, book: PlanBook) -> None:
        """What was approved is served ever after; a new model's name is no reason to pay again."""
        ready = await learn(desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask())
        book.set_state(ready.key, "pinned")
        other = ScriptedPlanner({SHAPE: [BETTER]})
        other.maker = Maker("scripted", "large", "9")

        found = desk_of(book, other).find(ask().case)

        assert found is not None
        assert found.program == GOOD

    async def test_a_rejected_program_is_never_used_again_and_the_planner_is_told_why(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD, BETTER]})
        desk, question = desk_of(book, planner), ask()
        ready = await learn(desk, question)
        book.set_state(ready.key, "rejected", "it leaks")

        assert desk.find(question.case) is None
        better = await learn(desk, question)

        assert "it leaks" in planner.asked[-1].refusals[0].reason
        assert planner.asked[-1].refusals[0].program == GOOD
        assert better.program == BETTER
        found = desk.find(question.case)
        assert found is not None
        assert found.program == BETTER
        assert {entry.state for entry in book.entries()} == {"learned", "rejected"}

    async def test_a_rejected_program_that_may_hold_anothers_values_is_not_shown(
        self, book: PlanBook
    ) -> None:
        """It was made from one client's words; a model could write them into another's plan."""
        program = 'REPLY = make_response(200, "all to Ann")'
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, program, GOOD]}, saw="values")
        desk = desk_of(book, planner)
        wish = transfer(b'{"wish": "all to Ann"}')
        ready = await learn(desk, wish)
        book.set_state(ready.key, "rejected", "too generous")

        await learn(desk, transfer(b'{"wish": "none"}', "session-2"))
        await learn(desk, wish)

        *_, others, its_own = planner.asked
        assert others.refusals == ()
        assert [refusal.program for refusal in its_own.refusals] == [program]

    async def test_a_pinned_plan_comes_before_a_later_one(self, book: PlanBook) -> None:
        desk, question = desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(desk, question)
        entry = book.set_state(ready.key, "pinned")
        assert entry is not None
        code = entry.plan.code.model_copy(update={"block": BETTER})
        later = entry.plan.model_copy(update={"code": code})
        book.put(entry.model_copy(update={"key": "f" * 64, "plan": later, "state": "learned"}))

        found = desk.find(question.case)

        assert found is not None
        assert found.program == GOOD

    async def test_of_two_that_fit_the_later_one_is_served(self, book: PlanBook) -> None:
        desk, question = desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(desk, question)
        entry = book.get(ready.key)
        assert entry is not None
        code = entry.plan.code.model_copy(update={"block": BETTER})
        later = entry.plan.model_copy(update={"code": code})
        book.put(entry.model_copy(update={"key": "f" * 64, "plan": later}))

        found = desk.find(question.case)

        assert found is not None
        assert found.program == BETTER

    async def test_a_rejected_program_is_refused_though_the_planner_writes_it_again(
        self, book: PlanBook
    ) -> None:
        desk, question = desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(desk, question)
        book.set_state(ready.key, "rejected", "it leaks")

        with pytest.raises(NoUsablePlanError, match="was rejected"):
            await desk.learn(question, ())


class TestRepair:
    async def test_a_plan_that_fails_to_run_is_set_aside_and_planned_anew(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD, BETTER]})
        desk, question = desk_of(book, planner), ask()
        ready = await learn(desk, question)

        refusals = desk.refuse(ready, question.case, (), FAILED)
        better = await desk.learn(question, refusals)
        desk.keep(better, question.case)

        assert planner.asked[-1].refusals[0].reason == "while running, line 1: KeyError: 'x'"
        assert planner.asked[-1].refusals[0].has_values
        assert [entry.plan.code.block for entry in book.entries()] == [BETTER]

    async def test_until_there_is_a_better_one_it_may_still_serve_others(
        self, book: PlanBook
    ) -> None:
        """One request with an odd body must not take a plan from everybody."""
        desk, question = desk_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(desk, question)

        desk.refuse(ready, question.case, (), FAILED)

        assert desk.find(question.case) is not None

    async def test_what_another_request_has_had_repaired_is_not_asked_for_again(
        self, book: PlanBook
    ) -> None:
        """A plan that fails for a hundred requests at once is mended once."""
        planner = ScriptedPlanner({SHAPE: [GOOD, BETTER]})
        desk, question = desk_of(book, planner), ask()
        ready = await learn(desk, question)
        one, other = (
            desk.refuse(ready, question.case, (), ProgramFailedError(f"KeyError: {name!r}"))
            for name in "ab"
        )

        better = await desk.learn(question, one)
        again = await desk.learn(question, other)

        assert (better.program, again.program) == (BETTER, BETTER)
        assert len(planner.asked) == 2

    async def test_every_reason_goes_back_to_the_planner_with_its_program(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: ["import os", "REPLY = stroe.get(1)", GOOD]})
        desk = desk_of(book, planner, DeskSettings(attempts=3))

        await desk.learn(ask(), ())

        told = planner.asked[-1].refusals
        assert [refusal.program for refusal in told] == ["import os", "REPLY = stroe.get(1)"]
        assert "import is not allowed" in told[0].reason
        assert "never assigns REPLY" in told[0].reason
        assert "unknown name 'stroe'" in told[1].reason

    async def test_a_store_without_a_resource_is_refused_before_it_runs(
        self, book: PlanBook
    ) -> None:
        class Homeless(ScriptedPlanner):
            async def plan(self, request: PlanningRequest) -> Planned:
                planned = await super().plan(request)
                plan = planned.plan.model_copy(update={"resource": None})
                return replace(planned, plan=plan)

        desk = desk_of(book, Homeless({SHAPE: ["REPLY = make_response(200, store.count())"]}))

        with pytest.raises(NoUsablePlanError, match="the plan has no resource"):
            await desk.learn(ask(), ())

    async def test_it_ends_after_so_many_attempts_and_tells_them_all(self, book: PlanBook) -> None:
        planner = ScriptedPlanner({SHAPE: ["import os", "import re"]})
        desk = desk_of(book, planner, DeskSettings(attempts=2))

        with pytest.raises(NoUsablePlanError, match=r"after 2 attempts.*import.*\|.*import"):
            await desk.learn(ask(), ())

        assert len(planner.asked) == 2
        assert len(book) == 0


class TestSharedCalls:
    async def test_a_waiter_that_leaves_does_not_take_the_plan_from_the_others(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        planner.hold()
        desk = desk_of(book, planner)
        leaving, staying = (asyncio.create_task(desk.learn(ask(), ())) for _ in range(2))
        await planner.is_waiting.wait()

        leaving.cancel()
        planner.release()

        assert (await staying).program == GOOD
        assert len(planner.asked) == 1
        assert leaving.cancelled()

    async def test_a_plan_that_came_while_the_request_was_parked_is_not_made_again(
        self, book: PlanBook
    ) -> None:
        """Looking and asking are two steps, and another session's call may end between them."""
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        desk, late = desk_of(book, planner), ask(request("GET", "/books/2"))
        assert desk.find(late.case) is None
        await desk.learn(ask(), ())

        assert (await desk.learn(late, ())).program == GOOD
        assert len(planner.asked) == 1

    async def test_who_waited_for_a_plan_that_does_not_fit_asks_for_one_that_does(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [READS_AMOUNT, BETTER]}, saw="sketch")
        desk = desk_of(book, planner)

        first, same, other = await asyncio.gather(
            desk.learn(transfer(b'{"amount": 1}'), ()),
            desk.learn(transfer(b'{"amount": 2}'), ()),
            desk.learn(transfer(b'{"sum": 1}'), ()),
        )

        assert (first.program, same.program, other.program) == (READS_AMOUNT, READS_AMOUNT, BETTER)
        assert len(planner.asked) == 2

    async def test_who_waits_for_anothers_call_is_not_told_of_its_spent_budget(
        self, book: PlanBook
    ) -> None:
        """The budget is a session's own."""

        class PoorPlanner(ScriptedPlanner):
            async def plan(self, request: PlanningRequest) -> Planned:
                await asyncio.sleep(0)
                if request.session_id == "poor":
                    raise BudgetSpentError("spent", 30)
                return await super().plan(request)

        desk = desk_of(book, PoorPlanner({TRANSFER: [GOOD]}))

        poor, rich = await asyncio.gather(
            desk.learn(transfer(b"{}", "poor"), ()),
            desk.learn(transfer(b"{}", "rich"), ()),
            return_exceptions=True,
        )

        assert isinstance(poor, BudgetSpentError)
        assert isinstance(rich, ReadyPlan)

    async def test_what_stood_in_for_a_planner_enters_no_book(self, book: PlanBook) -> None:
        """Once the provider is back, it plans the shape itself."""

        class StandIn(ScriptedPlanner):
            async def plan(self, request: PlanningRequest) -> Planned:
                return replace(await super().plan(request), source="rules-fallback", lasting=False)

        planner = StandIn({SHAPE: [GOOD]})
        desk = desk_of(book, planner)

        assert (await learn(desk, ask())).source == "rules-fallback"
        await learn(desk, ask())

        assert len(book) == 0
        assert len(planner.asked) == 2

    async def test_closing_ends_what_is_being_planned_and_lets_the_planner_go(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        planner.hold()
        desk = desk_of(book, planner)
        waiting = asyncio.create_task(desk.learn(ask(), ()))
        await planner.is_waiting.wait()

        await desk.close()

        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert planner.is_closed
