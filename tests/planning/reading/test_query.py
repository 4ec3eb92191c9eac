"""The whole reading: hints, refusals, options, bodies, and what a change may not have."""

from __future__ import annotations

import pytest

from larst.domain import Json
from larst.errors import BadPagingError, QueryNotUnderstoodError
from larst.planning.reading.asked import ALWAYS, Asked, Condition
from larst.planning.reading.fields import Fields
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.query import read_body, read_query
from tests.planning.reading.world import FIELDS, asked, ids, read

_DRAFT = Condition("status", "", "draft")


@pytest.mark.parametrize(
    ("query", "unknown"),
    [
        ("nope=1", ("nope",)),
        ("nope_gte=1", ("nope",)),
        ("nope[gte]=1", ("nope",)),
        ("nope[deep]=1", ("nope", "nope.deep")),
        ("status.nope=1", ("status.nope",)),
        ("meta.nope=1", ("meta.nope",)),
        ("user.nope=1", ("user.nope",)),
        ("filter[nope]=1", ("nope",)),
        ('filter={"nope":1}', ("nope",)),
        ("$filter=nope eq 1", ("nope",)),
        ("or=(nope.eq.1,id.eq.1)", ("nope",)),
        ("sort=nope", ("nope",)),
        ("fields=id,nope", ("nope",)),
        ("state=all", ("state",)),
        ("published=true", ("published",)),
        ("status=draft", ()),
    ],
)
def test_names_that_no_record_ever_had_go_into_the_hint(query: str, unknown: object) -> None:
    """Never a silent empty list."""
    assert read(f"/posts?{query}").unknown == unknown


@pytest.mark.parametrize(
    "query",
    [
        "nope=1", "nope_ne=1", "nope!=1", "nope_exists=false", "nope_null=true", "nope[ne]=1",
        'filter={"nope":{"$ne":1}}', 'filter={"not":{"nope":1}}', "nope_notcontains=x",
        'filter={"$nor":[{"nope":1}]}', "$filter=not (nope eq 1)", "nope_blank=true",
        "nope=not.eq.1", "meta.nope_ne=1", "nope_nin=1,2", 'filter={"nope":null}',
    ],
)  # fmt: skip
def test_a_field_that_never_was_matches_nothing_also_negated(query: str) -> None:
    """`nope_ne=1` holds for every record in logic, and for no reader's intent."""
    assert ids(f"/posts?{query}") == []


@pytest.mark.parametrize(
    ("query", "suggestion"),
    [
        ("titel=x", "title"),
        ("staus=draft", "status"),
        ("limt=5", "limit"),
        ("pagesice=5", "pageSize"),
        ("serach=x", "search"),
        ("$filtr=x", "filter"),
        ("sort=view", "views"),
        ("fields=titel", "title"),
        ("filter[titel]=x", "title"),
        ('filter={"titel":"x"}', "title"),
        ("$filter=titel eq 'x'", "title"),
        ("views[gtt]=5", "gt"),
    ],
)
def test_a_word_within_a_letter_or_two_is_refused_with_the_nearest(
    query: str, suggestion: str
) -> None:
    """A typing error must not look like an empty list."""
    with pytest.raises(QueryNotUnderstoodError, match=f"did you mean {suggestion}"):
        read(f"/posts?{query}")


@pytest.mark.parametrize(
    "query",
    [
        "$foo=1",
        "$apply=groupby((status))",
        "foo|bar=1",
        "page[foo]=1",
        "sort(views)",
        "aggregate[count]=*",
        "groupBy=status",
        "distinct=status",
        "shallow=true",
        "views_gte=abc",
        "views_between=1",
        "status_exists=maybe",
        "createdAt__month=1",
    ],
)
def test_syntax_that_can_be_no_field_is_refused(query: str) -> None:
    """Not understood, and said so."""
    with pytest.raises(QueryNotUnderstoodError):
        read(f"/posts?{query}")


def test_the_session_may_refuse_or_ignore_unknown_names() -> None:
    """`LARS_UNKNOWN_QUERY`, and json-server's habit."""
    with pytest.raises(QueryNotUnderstoodError, match="no record ever had 'nope'; the fields are"):
        read("/posts?nope=1", unknown="refuse")
    reading = read("/posts?nope=1&titel=2&status=draft&_sort=nope", unknown="ignore")
    assert reading.asked == Asked(where=_DRAFT)
    assert reading.unknown == ()


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("status=undefined", ("status=undefined",)),
        ("userId=null", ("userId=null",)),
        ("userId=NaN", ("userId=NaN",)),
        ("status[]=undefined", ("status=undefined",)),
        ("q=undefined", ("q=undefined",)),
        ("status=[object%20Object]", ("status=[object Object]",)),
        ("status=draft", ()),
    ],
)
def test_texts_that_programs_send_for_no_value_go_into_the_hint(query: str, texts: object) -> None:
    """`undefined` in a URL is a bug of the client that an empty list hides."""
    assert read(f"/posts?{query}").not_values == texts


@pytest.mark.parametrize(
    ("query", "aliases"),
    [
        ("user_id=2", ("user_id is userId",)),
        ("user=2", ("user is userId",)),
        ("created=2025-01-20", ("created is createdAt",)),
        ("findByStatus=draft", ("findByStatus is status",)),
        ("startDate=2025-01-20", ("startDate is createdAt_gte",)),
        ("userId=2", ()),
        ("views_gte=5", ()),
        ("meta__lang=de", ()),
    ],
)
def test_spellings_understood_as_others_are_named(query: str, aliases: object) -> None:
    """`X-LARST-Reading` says them."""
    assert read(f"/posts?{query}").aliases == aliases


