"""Full-text search with its qualifiers, and clients that spread a question over several keys."""

from __future__ import annotations

import pytest

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import AllOf, AnyOf, Condition, Node
from larst.planning.reading.clients import translated
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.query import read_query
from larst.planning.reading.search import search
from larst.planning.reading.values import ValueReader
from tests.planning.reading.world import FIELDS

_POSTS = FIELDS["posts"]


def _text(text: str) -> Condition:
    return Condition("*", "icontains", text)


_DRAFT = Condition("status", "", "draft")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("some words", _text("some words")),
        ('"some words"', _text("some words")),
        ("10:30", _text("10:30")),
        ("http://x.y", _text("http://x.y")),
        ("foo:bar", _text("foo:bar")),
        ("a<b", _text("a<b")),
        ("status:draft", _DRAFT),
        ("status=draft", _DRAFT),
        ('status:"draft"', _DRAFT),
        ("-status:draft", Condition("status", "ne", "draft")),
        ("NOT status:draft", Condition("status", "ne", "draft")),
        ("status:draft some words", AllOf((_DRAFT, _text("some words")))),
        ("some status:draft words", AllOf((_DRAFT, _text("some words")))),
        ("views:>50", Condition("views", "gt", "50")),
        ("views>50", Condition("views", "gt", "50")),
        ("views:50..60",
         AllOf((Condition("views", "gte", "50"), Condition("views", "lte", "60")))),
        ("status:draft,views>50", AllOf((_DRAFT, Condition("views", "gt", "50")))),
        ("status:draft AND views>50", AllOf((_DRAFT, Condition("views", "gt", "50")))),
        ("status:draft OR views>50", AnyOf((_DRAFT, Condition("views", "gt", "50")))),
        ("status==draft;views=gt=50", AllOf((_DRAFT, Condition("views", "gt", "50")))),
        ("words in:title", Condition("title", "icontains", "words")),
        ("user:2", Condition("userId", "", "2")),
    ],
)  # fmt: skip
def test_a_search_may_have_qualifiers(text: str, node: Node) -> None:
    """Of learned fields only; everything else is text."""
    assert search(text, [], ValueReader(_POSTS)) == node


def test_a_search_may_be_of_some_fields() -> None:
    """`searchFields=title,status`."""
    values = ValueReader(_POSTS)
    either = AnyOf((Condition("title", "icontains", "x"), Condition("status", "icontains", "x")))
    assert search("x", ["title", "status"], values) == either
    assert search("title:x;status:y", ["title"], values) == AllOf(
        (Condition("title", "icontains", "x"), Condition("status", "icontains", "y"))
    )


def test_a_change_does_not_guess_what_a_search_means() -> None:
    """`DELETE ?q=status:draft` could be either."""
    values = ValueReader(_POSTS, is_change=True)
    assert search("some words", [], values) == _text("some words")
    with pytest.raises(QueryNotUnderstoodError):
        search("status:draft", [], values)


def _one(**pairs: str) -> dict[str, tuple[str, ...]]:
    return {key: (text,) for key, text in pairs.items()}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (_one(status="draft"), _one(status="draft")),
        (_one(orderBy='"views"', limitToFirst="3"), _one(sort="views", limit="3")),
        (_one(orderBy='"views"', limitToLast="3"), _one(sort="-views", limit="3")),
        (_one(orderBy='"$key"', startAt='"5"'), _one(sort="id", id__gte="5")),
        (_one(orderBy='"a/b"', equalTo="5"), _one(sort="a.b", **{"a.b__eq": "5"})),
        (_one(orderBy="views", startAt="5"), _one(orderBy="views", startAt="5")),
        (_one(filterBy="status", filterValue="draft"), _one(status="draft")),
        (_one(filterBy="status", filterValue=""), {}),
        (_one(searchBy="title", searchValue="x"), _one(title__icontains="x")),
        (_one(pagination='{"page":2,"perPage":5}'),
         {"page[page]": ("2",), "page[perPage]": ("5",)}),
        ({"filter": ("a=1 ",), " b=2": ("",)}, {"filter": ("a=1 && b=2",)}),
        ({"filter": ("(a=1 ",), " b>": ("2)",)}, {"filter": ("(a=1 && b>=2)",)}),
    ],
)  # fmt: skip
def test_questions_over_several_keys_are_rewritten(
    query: dict[str, tuple[str, ...]], expected: dict[str, tuple[str, ...]]
) -> None:
    """Before anything else is read."""
    assert translated(query, _POSTS) == expected


@pytest.mark.parametrize(
    "query",
    [
        _one(shallow="true"),
        {"columns[0][data]": ("id",), "order[0][column]": ("5",), "draw": ("1",)},
        _one(page="{", limit="5"),
    ],
)
def test_parts_without_a_meaning_are_refused(query: dict[str, tuple[str, ...]]) -> None:
    """And not dropped."""
    with pytest.raises(QueryNotUnderstoodError):
        translated(query, _POSTS)


@pytest.mark.parametrize("text", ["{0}", "[draft]", "{a", "[1,2"])
def test_brackets_in_a_search_are_text(text: str) -> None:
    """People search for code, too; a filter in JSON begins with a quoted name."""
    reading = read_query({"q": (text,)}, _POSTS, ReadingOptions())

    assert reading.asked.where == _text(text)


def test_a_filter_in_json_may_stand_in_the_place_of_a_search() -> None:
    reading = read_query({"q": ('{"status": "draft"}',)}, _POSTS, ReadingOptions())

    assert reading.asked.where == _DRAFT
