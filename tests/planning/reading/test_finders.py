"""Spring Data's finders: the name gives each parameter its operator."""

from __future__ import annotations

import pytest

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.finders import with_finder
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.query import read_query
from tests.planning.reading.requests.sets import DOWN, DRAFT, GE50, GT50, LT50, PUBLISHED, T3, where
from tests.planning.reading.world import FIELDS, query_of, select


def _found(name: str, query: str) -> list[Json]:
    fields = FIELDS["posts"]
    question = read_query(
        with_finder(name, query_of(f"?{query}"), fields), fields, ReadingOptions("posts")
    )
    return [record["id"] for record in select(question.asked, "posts")]


@pytest.mark.parametrize(
    ("name", "query", "expected"),
    [
        ("findByStatus", "status=draft", DRAFT),
        ("findByStatusNot", "status=draft", PUBLISHED),
        ("findByViewsGreaterThan", "views=50", GT50),
        ("findByViewsGreaterThanEqual", "views=50", GE50),
        ("findByViewsLessThan", "views=50", LT50),
        ("findByViewsLessThan", "bound=50", LT50),
        ("findByTitleContaining", "title=Post 3", T3),
        ("findByTitleContainingIgnoreCase", "title=post 3", T3),
        ("findByTitleIgnoreCase", "title=post 3", [3]),
        ("findByTitleStartsWith", "prefix=Post 3", T3),
        ("findByIdIn", "ids=1,2", [1, 2]),
        ("findByIdIn", "id=1&id=2", [1, 2]),
        ("findByStatusAndViewsGreaterThan", "status=draft&views=89", [27, 30]),
        ("findByStatusOrderByViewsDesc", "status=draft", [n for n in DOWN if n in DRAFT]),
        ("findByCreatedAtAfter", "createdAt=2025-01-28T12:00:00Z", [29, 30]),
        ("readAllByStatus", "status=draft&page=1&limit=2", DRAFT[:2]),
        ("findByMetaIsNull", "page=1", where(lambda post: post["meta"] is None)),
    ],
)
def test_a_finder_compares_as_its_name_says(name: str, query: str, expected: list[Json]) -> None:
    """Read as equality, `findByViewsGreaterThan?views=50` answered the one record with 50."""
    assert _found(name, query) == expected


@pytest.mark.parametrize("name", ["findByStatusOrTitle", "findByViewsBetween"])
def test_an_unsupported_finder_is_refused(name: str) -> None:
    with pytest.raises(QueryNotUnderstoodError, match="not supported"):
        _found(name, "status=draft&title=x")
