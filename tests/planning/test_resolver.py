"""The planning resolver: what is kept, what a person decided, who shares a call and who may not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from larst.config import PlanningSettings
from larst.domain import Json, RequestContext
from larst.errors import BookLockedError, BudgetSpentError, NoUsablePlanError, ProgramFailedError
from larst.planning.book import PlanBook
from larst.planning.lookup import ReadyPlan
from larst.planning.planner import Maker, PlannerAnswer, PlanningRequest
from larst.planning.resolver import PlanResolver
from larst.planning.shapes.request import ShapedRequest, shape_request
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


def resolver_of(
    book: PlanBook, planner: ScriptedPlanner, settings: PlanningSettings | None = None
) -> PlanResolver:
    return PlanResolver(
        planner=planner,
        book=book,
        check=lambda source: check(source, PolicyLimits()),
        settings=settings or PlanningSettings(attempts=2),
        now=lambda: datetime(2026, 11, 23, tzinfo=UTC),
        timer=lambda: 0.0,
    )


def ask(
    asked: RequestContext | None = None, schemas: Mapping[str, Mapping[str, Json]] | None = None
) -> ShapedRequest:
    """Return the question that a session with these learned schemas would put."""
    asked = asked or request("GET", "/books/1")
    learned = {
        name: {"fields": sorted(fields), "json_schema": {"properties": fields}}
        for name, fields in (schemas or {}).items()
    }
    return shape_request(asked, lambda *_: False, learned.get)


def transfer(body: bytes, session_id: str = "session-1") -> ShapedRequest:
    return ask(request("POST", "/accounts/transfer", body, session_id=session_id))


async def learn(resolver: PlanResolver, question: ShapedRequest) -> ReadyPlan:
    """Have a plan made, and run well."""
    ready = await resolver.learn(question, ())
    resolver.keep(ready, question)
    return ready


class TestTheBook:
    async def test_a_plan_enters_it_only_after_it_ran_well(self, book: PlanBook) -> None:
        """A program that never worked would be handed to everybody."""
        resolver, question = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()

        ready = await resolver.learn(question, ())
        assert len(book) == 0
        resolver.keep(ready, question)

        assert [entry.plan.code.block for entry in book.entries()] == [GOOD]
        assert resolver.find(question) is not None

    async def test_between_planning_and_its_first_run_a_plan_is_not_planned_again(
        self, book: PlanBook
    ) -> None:
        """Else a burst of one shape would cost a call for each request that came in between."""
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        resolver = resolver_of(book, planner)
        await resolver.learn(ask(), ())

        again = resolver.find(ask())

        assert again is not None
        assert len(planner.requests) == 1

    async def test_a_plan_that_was_stopped_is_not_tried_on_the_next_request(
        self, book: PlanBook
    ) -> None:
        """A program that never ends must not take every later request with it."""
        resolver, question = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await resolver.learn(question, ())

        resolver.forget(ready, question)

        assert resolver.find(question) is None

    async def test_it_tells_what_planning_took(self, book: PlanBook) -> None:
        """All attempts are paid for, not only the last."""
        resolver = resolver_of(book, ScriptedPlanner({SHAPE: ["import os", GOOD]}))

        await learn(resolver, ask())

        (entry,) = book.entries()
        assert entry.attempts == 2
        assert entry.tokens == {"input": 20, "output": 10}
        assert entry.cost_usd == pytest.approx(0.002)

    async def test_what_running_refused_is_paid_for_too(self, book: PlanBook) -> None:
        resolver, question = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD, BETTER]})), ask()
        ready = await resolver.learn(question, ())

        refusals = resolver.refuse(ready, question, (), FAILED)
        better = await resolver.learn(question, refusals)

        assert better.usage.calls == 2
        assert better.usage.input_tokens == 20

    async def test_a_plan_file_that_someone_edited_is_held_against_the_policy(
        self, book: PlanBook
    ) -> None:
        """The book is readable and writable by people; the policy is not optional for them."""
        resolver, question = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(resolver, question)
        entry = book.get(ready.key)
        assert entry is not None
        code = entry.plan.code.model_copy(update={"block": "import os\nREPLY = 1"})
        book.put(entry.model_copy(update={"plan": entry.plan.model_copy(update={"code": code})}))

        assert resolver.find(question) is None
        await learn(resolver, question)
        assert resolver.find(question) is not None

    async def test_another_makers_plan_is_not_taken_for_ones_own(self, book: PlanBook) -> None:
        """Another model, or other prompts, may plan otherwise."""
        await learn(resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask())
        other = ScriptedPlanner({SHAPE: [BETTER]})
        other.maker = Maker("scripted", None, "2")

        ready = await learn(resolver_of(book, other), ask())

        assert ready.program.source == BETTER
        assert len(book) == 2

    async def test_locked_it_serves_what_anybody_made_and_nothing_else(
        self, book: PlanBook
    ) -> None:
        await learn(resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask())
        other = ScriptedPlanner({SHAPE: [BETTER]})
        other.maker = Maker("someone else", "large", "2")
        resolver = resolver_of(book, other, PlanningSettings(mode="locked"))

        found = resolver.find(ask())

        assert found is not None
        assert found.program.source == GOOD
        with pytest.raises(BookLockedError, match="LARS_PLAN_MODE=learn"):
            resolver.find(ask(request("GET", "/films/1")))
        assert other.requests == []


class TestWhatAPlanServes:
    async def test_requests_that_differ_in_values_alone_share_it(self, book: PlanBook) -> None:
        resolver = resolver_of(book, ScriptedPlanner({TRANSFER: [READS_AMOUNT]}, based_on="sketch"))

        await learn(resolver, transfer(b'{"amount": 5, "note": "rent"}'))

        assert resolver.find(transfer(b'{"amount": 7.5, "note": "food"}')) is not None

    async def test_a_field_that_it_does_not_read_makes_no_difference(self, book: PlanBook) -> None:
        resolver = resolver_of(book, ScriptedPlanner({TRANSFER: [READS_AMOUNT]}, based_on="sketch"))

        await learn(resolver, transfer(b'{"amount": 5}'))

        assert resolver.find(transfer(b'{"amount": 5, "colour": "red"}')) is not None

    @pytest.mark.parametrize("body", [b'{"sum": 5}', b'{"amount": "5"}', b'{"amount": null}'])
    async def test_a_field_that_it_reads_must_be_there_and_of_the_same_kind(
        self, book: PlanBook, body: bytes
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [READS_AMOUNT, BETTER]}, based_on="sketch")
        resolver = resolver_of(book, planner)
        await learn(resolver, transfer(b'{"amount": 5}'))
        assert resolver.find(transfer(body)) is None

        other = await learn(resolver, transfer(body))

        assert other.program.source == BETTER
        first = resolver.find(transfer(b'{"amount": 6}'))
        assert first is not None
        assert len(planner.requests) == 2

    async def test_made_from_a_shape_alone_it_serves_all_of_the_shape(self, book: PlanBook) -> None:
        """The rules have seen no body and no schema, so nothing of them can matter."""
        resolver = resolver_of(book, ScriptedPlanner({TRANSFER: [READS_AMOUNT]}))

        await learn(resolver, transfer(b'{"amount": 5}'))

        assert resolver.find(transfer(b'{"sum": 5}')) is not None

    async def test_who_wants_another_media_type_gets_a_plan_of_its_own(
        self, book: PlanBook
    ) -> None:
        """The planner was shown what the client takes, and may have written just that."""
        planner = ScriptedPlanner({"GET /books": [GOOD, BETTER]}, based_on="sketch")
        resolver = resolver_of(book, planner)
        csv = ask(request("GET", "/books", headers={"accept": "text/csv"}))
        await learn(resolver, csv)

        anything = ask(request("GET", "/books", headers={"accept": "*/*"}))
        assert resolver.find(anything) is None
        await learn(resolver, anything)

        found = resolver.find(csv)
        assert found is not None
        assert found.program.source == GOOD

    async def test_a_planner_that_needs_values_is_asked_again_with_them(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, based_on="sketch")
        resolver = resolver_of(book, planner)

        await learn(resolver, transfer(b'{"wish": "all to Ann"}'))

        assert [asked.has_values for asked in planner.requests] == [False, True]
        assert planner.requests[0].context["body_json"] == {"wish": "<text>"}
        assert planner.requests[1].context["body_json"] == {"wish": "all to Ann"}

    async def test_in_sketch_mode_an_equal_literal_is_a_coincidence(self, book: PlanBook) -> None:
        """No value was sent, so the program cannot have it from the request."""
        program = 'REPLY = make_response(200, "rent")'
        resolver = resolver_of(book, ScriptedPlanner({TRANSFER: [program]}, based_on="sketch"))

        await learn(resolver, transfer(b'{"note": "rent"}'))

        assert resolver.find(transfer(b'{"note": "food"}')) is not None

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
        planner = ScriptedPlanner({TRANSFER: [program]}, based_on="values")
        resolver = resolver_of(book, planner, PlanningSettings(prompt_values="full"))
        await learn(resolver, transfer(b'{"note": "rent"}'))

        other = resolver.find(transfer(b'{"note": "food"}'))

        assert (other is not None) == is_shared
        assert resolver.find(transfer(b'{"note": "rent"}')) is not None

    async def test_what_needed_values_serves_that_very_request_in_its_session(
        self, book: PlanBook
    ) -> None:
        """What was made of one client's words must answer nobody else."""
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, based_on="values")
        resolver = resolver_of(book, planner)
        wish = b'{"wish": "all to Ann"}'

        await learn(resolver, transfer(wish))

        assert resolver.find(transfer(wish)) is not None
        assert resolver.find(transfer(wish, "session-2")) is None
        assert resolver.find(transfer(b'{"wish": "all to Ben"}')) is None

    async def test_a_shape_that_needs_values_is_asked_with_them_at_once_the_next_time(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, based_on="values")
        resolver = resolver_of(book, planner)
        await learn(resolver, transfer(b'{"wish": "all to Ann"}'))

        await learn(resolver, transfer(b'{"wish": "all to Ben"}'))

        assert [asked.has_values for asked in planner.requests] == [False, True, True]

    async def test_values_are_never_sent_where_the_operator_forbids_it(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, based_on="sketch")
        resolver = resolver_of(book, planner, PlanningSettings(prompt_values="never"))

        with pytest.raises(NoUsablePlanError, match="LARS_PROMPT_VALUES"):
            await resolver.learn(transfer(b'{"wish": "all to Ann"}'), ())

        assert len(planner.requests) == 1

    async def test_a_learned_field_that_it_reads_must_still_be_what_it_was(
        self, book: PlanBook
    ) -> None:
        """In another session the same request may be about records of other fields."""
        program = (
            'items = [item for item in store.search({}) if item.get("born")]\n'
            "REPLY = make_response(200, items)"
        )
        planner = ScriptedPlanner({"GET /books/oldest": [program, BETTER]}, based_on="sketch")
        resolver = resolver_of(book, planner)
        asked = request("GET", "/books/oldest")
        born: Json = {"born": {"type": "string", "format": "date"}}
        await learn(resolver, ask(asked, {"books": born}))

        assert resolver.find(ask(asked, {"books": {**born, "title": {"type": "string"}}}))
        assert resolver.find(ask(asked))
        assert resolver.find(ask(asked, {"books": {"published": {"type": "string"}}})) is None
        assert resolver.find(ask(asked, {"books": {"born": {"type": "integer"}}})) is None

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
        planner = ScriptedPlanner({"POST /books/<int>/sell": [program]}, based_on="sketch")
        resolver = resolver_of(book, planner)
        asked = request("POST", "/books/1/sell")
        title: Json = {"title": {"type": "string"}}
        await learn(resolver, ask(asked, {"books": title}))

        assert resolver.find(ask(asked, {"books": {**title, "status": {"type": "string"}}}))


