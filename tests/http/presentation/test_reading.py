"""The headers that say how a request was read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from larst.dialects import DIALECTS, LARST
from larst.http.presentation import Place, present, reading_text
from larst.planning.reading.asked import AllOf, AnyOf, Asked, Condition, Embed, Not, Related
from larst.planning.reading.request import Reading
from larst.session import SessionReply
from tests.http.presentation.helpers import ADDRESS, ANN, POST, answered, as_json, request_of


class TestHeaders:
    @pytest.mark.parametrize(
        ("source", "value"),
        [
            ("request", "json-server"),
            ("header", "json-server"),
            ("learned", "json-server (learned)"),
            ("setting", "json-server (setting)"),
        ],
    )
    def test_the_dialect_is_named_with_the_reason(self, source: str, value: str) -> None:
        headers = answered("json-server", "get", as_json(ANN), method="GET", source=source).headers

        assert headers["X-LARST-Dialect"] == value

    def test_a_request_without_a_query_gets_no_reading(self) -> None:
        headers = answered("larst", "get", as_json(ANN), method="GET").headers

        assert not {"X-LARST-Dialect", "X-LARST-Reading", "X-LARST-Hint"} & headers.keys()

    def test_a_resource_that_was_read_as_another_is_in_the_hint(self) -> None:
        notes = ("Posts is posts",)

        headers = answered("larst", "get", as_json(ANN), method="GET", notes=notes).headers

        assert headers["X-LARST-Hint"] == headers["X-LARST-Reading"] == "Posts is posts"

    def test_errors_and_replies_of_other_programs_stay_the_same(self) -> None:
        error = SessionReply(
            reply=as_json({"error": "not found"}, 404),
            reading=Reading(dialect=DIALECTS["odata"]),
            path=POST,
            action="get",
            is_by_rules=True,
        )
        custom = replace(error, reply=as_json(ANN), is_by_rules=False)

        for answer in (error, custom):
            reply = present(answer, request_of(), lambda: Place(ADDRESS, "/posts/1", ""))
            assert reply == answer.reply


GROUP = AnyOf((Condition("b", "in", [1, 2]), Not(Condition("c", "", None))))


class TestReadingText:
    @pytest.mark.parametrize(
        ("asked", "text"),
        [
            (Asked(), ""),
            (Asked(limit=10, offset=10, page=2, sort=("-views",)), "page 2 of 10, sort -views"),
            (Asked(limit=5, offset=3), "limit 5, offset 3"),
            (Asked(after="7", limit=2), "limit 2, after 7"),
            (Asked(where=Condition("a", "gte", 3)), "where a >= 3"),
            (
                Asked(where=AllOf((Condition("a", "", "x"), GROUP))),
                'where a = "x" and (b in [1,2] or not (c = null))',
            ),
            (Asked(where=Related("user", Condition("age", "lt", 3))), "where user has (age < 3)"),
            (Asked(select=("id", "name"), embed=(Embed("user"),)), "fields id,name, with user"),
            (Asked(where=Condition("ä", "", "\n")), 'where \\xe4 = "\\n"'),
        ],
    )
    def test_it_says_how_the_request_was_understood(self, asked: Asked, text: str) -> None:
        assert reading_text(Reading(asked, LARST)) == text

    def test_it_fits_into_a_header(self) -> None:
        assert len(reading_text(Reading(Asked(where=Condition("x" * 3000, "", 1))))) == 500
