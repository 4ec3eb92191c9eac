"""Lists: counts, ranges and links to other pages."""

from __future__ import annotations

import pytest

from larst.planning.reading.asked import Asked
from tests.http.presentation.helpers import links, listed


class TestCounts:
    def test_a_list_names_its_total_and_its_part(self) -> None:
        headers = listed().headers

        assert headers["X-Total-Count"] == "30"
        assert headers["Content-Range"] == "items 10-19/30"
        assert "X-LARST-Length" not in headers

    def test_an_empty_list_has_no_first_and_no_last(self) -> None:
        reply = listed(asked=Asked(), length=0, offset=0, query="", total=0)

        assert reply.headers["Content-Range"] == "items */0"
        assert "Link" not in reply.headers

    @pytest.mark.parametrize(
        ("dialect", "value"), [("simple-rest", "posts 10-19/30"), ("postgrest", "10-19/30")]
    )
    def test_the_unit_of_the_range_is_that_of_the_dialect(self, dialect: str, value: str) -> None:
        assert listed(dialect).headers["Content-Range"] == value

    def test_head_has_the_headers_of_get(self) -> None:
        """Clients count records by HEAD before they read them."""
        assert listed(method="HEAD").headers == listed().headers


class TestPartialContent:
    def test_a_range_by_header_is_partial_content(self) -> None:
        asked = Asked(limit=10, offset=10)

        reply = listed(asked=asked, query="", headers={"range": "items=10-19"})

        assert (reply.status, reply.headers["Content-Range"]) == (206, "items 10-19/30")

    def test_a_range_of_everything_is_not_partial(self) -> None:
        asked, headers = Asked(limit=30), {"range": "items=0-29"}

        reply = listed(asked=asked, length=30, offset=0, query="", headers=headers)

        assert reply.status == 200

    def test_postgrest_answers_a_counted_part_with_206(self) -> None:
        assert listed("postgrest", headers={"prefer": "count=exact"}).status == 206
        assert listed("postgrest").status == 200


class TestLinks:
    def test_a_page_links_to_its_neighbours_in_the_words_of_the_client(self) -> None:
        assert links(listed(query="_page=2&_limit=10&status=draft")) == {
            relation: {"_page": page, "_limit": "10", "status": "draft"}
            for relation, page in {"first": "1", "prev": "1", "next": "3", "last": "3"}.items()
        }

    @pytest.mark.parametrize(
        ("query", "pairs"),
        [
            ("limit=10&offset=10", {"limit": "10", "offset": "20"}),
            ("$top=10&$skip=10", {"$top": "10", "$skip": "20"}),
            ("_start=10&_end=20", {"_start": "20", "_end": "30"}),
            ("range=[10,19]", {"range": "[20,29]"}),
            ("page[number]=2&page[size]=10", {"page[number]": "3", "page[size]": "10"}),
            ("pageSize=10&pageToken=o10", {"pageSize": "10", "pageToken": "o20"}),
            ("starting_after=10&limit=10", {"limit": "10", "offset": "20"}),
        ],
    )
    def test_every_notation_of_paging_moves(self, query: str, pairs: dict[str, str]) -> None:
        assert links(listed(query=query))["next"] == pairs

    @pytest.mark.parametrize(
        ("query", "pairs"),
        [
            ("limit=10", {"limit": "10", "offset": "10"}),
            ("per_page=10", {"per_page": "10", "page": "2"}),
            ("$top=10", {"$top": "10", "$skip": "10"}),
            ("_limit=10", {"_limit": "10", "_page": "2"}),
            ("pagination[pageSize]=10", {"pagination[pageSize]": "10", "pagination[page]": "2"}),
            ("", {"limit": "10", "offset": "10"}),
        ],
    )
    def test_a_first_page_links_on_with_the_word_that_goes_with_its_size(
        self, query: str, pairs: dict[str, str]
    ) -> None:
        assert links(listed(asked=Asked(limit=10), offset=0, query=query))["next"] == pairs

    def test_a_page_inside_json_has_no_links(self) -> None:
        """A link that did not change the JSON would lead to the same page again."""
        assert "Link" not in listed(query='filter={"limit":10,"skip":10}').headers

    def test_links_that_do_not_fit_into_a_header_are_left_out(self) -> None:
        assert "Link" not in listed(query=f"page=2&limit=10&q={'x' * 2000}").headers
