"""Binding: the values of a request, in the form that programs and the store take."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.domain import Code, Json, Plan
from larst.errors import BadPagingError, QueryNotUnderstoodError
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes import bind
from larst.store.session_data import SessionData
from tests.fakes import request
from tests.planning.sessions import CUSTOM, answer_of, bound, session_of, shaped_of

MEMBERS = session_of(
    {
        "members": [
            {"firstName": "Ann", "last_name": "Hart", "age": 30, "check_in": "x", "q_and_a": "y"},
            {"firstName": "Ben", "last_name": "Stone", "age": 41, "check_in": "x", "q_and_a": "y"},
        ]
    }
)


def _criteria(query: str, session: SessionData = MEMBERS) -> dict[str, Json]:
    return bound(request("GET", f"/members?{query}"), session).criteria


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("age=3", {"age": 3}),
        ("firstName=A*", {"firstName__startswith": "A"}),
        ("firstName=*A", {"firstName__endswith": "A"}),
        ("firstName=*A*", {"firstName__icontains": "A"}),
        ("firstName=*", {"firstName__exists": True}),
        ("age_min=1&age_max=2", {"age__gte": 1, "age__lte": 2}),
        ("age[lt]=2", {"age__lt": 2}),
        ("age__gt=2", {"age__gt": 2}),
        ("age=gt.2", {"age__gt": 2}),
        ("filter[age][$gt]=2", {"age__gt": 2}),
        ('filter={"age":{"gt":2}}', {"age__gt": 2}),
        ("$filter=age gt 2", {"age__gt": 2}),
        ("age_in=1,2&limit=3", {"age__in": [1, 2]}),
        ("age=1&age=2", {"age__in": [1, 2]}),
        ("q=x", {"*__icontains": "x"}),
        ("getByFirstName=J", {"firstName": "J"}),
        ("findByLastName=J*", {"last_name__startswith": "J"}),
        ("limit=1&offset=2&sort=age", {}),
    ],
)
def test_query_keys_become_criteria(query: str, expected: dict[str, Json]) -> None:
    assert _criteria(query) == expected


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("or=(age.eq.30,firstName.eq.Ben)", [1, 2]),
        ("$filter=age eq 30 or firstName eq 'Ben'", [1, 2]),
        ("filter[$or][0][age]=30&filter[$or][1][firstName]=Zoe", [1]),
        ("firstName=not.eq.Ann", [2]),
        ("$filter=not (age gt 35)", [1]),
        ("firstName_ne=Ann", [2]),
    ],
)
def test_any_of_and_not_select_records(query: str, ids: list[int]) -> None:
    matching = MEMBERS.matching("members", _criteria(query))

    assert [record["id"] for record in matching] == ids


@pytest.mark.parametrize("query", ["age_gte=20&age_min=0", "firstName=Ann&findByFirstName=A*"])
def test_two_criteria_of_one_field_must_both_hold(query: str) -> None:
    """If one were lost, a DELETE would remove more records than it should."""
    first, second = (_criteria(part) for part in query.split("&"))
    first_only, second_only = (MEMBERS.matching("members", each) for each in (first, second))
    both = MEMBERS.matching("members", _criteria(query))

    assert both == [record for record in first_only if record in second_only]


@pytest.mark.parametrize("query", ["colour_ne=1", "colour_exists=false", "colour=not.eq.red"])
def test_an_unknown_field_matches_nothing_even_by_its_absence(query: str) -> None:
    """A typing error must not select everything."""
    assert MEMBERS.matching("members", _criteria(query)) == []


@pytest.mark.parametrize("query", ["*=x", "*_gte=5", "*[in]=5", "%26=x", "%7C=x", "!=x", "@=x"])
def test_reserved_names_of_criteria_never_select(query: str) -> None:
    """A client must not be able to break a plan that serves all clients."""
    try:
        criteria = _criteria(query)
    except QueryNotUnderstoodError:
        return
    assert MEMBERS.matching("members", criteria) == []


@pytest.mark.parametrize("query", ["q=", "q=&q=", "firstName="])
def test_an_empty_value_does_not_filter(query: str) -> None:
    """Pages send it for an empty search box. A DELETE is then refused: it has no criterion."""
    assert _criteria(query) == {}


def test_an_empty_value_is_a_filter_where_records_have_empty_texts() -> None:
    session = session_of({"members": [{"note": ""}, {"note": "x"}]})

    assert _criteria("note=", session) == {"note": ""}


def test_a_learned_field_takes_precedence_over_words_and_operators() -> None:
    """The `check_in` of a hotel is a field, not the operator `in` on `check`."""
    assert _criteria("check_in=2026-01-01") == {"check_in": "2026-01-01"}
    for word in ("q", "limit", "page", "sort", "fields"):
        session = session_of({"members": [{word: 1}]})
        assert _criteria(f"{word}=1", session) == {word: 1}


class TestHints:
    def test_a_hint_names_the_unknown_and_the_known_fields(self) -> None:
        hint = bound(request("GET", "/members?colour=red"), MEMBERS).hint

        assert hint is not None
        assert "'colour'" in hint
        assert "'age'" in hint

    @pytest.mark.parametrize("text", ["undefined", "null", "NaN"])
    def test_a_missing_value_of_a_program_is_named(self, text: str) -> None:
        hint = bound(request("GET", f"/members?firstName={text}"), MEMBERS).hint

        assert hint is not None
        assert text in hint

    @pytest.mark.parametrize("query", ["age=1", "id=1", "q=x", "sort=age", "_=17"])
    def test_known_fields_give_no_hint(self, query: str) -> None:
        assert bound(request("GET", f"/members?{query}"), MEMBERS).hint is None

    def test_an_empty_resource_gives_no_hint(self) -> None:
        """The client cannot have meant any other field."""
        assert bound(request("GET", "/films?age=1"), MEMBERS).hint is None

    @given(st.text(max_size=50), st.text(min_size=1, max_size=50))
    def test_a_hint_is_always_a_valid_header_value(self, unknown: str, field: str) -> None:
        """Field names come from clients: they must not inject line breaks into a header."""
        context = replace(request("GET", "/films"), query={unknown: ("1",)})
        try:
            hint = bound(context, session_of({"films": [{field: 1}]})).hint
        except (QueryNotUnderstoodError, BadPagingError):
            return

        assert hint is None or (hint.isascii() and hint.isprintable())


POSTS = session_of({"posts": [{"n": n, "tag": "ab"[n % 2]} for n in range(10)]})


class TestPaging:
    @pytest.mark.parametrize(
        "query",
        [
            "limit=2&offset=4",
            "page=3&per_page=2",
            "_page=3&_limit=2",
            "_start=4&_end=6",
            "$top=2&$skip=4",
            "page[number]=3&page[size]=2",
            "pagination[page]=3&pagination[pageSize]=2",
            "range=[4,5]",
            "limit=2&starting_after=4",
            "limit=2&ending_before=7",
        ],
    )
    def test_every_spelling_of_a_page_is_one_page(self, query: str) -> None:
        binding = bound(request("GET", f"/posts?{query}"), POSTS)

        assert (binding.limit, binding.offset) == (2, 4)

    def test_a_page_after_a_record_begins_at_its_place_in_the_order(self) -> None:
        binding = bound(request("GET", "/posts?tag=b&sort=-n&starting_after=8&limit=2"), POSTS)

        assert (binding.limit, binding.offset) == (2, 2)

    def test_a_page_before_a_record_has_no_record_from_it_on(self) -> None:
        """Near the begin of the list, the page is shorter."""
        near, every = (
            bound(request("GET", f"/posts?ending_before=3{limit}"), POSTS)
            for limit in ("&limit=5", "")
        )

        assert (near.limit, near.offset) == (2, 0)
        assert (every.limit, every.offset) == (2, 0)

    def test_below_a_parent_the_place_is_among_its_children(self) -> None:
        comments = [{"post_id": 1 + n % 2} for n in range(6)]
        session = session_of({"posts": [{}, {}], "comments": comments})

        binding = bound(request("GET", "/posts/2/comments?limit=1&starting_after=4"), session)

        assert binding.offset == 2

    @pytest.mark.parametrize("cursor", ["99", "2"])
    def test_a_record_that_the_list_does_not_have_is_refused(self, cursor: str) -> None:
        """The first page again would make a client loop for ever."""
        with pytest.raises(QueryNotUnderstoodError, match="first page"):
            bound(request("GET", f"/posts?n_gt=5&limit=2&starting_after={cursor}"), POSTS)

    @pytest.mark.parametrize("query", ["limit=x", "page=0&per_page=x", "offset=1.5"])
    def test_paging_without_sense_is_refused(self, query: str) -> None:
        with pytest.raises(BadPagingError):
            bound(request("GET", f"/posts?{query}"), POSTS)


BLOG = session_of(
    {
        "users": [{"name": "Ann"}, {"name": "Ben"}],
        "posts": [
            {"title": "Hi", "userId": 1, "tags": ["a"]},
            {"title": "Ho", "userId": "2", "tags": []},
        ],
        "comments": [{"body": "yes", "postId": 1, "userId": 2}, {"body": "no", "postId": 2}],
    }
)


class TestSelect:
    def test_fields_and_relations_are_shown(self) -> None:
        binding = bound(request("GET", "/posts?select=id,title,user(name)"), BLOG)

        assert binding.select == ["id", "title", "user"]

    def test_dotted_fields_show_their_object(self) -> None:
        session = session_of({"members": [{"home": {"city": "Bern"}, "age": 1}]})

        assert bound(request("GET", "/members?fields=home.city"), session).select == ["home"]

    def test_fields_can_be_left_out(self) -> None:
        binding = bound(request("GET", "/posts?exclude=tags"), BLOG)

        assert binding.select is None
        assert list(binding.exclude) == ["tags"]


class TestEmbed:
    @pytest.mark.parametrize(
        "query",
        [
            "_expand=user",
            "expand=user",
            "include=user",
            "populate=user",
            "$expand=user",
            "embed=user",
            "select=*,user(*)",
            "with=user",
            "expand[]=user",
        ],
    )
    def test_a_relation_to_one_record_is_one_search(self, query: str) -> None:
        (step,) = bound(request("GET", f"/posts?{query}"), BLOG).embed

        assert (step["name"], step["resource"], step["field"]) == ("user", "users", "userId")
        assert step["many"] is False
        assert step["from"] == 0

    @pytest.mark.parametrize("query", ["_embed=comments", "include=comments", "expand=comments"])
    def test_a_relation_to_many_records_is_one_search(self, query: str) -> None:
        (step,) = bound(request("GET", f"/posts?{query}"), BLOG).embed

        assert (step["name"], step["resource"], step["field"]) == (
            "comments",
            "comments",
            "postId",
        )
        assert step["many"] is True

    def test_relations_of_relations_start_from_their_step(self) -> None:
        steps = bound(request("GET", "/users?include=posts.comments,comments"), BLOG).embed

        assert [(step["name"], step["from"]) for step in steps] == [
            ("posts", 0),
            ("comments", 1),
            ("comments", 0),
        ]

    def test_a_selected_relation_keeps_the_field_that_links_the_next(self) -> None:
        steps = bound(request("GET", "/users?select=*,posts(title,user(name))"), BLOG).embed

        assert steps[0]["select"] == ["id", "title", "userId"]

    def test_a_field_of_the_records_needs_no_search(self) -> None:
        """Clients ask to embed records that are embedded already."""
        assert list(bound(request("GET", "/posts?include=tags"), BLOG).embed) == []

    def test_an_unknown_relation_is_refused_and_the_known_ones_are_named(self) -> None:
        with pytest.raises(QueryNotUnderstoodError, match="it has comments, users"):
            bound(request("GET", "/posts?_expand=editor"), BLOG)

    def test_all_relations_can_be_asked_for(self) -> None:
        steps = bound(request("GET", "/posts?populate=*"), BLOG).embed

        assert sorted(step["resource"] for step in steps) == ["comments", "users"]


@pytest.mark.parametrize(
    ("target", "ids"),
    [
        ("/posts?user.name=Ann", [1]),
        ("/posts?user.name=Ben", [2]),
        ("/users?posts.title=Ho", [2]),
        ("/users?posts.comments.body=yes", [1]),
        ("/comments?post.user.name=Ben", [2]),
        ("/posts?user.name=Zoe", []),
    ],
)
def test_a_condition_on_related_records_selects_by_the_link(target: str, ids: list[int]) -> None:
    """Links may be stored as text where ids are numbers."""
    context = request("GET", target)

    matching = BLOG.matching(context.segments[0], bound(context, BLOG).criteria)

    assert [record["id"] for record in matching] == ids


def test_ids_in_the_path_cannot_be_widened_by_the_query() -> None:
    criteria = bound(request("DELETE", "/posts/1,2,3?id_in=3,4"), POSTS).criteria

    assert [record["id"] for record in POSTS.matching("posts", criteria)] == [3]


class TestCustomRequests:
    def test_the_query_is_read_for_the_plans_resource(self) -> None:
        context = request("GET", "/posts/oldest?n_gt=3&limit=2&sort=-n")
        plan = CUSTOM.model_copy(update={"resource": "posts"})

        binding = bind(shaped_of(context, POSTS), plan, POSTS)

        assert binding.criteria == {"n__gt": 3}
        assert (binding.limit, binding.sort) == (2, "-n")

    def test_a_query_that_is_not_understood_selects_nothing(self) -> None:
        """Ignored, it would widen what a program changes."""
        context = request("DELETE", "/posts/all/stale?((=1")
        plan = CUSTOM.model_copy(update={"resource": "posts"})

        criteria = bind(shaped_of(context, POSTS), plan, POSTS).criteria

        assert POSTS.matching("posts", criteria) == []


def test_a_filled_plan_does_not_contain_its_code() -> None:
    plan = Plan(action="get", resource="members", code=Code(block="REPLY = 1"))
    shaped = shaped_of(request("PATCH", "/members/7", b'{"a":1}'), MEMBERS)

    assert bind(shaped, plan, MEMBERS).fill(plan) == {
        "action": "get",
        "resource": "members",
        "identifier": "7",
        "item": None,
        "parents": [],
        "criteria": {},
        "limit": None,
        "offset": 0,
        "sort": None,
        "select": None,
        "exclude": [],
        "embed": [],
        "payload": {"a": 1},
        "response_hints": {},
    }


_NAMES = session_of({"names": [{"name": text} for text in ("b", "A", "C", "a")]})


def _sorted_names(target: str, settings: ReadingSettings | None = None) -> str:
    body = answer_of(request("GET", target), _NAMES, settings).body
    return "".join(row["name"] for row in body.get("items", body))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sort=name", "AabC"),
        ("sort=-name", "CbaA"),
        ("_sort=name", "ACab"),
        ("_sort=-name", "baCA"),
        ("order=name.desc", "baCA"),
        ('orderBy="name"', "ACab"),
        ("$orderby=name", "AabC"),
        ("sort=name&starting_after=2", "abC"),
        ("_sort=name&_after=2", "Cab"),
    ],
)
def test_texts_sort_as_the_server_of_the_dialect_sorts_them(query: str, names: str) -> None:
    """json-server, PostgREST and Firebase sort upper case first; a page begins in that order."""
    assert _sorted_names(f"/names?{query}") == names


def test_a_dialect_that_was_only_learned_sorts_nothing() -> None:
    learned, chosen = ReadingSettings(learned="parse"), ReadingSettings(dialect="parse")

    assert _sorted_names("/names?sort=name", learned) == "AabC"
    assert _sorted_names("/names?sort=name", chosen) == "ACab"
