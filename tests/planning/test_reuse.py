"""Which requests a plan serves."""

from __future__ import annotations

import pytest

from larst.config import PlanningSettings
from larst.domain import Json
from larst.errors import NoUsablePlanError
from larst.planning.book import PlanBook
from tests.fakes import NEEDS_VALUES, ScriptedPlanner, request
from tests.planning.resolving import (
    BETTER,
    GOOD,
    READS_AMOUNT,
    TRANSFER,
    learn,
    resolver_of,
    shape,
    transfer,
)


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

    @pytest.mark.parametrize(
        ("program", "is_shared"),
        [
            ("REPLY = make_response(200, store.search(plan['criteria']))", True),
            ("REPLY = make_response(200, plan['criteria'].get('role'))", False),
            ("REPLY = make_response(200, ctx['query'].get('role'))", False),
        ],
    )
    async def test_a_program_that_picks_criteria_serves_no_request_with_others(
        self, book: PlanBook, program: str, is_shared: bool
    ) -> None:
        """The shape says only that there are criteria: the others would be ignored."""
        planner = ScriptedPlanner({"GET /books": [program]}, based_on="sketch")
        resolver = resolver_of(book, planner)
        await learn(resolver, shape(request("GET", "/books?role=a")))

        assert resolver.find(shape(request("GET", "/books?role=b")))
        other = resolver.find(shape(request("GET", "/books?colour=a")))

        assert (other is not None) == is_shared

    async def test_the_spelling_of_a_page_does_not_matter_to_a_general_program(
        self, book: PlanBook
    ) -> None:
        """One call of a model serves all dialects."""
        program = "REPLY = make_response(200, store.list(limit=plan['limit'])[0])"
        planner = ScriptedPlanner({"GET /books": [program]}, based_on="sketch")
        resolver = resolver_of(book, planner)
        await learn(resolver, shape(request("GET", "/books?limit=2")))

        for query in ("_limit=5", "per_page=3", "$top=1", "page[size]=4", "pagination[limit]=2"):
            assert resolver.find(shape(request("GET", f"/books?{query}"))), query

    async def test_a_value_inside_a_filter_restricts_the_plan_to_the_request(
        self, book: PlanBook
    ) -> None:
        """The value is a part of the JSON text in the query."""
        program = "REPLY = make_response(200, store.search({'genre': 'crime'}))"
        planner = ScriptedPlanner({"GET /books": [program]}, based_on="values")
        resolver = resolver_of(book, planner, PlanningSettings(prompt_values="full"))
        await learn(resolver, shape(request("GET", '/books?filter={"genre":"crime"}')))

        assert resolver.find(shape(request("GET", '/books?filter={"genre":"poetry"}'))) is None
