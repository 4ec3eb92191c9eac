"""A reply as a page: complete where it is small, bounded where it is large, and always escaped."""

from __future__ import annotations

import time
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.http.pages.replies.page import reply_page
from larst.http.pages.replies.view import Neighbours, View
from larst.planning.shapes import RestPath

ATTACK = "\"'></a></table><script>alert(1)</script><img src=x onerror=alert(1)>&lt;"
LIST = View(
    status=200,
    body=[],
    prefix="/@shop",
    path="/posts",
    raw_query="",
    session_id="shop",
    request_id="r1",
    has_console=False,
    rest_path=RestPath("", "posts"),
    total=0,
)
RECORD = replace(
    LIST,
    body={},
    path="/posts/1",
    rest_path=RestPath("", "posts", (), 1),
    is_record=True,
    total=None,
)
TAGS = frozenset(
    "html head meta title link body header a strong nav ul li main h1 h2 p div table caption thead"
    " tbody tr th td code span dl dt dd ol footer".split()
)


class _Page(HTMLParser):
    """Collects the elements, the text and the links of a page."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.links: dict[str, str] = {}
        self._address: str | None = None
        self.html = reply_page(view)
        self.feed(self.html)

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "a":
            self._address = dict(attrs)["href"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._address = None

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._address is not None:
            self.links[data] = self._address


def _with_rows(count: int, *, total: int | None = None, **changes: Any) -> _Page:
    rows = [{"id": number, "title": f"t{number}"} for number in range(1, count + 1)]
    body = {"items": rows, "page": {}}
    return _Page(replace(LIST, body=body, total=total or count, **changes))


class TestList:
    @pytest.mark.parametrize(
        "body",
        [
            [{"id": 7, "title": "A"}],
            {"items": [{"id": 7, "title": "A"}], "page": {"total": 1}},
            {"count": 1, "next": None, "results": [{"id": 7, "title": "A"}]},
            {"_embedded": {"posts": [{"id": 7, "title": "A"}]}, "_links": {}},
            {"data": [{"type": "posts", "id": 7, "attributes": {"title": "A"}}], "included": []},
        ],
    )
    def test_every_envelope_has_its_records_in_the_table(self, body: Any) -> None:
        page = _Page(replace(LIST, body=body, total=1))

        assert page.tags.count("tr") == 2
        assert "A" in page.texts
        assert page.links["7"] == "/@shop/posts/7"

    def test_a_header_sorts_and_a_second_time_the_other_way(self) -> None:
        page = _with_rows(2, raw_query="limit=2&offset=2&_sort=id&_order=desc&title=x")
        sorted_page = _with_rows(2, raw_query="sort=title", sort=("title",))

        assert page.links["title"] == "?limit=2&title=x&sort=title"
        assert sorted_page.links["title ↑"] == "?sort=-title"
        assert ("aria-sort", "ascending") in sorted_page.attributes

    def test_a_field_with_the_name_of_a_word_is_a_filter(self) -> None:
        """A learned field wins over every word, also in the links of a page."""
        fields = frozenset({"id", "title", "sort", "limit", "alt"})
        page = _with_rows(150, raw_query="limit=3&sort=x", neighbours=Neighbours(fields=fields))

        assert page.links["title"] == "?limit=3&sort=x&sortby=title"
        assert page.links["Next"] == "?limit=3&sort=x&take=100&offset=100"
        assert page.links["As JSON"] == "?limit=3&sort=x&format=json"

    @pytest.mark.parametrize("name", ["-a", "a,b", "a.b", "", "a b", "é", "a" * 65])
    def test_a_field_that_a_query_cannot_name_has_no_link(self, name: str) -> None:
        page = _Page(replace(LIST, body=[{"id": 1, name: 2}], total=1))

        assert not [
            link for link in page.links.values() if "sort=" in link and "sort=id" not in link
        ]

    def test_its_pages_are_those_of_the_reply(self) -> None:
        page = _with_rows(2, total=9, offset=2, pages={"prev": "?offset=0", "next": "?offset=4"})

        assert "Records 3 to 4 of 9" in page.text
        assert (page.links["Previous"], page.links["Next"]) == ("?offset=0", "?offset=4")

    def test_a_long_list_is_cut_and_says_how_to_go_on(self) -> None:
        page = _with_rows(250)

        assert page.tags.count("tr") == 101
        assert "Records 1 to 100 of 250" in page.text
        assert "150 more records" in page.text
        assert page.links["Next"] == "?limit=100&offset=100"
        assert page.links["Last"] == "?limit=100&offset=200"

    def test_a_hundred_columns_become_twelve_and_the_others_are_named(self) -> None:
        row = {"id": 1} | {f"f{number}": number for number in range(99)}
        page = _Page(replace(LIST, body=[row], total=1))

        assert page.tags.count("th") + page.tags.count("td") == 12 + 12
        assert "88 more fields" in page.text
        assert "f11, f12" in page.text

    def test_an_empty_list_says_so(self) -> None:
        assert "No records yet." in _Page(LIST).text
        assert "No record matches." in _Page(replace(LIST, raw_query="title=x")).text

    def test_an_id_is_a_segment_of_the_path_whatever_it_contains(self) -> None:
        ids: list[Any] = ["a/b?c#d", "//evil.example", True, None, "..", {"x": 1}]
        page = _Page(replace(LIST, body=[{"id": id} for id in ids], total=6))

        links = [link for link in page.links.values() if link.startswith("/@shop/posts")]
        assert links == ["/@shop/posts/a%2Fb%3Fc%23d", "/@shop/posts/%2F%2Fevil.example"]


class TestRecord:
    def test_nested_values_and_related_records(self) -> None:
        around = Neighbours(
            {"posts": 1, "users": 1},
            links={"author": "users", "editor_id": "users"},
            children=("comments",),
        )
        body = {"id": 1, "author": "Ann", "editor_id": "u 2", "place": {"city": ["Bonn"]}}
        page = _Page(replace(RECORD, body=body, neighbours=around))

        assert page.links["u 2"] == "/@shop/users/u%202"
        assert "Ann" not in page.links
        assert page.links["Its comments"] == "/@shop/posts/1/comments"
        assert page.links["All posts"] == "/@shop/posts"
        assert {"place", "city", "Bonn"} <= set(page.texts)

    def test_a_long_text_is_cut(self) -> None:
        page = _Page(replace(RECORD, body={"id": 1, "text": "x" * 1_000_000}))

        assert len(page.html) < 10_000
        assert "995,000 more characters" in page.text

    @pytest.mark.parametrize(
        "body",
        [
            {f"f{number}": number for number in range(100_000)},
            {"a": [[number] * 100 for number in range(1_000)]},
            {"a": {f"k{number}": {"b": [1] * 60} for number in range(1_000)}},
            {"a": orjson.loads("[" * 200 + "]" * 200)},
            {"k" * 500_000: {"v" * 500_000: 1}},
        ],
        ids=["fields", "lists", "objects", "levels", "names"],
    )
    def test_a_large_record_is_bounded_and_says_so(self, body: Any) -> None:
        start_s = time.process_time()
        page = _Page(replace(RECORD, body=body))

        assert time.process_time() - start_s < 1
        assert len(page.html) < 200_000
        if "k" * 500_000 not in body:
            assert "This page shows a part of the record." in page.text

    def test_a_reply_that_is_too_long_is_not_shown(self) -> None:
        page = _Page(replace(RECORD, body=3_000_000, is_too_long=True))

        assert "3,000,000 bytes" in page.text
        assert page.links["As JSON"] == "?alt=json"


class TestError:
    @pytest.mark.parametrize(
        ("body", "title", "detail"),
        [
            ({"error": "not found", "detail": "no such post"}, "Not found", "no such post"),
            ({}, "Not Found", ""),
            ({"title": "gone", "detail": "d", "status": 404}, "Gone", "d"),
            ({"errors": [{"status": "404", "title": "gone", "detail": "d"}]}, "Gone", "d"),
            ({"error": {"code": 7}, "message": "m"}, "Not Found", "m"),
            (["x"], "Not Found", ""),
        ],
    )
    def test_it_has_the_facts_of_every_form(self, body: Any, title: str, detail: str) -> None:
        page = _Page(replace(RECORD, status=404, body=body))

        assert f"{title} · LARST" in page.texts
        assert detail in page.texts or not detail
        assert "Status 404 for /posts/1" in page.texts

    def test_it_leads_on(self) -> None:
        around = Neighbours({"posts": 3, "users": 1})
        page = _Page(replace(RECORD, status=404, body={}, neighbours=around))

        assert page.links["All posts"] == "/@shop/posts"
        assert page.links["All users"] == "/@shop/users"
        assert page.links["Start page"] == "/@shop/"


class TestEveryPage:
    def test_the_console_is_linked_if_there_is_one(self) -> None:
        assert "Console" not in _Page(LIST).links
        assert _Page(replace(LIST, has_console=True)).links["Console"] == "/_larst/"

    @pytest.mark.parametrize("view", [LIST, RECORD, replace(RECORD, status=404)])
    def test_texts_of_clients_are_escaped(self, view: View) -> None:
        record = {"id": ATTACK, ATTACK: {ATTACK: [ATTACK]}, "error": ATTACK, "detail": ATTACK}
        body: Any = [record] if view is LIST else record
        page = _Page(
            replace(
                view,
                body=body,
                total=1 if view is LIST else None,
                path=ATTACK,
                raw_query=f"a={ATTACK}",
                pages={"next": f"?{ATTACK}"},
                notes=[ATTACK],
                session_id=ATTACK,
                request_id=ATTACK,
                neighbours=Neighbours({ATTACK: 1}, links={ATTACK: ATTACK}, children=(ATTACK,)),
            )
        )

        _check_safe(page)

    @given(
        body=st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**63), 2**64 - 1)
            | st.floats(allow_nan=False)
            | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=20,
        ),
        status=st.sampled_from([200, 404]),
        total=st.none() | st.integers(0, 10),
        query=st.text(),
    )
    def test_any_json_makes_a_page(
        self, body: Any, status: int, total: int | None, query: str
    ) -> None:
        view = replace(RECORD, body=body, status=status, total=total, raw_query=query)

        _check_safe(_Page(view))


def _check_safe(page: _Page) -> None:
    """Only the page's own elements, no handlers, and links to this service alone."""
    assert set(page.tags) <= TAGS
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert name != "style"
        if name == "href":
            assert value is not None
            assert value.startswith(("/", "?"))
            assert not value.startswith("//")
            parse_qs(value)
