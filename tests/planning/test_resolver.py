"""The plan resolver: reuse of plans, decisions of users, repair, and shared planner calls."""

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
from larst.planning import Maker, PlannerAnswer, PlanningRequest, PlanResolver, ReadyPlan
from larst.planning.book import PlanBook
from larst.planning.shapes import ShapedRequest, shape_request
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


def shape(
    context: RequestContext | None = None, schemas: Mapping[str, Mapping[str, Json]] | None = None
) -> ShapedRequest:
    """Return a request with its shape, in a session with these learned schemas."""
    context = context or request("GET", "/books/1")
    learned = {
        name: {"fields": sorted(fields), "json_schema": {"properties": fields}}
        for name, fields in (schemas or {}).items()
    }
    return shape_request(context, lambda *_: False, learned.get)


def transfer(body: bytes, session_id: str = "session-1") -> ShapedRequest:
    return shape(request("POST", "/accounts/transfer", body, session_id=session_id))


async def learn(resolver: PlanResolver, shaped: ShapedRequest) -> ReadyPlan:
    """Plan a request, as if the program then ran successfully."""
    ready = await resolver.learn(shaped, ())
    resolver.keep(ready, shaped)
    return ready


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


class TestReuse:
    async def test_requests_that_differ_in_values_share_a_plan(self, book: PlanBook) -> None:
        resolver = resolver_of(book, ScriptedPlanner({TRANSFER: [READS_AMOUNT]}, based_on="sketch"))

        await learn(resolver, transfer(b'{"amount": 5, "note": "rent"}'))

        assert resolver.find(transfer(b'{"amount": 7.5, "note": "food"}')) is not None

    async def test_a_field_that_the_program_does_not_read_is_irrelevant(
        self, book: PlanBook
    ) -> None:
        resolver = resolver_of(book, ScriptedPlanner({TRANSFER: [READS_AMOUNT]}, based_on="sketch"))

        await learn(resolver, transfer(b'{"amount": 5}'))

        assert resolver.find(transfer(b'{"amount": 5, "colour": "red"}')) is not None

    @pytest.mark.parametrize("body", [b'{"sum": 5}', b'{"amount": "5"}', b'{"amount": null}'])
    async def test_a_field_that_the_program_reads_must_exist_and_have_the_same_kind(
        self, book: PlanBook, body: bytes
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [READS_AMOUNT, BETTER]}, based_on="sketch")
        resolver = resolver_of(book, planner)
        await learn(resolver, transfer(b'{"amount": 5}'))
        assert resolver.find(transfer(body)) is None

        new_plan = await learn(resolver, transfer(body))

        assert new_plan.program.source == BETTER
        first = resolver.find(transfer(b'{"amount": 6}'))
        assert first is not None
        assert len(planner.requests) == 2

    async def test_a_plan_based_on_the_shape_serves_every_request_of_the_shape(
        self, book: PlanBook
    ) -> None:
        """The rules see neither body nor schema, so their plans cannot depend on them."""
        resolver = resolver_of(book, ScriptedPlanner({TRANSFER: [READS_AMOUNT]}))

        await learn(resolver, transfer(b'{"amount": 5}'))

        assert resolver.find(transfer(b'{"sum": 5}')) is not None

    async def test_another_preferred_media_type_needs_another_plan(self, book: PlanBook) -> None:
        """The planner sees the media type, and may have written a program for it."""
        planner = ScriptedPlanner({"GET /books": [GOOD, BETTER]}, based_on="sketch")
        resolver = resolver_of(book, planner)
        csv = shape(request("GET", "/books", headers={"accept": "text/csv"}))
        await learn(resolver, csv)

        anything = shape(request("GET", "/books", headers={"accept": "*/*"}))
        assert resolver.find(anything) is None
        await learn(resolver, anything)

        ready = resolver.find(csv)
        assert ready is not None
        assert ready.program.source == GOOD

    async def test_a_planner_that_needs_values_is_called_again_with_values(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, based_on="sketch")
        resolver = resolver_of(book, planner)

        await learn(resolver, transfer(b'{"wish": "all to Ann"}'))

        assert [planning.has_values for planning in planner.requests] == [False, True]
        assert planner.requests[0].context["body_json"] == {"wish": "<text>"}
        assert planner.requests[1].context["body_json"] == {"wish": "all to Ann"}

    async def test_without_values_an_equal_literal_is_a_coincidence(self, book: PlanBook) -> None:
        """The planner saw no value, so the literal does not come from the request."""
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
    async def test_with_values_a_literal_from_the_request_restricts_the_plan_to_it(
        self, book: PlanBook, program: str, is_shared: bool
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [program]}, based_on="values")
        resolver = resolver_of(book, planner, PlanningSettings(prompt_values="full"))
        await learn(resolver, transfer(b'{"note": "rent"}'))

        reused = resolver.find(transfer(b'{"note": "food"}'))

        assert (reused is not None) == is_shared
        assert resolver.find(transfer(b'{"note": "rent"}')) is not None

    async def test_a_plan_that_needed_values_serves_one_request_of_one_session(
        self, book: PlanBook
    ) -> None:
        """A plan made from the text of one client must not answer other clients."""
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, based_on="values")
        resolver = resolver_of(book, planner)
        wish = b'{"wish": "all to Ann"}'

        await learn(resolver, transfer(wish))

        assert resolver.find(transfer(wish)) is not None
        assert resolver.find(transfer(wish, "session-2")) is None
        assert resolver.find(transfer(b'{"wish": "all to Ben"}')) is None

    async def test_the_next_request_of_a_shape_that_needs_values_is_sent_with_values(
        self, book: PlanBook
    ) -> None:
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, based_on="values")
        resolver = resolver_of(book, planner)
        await learn(resolver, transfer(b'{"wish": "all to Ann"}'))

        await learn(resolver, transfer(b'{"wish": "all to Ben"}'))

        assert [planning.has_values for planning in planner.requests] == [False, True, True]

    async def test_values_are_never_sent_if_the_operator_forbids_it(self, book: PlanBook) -> None:
        planner = ScriptedPlanner({TRANSFER: [NEEDS_VALUES, GOOD]}, based_on="sketch")
        resolver = resolver_of(book, planner, PlanningSettings(prompt_values="never"))

        with pytest.raises(NoUsablePlanError, match="LARS_PROMPT_VALUES"):
            await resolver.learn(transfer(b'{"wish": "all to Ann"}'), ())

        assert len(planner.requests) == 1

    async def test_a_learned_field_that_the_program_reads_must_have_the_same_kind(
        self, book: PlanBook
    ) -> None:
        """In another session, the records may have other fields."""
        program = (
            'items = [item for item in store.search({}) if item.get("born")]\n'
            "REPLY = make_response(200, items)"
        )
        planner = ScriptedPlanner({"GET /books/oldest": [program, BETTER]}, based_on="sketch")
        resolver = resolver_of(book, planner)
        context = request("GET", "/books/oldest")
        born: Json = {"born": {"type": "string", "format": "date"}}
        await learn(resolver, shape(context, {"books": born}))

        assert resolver.find(shape(context, {"books": {**born, "title": {"type": "string"}}}))
        assert resolver.find(shape(context))
        assert resolver.find(shape(context, {"books": {"published": {"type": "string"}}})) is None
        assert resolver.find(shape(context, {"books": {"born": {"type": "integer"}}})) is None

    async def test_a_field_that_the_program_itself_adds_is_irrelevant(self, book: PlanBook) -> None:
        """Otherwise the second request would be planned again: the first one stores the field."""
        program = (
            'record = store.get(plan["identifier"])\n'
            'if record.get("status") == "sold":\n'
            "    REPLY = make_response(409)\n"
            "else:\n"
            '    REPLY = make_response(200, store.update(record["id"], {"status": "sold"}))'
        )
        planner = ScriptedPlanner({"POST /books/<int>/sell": [program]}, based_on="sketch")
        resolver = resolver_of(book, planner)
        context = request("POST", "/books/1/sell")
        title: Json = {"title": {"type": "string"}}
        await learn(resolver, shape(context, {"books": title}))

        assert resolver.find(shape(context, {"books": {**title, "status": {"type": "string"}}}))


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