class TestWhatAPersonDecided:
    async def test_a_pinned_plan_is_never_thrown_out(self, book: PlanBook) -> None:
        """A person approved it: one bad record must not undo that."""
        resolver, question = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(resolver, question)
        book.set_state(ready.key, "pinned")
        pinned = resolver.find(question)
        assert pinned is not None

        with pytest.raises(NoUsablePlanError, match="KeyError"):
            resolver.refuse(pinned, question, (), FAILED)

        assert resolver.find(question) == pinned

    async def test_a_pinned_plan_goes_on_with_another_model(self, book: PlanBook) -> None:
        """What was approved is served ever after; a new model's name is no reason to pay again."""
        ready = await learn(resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask())
        book.set_state(ready.key, "pinned")
        other = ScriptedPlanner({SHAPE: [BETTER]})
        other.maker = Maker("scripted", "large", "9")

        found = resolver_of(book, other).find(ask())

        assert found is not None
        assert found.program.source == GOOD

    async def test_a_rejected_program_is_never_used_again_and_the_planner_is_told_why(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD, BETTER]})
        resolver, question = resolver_of(book, planner), ask()
        ready = await learn(resolver, question)
        book.set_state(ready.key, "rejected", "it leaks")

        assert resolver.find(question) is None
        better = await learn(resolver, question)

        assert "it leaks" in planner.requests[-1].refusals[0].reason
        assert planner.requests[-1].refusals[0].program == GOOD
        assert better.program.source == BETTER
        found = resolver.find(question)
        assert found is not None
        assert found.program.source == BETTER
        assert {entry.state for entry in book.entries()} == {"learned", "rejected"}

    async def test_a_rejected_program_that_may_hold_anothers_values_is_not_shown(
        self, book: PlanBook
    ) -> None:
        """It was made from one client's words; a model could write them into another's plan."""
        program = 'REPLY = make_response(200, "all to Ann")'
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, program, GOOD]}, based_on="values")
        resolver = resolver_of(book, planner)
        wish = transfer(b'{"wish": "all to Ann"}')
        ready = await learn(resolver, wish)
        book.set_state(ready.key, "rejected", "too generous")

        await learn(resolver, transfer(b'{"wish": "none"}', "session-2"))
        await learn(resolver, wish)

        *_, others, its_own = planner.requests
        assert others.refusals == ()
        assert [refusal.program for refusal in its_own.refusals] == [program]

    async def test_a_pinned_plan_comes_before_a_later_one(self, book: PlanBook) -> None:
        resolver, question = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(resolver, question)
        entry = book.set_state(ready.key, "pinned")
        assert entry is not None
        code = entry.plan.code.model_copy(update={"block": BETTER})
        later = entry.plan.model_copy(update={"code": code})
        book.put(entry.model_copy(update={"key": "f" * 64, "plan": later, "state": "learned"}))

        found = resolver.find(question)

        assert found is not None
        assert found.program.source == GOOD

    async def test_of_two_that_fit_the_later_one_is_served(self, book: PlanBook) -> None:
        resolver, question = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(resolver, question)
        entry = book.get(ready.key)
        assert entry is not None
        code = entry.plan.code.model_copy(update={"block": BETTER})
        later = entry.plan.model_copy(update={"code": code})
        book.put(entry.model_copy(update={"key": "f" * 64, "plan": later}))

        found = resolver.find(question)

        assert found is not None
        assert found.program.source == BETTER

    async def test_a_rejected_program_is_refused_though_the_planner_writes_it_again(
        self, book: PlanBook
    ) -> None:
        resolver, question = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(resolver, question)
        book.set_state(ready.key, "rejected", "it leaks")

        with pytest.raises(NoUsablePlanError, match="was rejected"):
            await resolver.learn(question, ())