def test_a_search_by_a_field_is_a_plain_list() -> None:
    """SPEC: `?getByFirstName=…`."""
    assert asked("/posts?getByTitle=Post 3").is_search
    assert not asked("/posts?title=Post 3").is_search


@pytest.mark.parametrize(
    "query",
    [
        "", "status=", "search=", "filter=", "filter[status]=", "views_gte=", "views[gte]=",
        "ids=", "sort=", "page=", "limit=", "fields=", "include=", "id[]=", "_=1", "filter={}",
    ],
)  # fmt: skip
def test_an_empty_value_has_no_effect(query: str) -> None:
    """An empty search form shows all."""
    assert asked(f"/posts?{query}") == Asked()


def test_an_empty_value_is_a_filter_where_texts_are_empty() -> None:
    """`name=` finds the records without a name."""
    assert ids("/tasks?name=") == [3]


@pytest.mark.parametrize(
    "query",
    [
        "limit=5", "offset=5", "page=1", "page=1&per_page=5", "_start=0&_end=5", "$top=5",
        "range=[0,9]", "sort=views", "order=views", "after=5", "cursor=5", "sort[views]=-1",
        "filter[limit]=5", 'filter={"limit":5,"where":{"id":1}}', "order=desc", "id=1&limit=1",
    ],
)  # fmt: skip
def test_a_change_takes_no_paging(query: str) -> None:
    """Which records would change is not said by their order."""
    with pytest.raises(BadPagingError):
        read(f"/posts?{query}", is_change=True)


@pytest.mark.parametrize(
    "query",
    [
        "nope=1", "nope_ne=1", "nope[ne]=1", "titel=x", "t=1", "v=2", "lang=en", "key=x",
        'filter={"nope":1}', "filter=some words", "filter[nope]=1", "include=comments",
        "exclude=1,2", "include=1,2", "exclude[status]=draft", "exclude=tags",
        "status=!draft", "title=*", "views=>5", "q=status:draft", "text=x", "$foo=1", "user.nope=1",
    ],
)  # fmt: skip
def test_a_change_refuses_what_it_does_not_understand(query: str) -> None:
    """DELETE of the wrong records cannot be undone."""
    with pytest.raises(QueryNotUnderstoodError):
        read(f"/posts?{query}", is_change=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=draft", _DRAFT),
        ("status=draft&_=123&api_key=x", _DRAFT),
        ("id=eq.3", Condition("id", "", 3)),
        ("id=in.(1,2)", Condition("id", "in", [1, 2])),
        ("ids=1,2", Condition("id", "in", [1, 2])),
        ("id=1&id=2", Condition("id", "in", [1, 2])),
        ('where={"id":3}', Condition("id", "", 3)),
        ("filter[where][id]=3", Condition("id", "", 3)),
        ("views_lt=5", Condition("views", "lt", 5)),
        ("views[$lt]=5", Condition("views", "lt", 5)),
        ("title=Post*", Condition("title", "startswith", "Post")),
        ("status=", Condition("status", "", "")),
        ("q=draft", Condition("*", "icontains", "draft")),
        ("id=eq.3&select=id", Condition("id", "", 3)),
        ("", ALWAYS),
    ],
)
def test_a_change_takes_explicit_filters(query: str, expected: object) -> None:
    """In every dialect that has such a request."""
    assert asked(f"/posts?{query}", is_change=True).where == expected


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({"status": "draft"}, "status=draft"),
        ({"ids": [1, 2]}, "ids=1,2"),
        ({"views": {"gt": 50}}, "views[gt]=50"),
        ({"filter": {"status": "draft"}, "sort": "-views", "page": 2, "limit": 5},
         "filter[status]=draft&sort=-views&page=2&limit=5"),
        ({"where": {"views": {"$gt": 50}}, "order": [["views", "DESC"]]},
         'where={"views":{"$gt":50}}&order=-views'),
        ({"query": "Post 30"}, "query=Post 30"),
        ({"status": ["draft", "x"]}, "status=draft&status=x"),
        ({"filters": [{"field": "status", "operator": "eq", "value": "draft"}]},
         "filter=status:draft"),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_body_asks_as_a_query_does(body: dict[str, Json], query: str) -> None:
    """`POST /posts/search` and `DELETE /posts` with ids."""
    assert read_body(body, FIELDS["posts"], ReadingOptions("posts")).asked == asked(
        f"/posts?{query}"
    )


def test_a_query_has_a_bounded_number_of_values() -> None:
    """Even where each is small."""
    with pytest.raises(QueryNotUnderstoodError, match="at most"):
        read_query({"id": ("1",) * 5000}, FIELDS["posts"], ReadingOptions())
    with pytest.raises(QueryNotUnderstoodError, match="at most"):
        read_query({f"k{n}": ("1",) for n in range(600)}, FIELDS["posts"], ReadingOptions())


def test_a_resource_without_records_takes_any_filter() -> None:
    """Nothing is known of its fields yet."""
    reading = read_query({"anything": ("1",)}, Fields(), ReadingOptions())
    assert (reading.asked.where, reading.unknown) == (Condition("anything", "", "1"), ())
    with pytest.raises(QueryNotUnderstoodError):
        read_query({"$foo": ("1",)}, Fields(), ReadingOptions())


def test_a_body_that_nests_too_deeply_is_the_fault_of_the_client() -> None:
    """The program failed on it, and the planner was blamed: 502."""
    body: Json = "Ann"
    for _ in range(60):
        body = {"name": body}
    assert isinstance(body, dict)

    with pytest.raises(QueryNotUnderstoodError, match="nests deeper than"):
        read_body(body, Fields(), ReadingOptions("members"))
