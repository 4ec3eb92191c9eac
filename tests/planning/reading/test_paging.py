"""Paging in every notation, and the paging that is refused."""

from __future__ import annotations

import pytest

from larst.errors import BadPagingError
from larst.planning.reading.paging import Paging, paging_of, range_header
from larst.planning.reading.vocabulary import Meaning
from tests.planning.reading.world import asked


@pytest.mark.parametrize(
    ("words", "paging"),
    [
        ({}, Paging()),
        ({Meaning.LIMIT: "5"}, Paging(5)),
        ({Meaning.LIMIT: " 5 "}, Paging(5)),
        ({Meaning.LIMIT: ""}, Paging()),
        ({Meaning.LIMIT: "-1"}, Paging()),
        ({Meaning.LIMIT: "all"}, Paging()),
        ({Meaning.LIMIT: "0"}, Paging(0)),
        ({Meaning.OFFSET: "5"}, Paging(None, 5)),
        ({Meaning.LIMIT: "5", Meaning.OFFSET: "10"}, Paging(5, 10)),
        ({Meaning.PAGE: "1"}, Paging(10, 0, 1)),
        ({Meaning.PAGE: "3", Meaning.LIMIT: "5"}, Paging(5, 10, 3)),
        ({Meaning.PAGE: "0"}, Paging(10, 0, 1)),
        ({Meaning.PAGE: "2,20"}, Paging(20, 20, 2)),
        ({Meaning.END: "5"}, Paging(5)),
        ({Meaning.OFFSET: "5", Meaning.END: "8"}, Paging(3, 5)),
        ({Meaning.RANGE: "[0,9]"}, Paging(10)),
        ({Meaning.RANGE: "10-19"}, Paging(10, 10)),
        ({Meaning.RANGE: "items=0-4"}, Paging(5)),
        ({Meaning.AFTER: "7", Meaning.LIMIT: "5"}, Paging(5, 0, after="7")),
        ({Meaning.AFTER: "7"}, Paging(10, 0, after="7")),
        ({Meaning.AFTER: "", Meaning.LIMIT: "5"}, Paging(5)),
        ({Meaning.AFTER: ""}, Paging(10)),
        ({Meaning.AFTER: "o20", Meaning.LIMIT: "5"}, Paging(5, 20)),
        ({Meaning.BEFORE: "7", Meaning.LIMIT: "5"}, Paging(5, before="7")),
    ],
)
def test_words_become_a_limit_and_an_offset(words: dict[Meaning, str], paging: Paging) -> None:
    """One form of paging for all dialects."""
    assert paging_of(words) == paging


def test_pages_are_counted_from_the_base_of_the_dialect() -> None:
    """Spring's first page is 0."""
    words = {Meaning.PAGE: "1", Meaning.LIMIT: "10"}
    assert paging_of(words, page_base=0) == Paging(10, 10, 1, 0)
    assert paging_of({Meaning.PAGE: "2"}, page_size=25) == Paging(25, 25, 2)
    assert asked("/posts?pageIndex=0&pageSize=5").offset == 0
    assert asked("/posts?pageIndex=1&pageSize=5").offset == 5


@pytest.mark.parametrize(
    "query",
    [
        "page=x",
        "page=-1",
        "page=last",
        "limit=x",
        "limit=-5",
        "limit=1.5",
        "limit=\u0665",
        "limit=99999999999999999999",
        "offset=-1",
        "offset=x",
        "_start=5&_end=2",
        "range=9-1",
        "range=x",
        'range=["a","b"]',
        "$top=x",
        "page[number]=x",
        "pagination[page]=x",
        "_cursor=a b",
    ],
)
def test_paging_that_makes_no_sense_is_refused(query: str) -> None:
    """A page that was guessed would show other records."""
    with pytest.raises(BadPagingError):
        asked(f"/posts?{query}")


@pytest.mark.parametrize(
    ("text", "paging"),
    [
        ("items=0-4", Paging(5)),
        ("posts=10-19", Paging(10, 10)),
        ("blog-posts=0-0", Paging(1)),
        ("0-9", Paging(10)),
        ("items=5-", Paging(None, 5)),
        ("items 0-4", Paging(5)),
        ("bytes=0-99", None),
        ("items=-5", None),
        ("nonsense", None),
    ],
)
def test_the_range_header_is_paging_too(text: str, paging: Paging | None) -> None:
    """react-admin and PostgREST page by header; ranges of bytes do not page."""
    assert range_header(text) == paging


def test_the_query_counts_before_the_range_header() -> None:
    """A client that sends both means the query, as PostgREST has it."""
    assert asked("/posts?limit=5", range_header="items=0-1").limit == 5
    assert asked("/posts?status=draft", range_header="items=0-1").limit == 2
    assert asked("/posts", range_header="items=2-3").offset == 2
    assert asked("/posts", range_header="bytes=0-1").limit is None


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    """416 would need the total; the request itself is wrong."""
    with pytest.raises(BadPagingError):
        range_header("items=9-1")


@pytest.mark.parametrize(
    "query",
    [
        "count=true", "count=exact", "count", "$count=true", "$inlinecount=allpages",
        "pagination[withCount]=true", "includeTotal=true", "include[]=total_count",
        "meta=total_count", "meta=*", "limit=1&count=1", "page[totals]=1", "requireTotalCount=true",
    ],
)  # fmt: skip
def test_the_total_is_asked_for_in_every_notation(query: str) -> None:
    """Some forms of replies hold the total only where it was asked for."""
    assert asked(f"/posts?{query}").has_count


@pytest.mark.parametrize("query", ["count=false", "$count=false", "limit=5", "", "count=none"])
def test_the_total_is_not_asked_for_otherwise(query: str) -> None:
    """OData leaves the count out."""
    assert not asked(f"/posts?{query}").has_count