class TestRepair:
    async def test_a_plan_that_fails_to_run_is_set_aside_and_planned_anew(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD, BETTER]})
        resolver, question = resolver_of(book, planner), ask()
        ready = await learn(resolver, question)

        refusals = resolver.refuse(ready, question, (), FAILED)
        better = await resolver.learn(question, refusals)
        resolver.keep(better, question)

        assert planner.requests[-1].refusals[0].reason == "while running, line 1: KeyError: 'x'"
        assert planner.requests[-1].refusals[0].has_values
        assert [entry.plan.code.block for entry in book.entries()] == [BETTER]

    async def test_until_there_is_a_better_one_it_may_still_serve_others(
        self, book: PlanBook
    ) -> None:
        """One request with an odd body must not take a plan from everybody."""
        resolver, question = resolver_of(book, ScriptedPlanner({SHAPE: [GOOD]})), ask()
        ready = await learn(resolver, question)

        resolver.refuse(ready, question, (), FAILED)

        assert resolver.find(question) is not None

    async def test_what_another_request_has_had_repaired_is_not_asked_for_again(
        self, book: PlanBook
    ) -> None:
        """A plan that fails for a hundred requests at once is mended once."""
        planner = ScriptedPlanner({SHAPE: [GOOD, BETTER]})
        resolver, question = resolver_of(book, planner), ask()
        ready = await learn(resolver, question)
        one, other = (
            resolver.refuse(ready, question, (), ProgramFailedError(f"KeyError: {name!r}"))
            for name in "ab"
        )

        better = await resolver.learn(question, one)
        again = await resolver.learn(question, other)

        assert (better.program.source, again.program.source) == (BETTER, BETTER)
        assert len(planner.requests) == 2

    async def test_every_reason_goes_back_to_the_planner_with_its_program(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: ["import os", "REPLY = stroe.get(1)", GOOD]})
        resolver = resolver_of(book, planner, PlanningSettings(attempts=3))

        await resolver.learn(ask(), ())

        told = planner.requests[-1].refusals
        assert [refusal.program for refusal in told] == ["import os", "REPLY = stroe.get(1)"]
        assert "import is not allowed" in told[0].reason
        assert "never assigns REPLY" in told[0].reason
        assert "unknown name 'stroe'" in told[1].reason

    async def test_a_store_without_a_resource_is_refused_before_it_runs(
        self, book: PlanBook
    ) -> None:
        class Homeless(ScriptedPlanner):
            async def plan(self, request: PlanningRequest) -> PlannerAnswer:
                planned = await super().plan(request)
                plan = planned.plan.model_copy(update={"resource": None})
                return replace(planned, plan=plan)

        resolver = resolver_of(
            book, Homeless({SHAPE: ["REPLY = make_response(200, store.count())"]})
        )

        with pytest.raises(NoUsablePlanError, match="the plan has no resource"):
            await resolver.learn(ask(), ())

    async def test_it_ends_after_so_many_attempts_and_tells_them_all(self, book: PlanBook) -> None:
        planner = ScriptedPlanner({SHAPE: ["import os", "import re"]})
        resolver = resolver_of(book, planner, PlanningSettings(attempts=2))

        with pytest.raises(NoUsablePlanError, match=r"after 2 attempts.*import.*\|.*import"):
            await resolver.learn(ask(), ())

        assert len(planner.requests) == 2
        assert len(book) == 0


class TestSharedCalls:
    async def test_a_waiter_that_leaves_does_not_take_the_plan_from_the_others(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        planner.hold()
        resolver = resolver_of(book, planner)
        leaving, staying = (asyncio.create_task(resolver.learn(ask(), ())) for _ in range(2))
        await planner.is_waiting.wait()

        leaving.cancel()
        planner.release()

        assert (await staying).program.source == GOOD
        assert len(planner.requests) == 1
        assert leaving.cancelled()

    async def test_a_plan_that_came_while_the_request_was_parked_is_not_made_again(
        self, book: PlanBook
    ) -> None:
        """Looking and asking are two steps, and another session's call may end between them."""
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        resolver, late = resolver_of(book, planner), ask(request("GET", "/books/2"))
        assert resolver.find(late) is None
        await resolver.learn(ask(), ())

        assert (await resolver.learn(late, ())).program.source == GOOD
        assert len(planner.requests) == 1

    async def test_who_waited_for_a_plan_that_does_not_fit_asks_for_one_that_does(
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

    async def test_who_waits_for_anothers_call_is_not_told_of_its_spent_budget(
        self, book: PlanBook
    ) -> None:
        """The budget is a session's own."""

        class PoorPlanner(ScriptedPlanner):
            async def plan(self, request: PlanningRequest) -> PlannerAnswer:
                await asyncio.sleep(0)
                if request.session_id == "poor":
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

    async def test_what_stood_in_for_a_planner_enters_no_book(self, book: PlanBook) -> None:
        """Once the provider is back, it plans the shape itself."""

        class StandIn(ScriptedPlanner):
            async def plan(self, request: PlanningRequest) -> PlannerAnswer:
                return replace(
                    await super().plan(request), source="rules-fallback", is_reusable=False
                )

        planner = StandIn({SHAPE: [GOOD]})
        resolver = resolver_of(book, planner)

        assert (await learn(resolver, ask())).source == "rules-fallback"
        await learn(resolver, ask())

        assert len(book) == 0
        assert len(planner.requests) == 2

    async def test_closing_ends_what_is_being_planned_and_lets_the_planner_go(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({SHAPE: [GOOD]})
        planner.hold()
        resolver = resolver_of(book, planner)
        waiting = asyncio.create_task(resolver.learn(ask(), ()))
        await planner.is_waiting.wait()

        await resolver.close()

        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert planner.is_closed
