"""Properties of readings: one meaning has one answer, and no change takes in more than a GET.

Each request goes all the way: reading, shape, plan of the rules, binding, and the program itself.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larst.dialects import DIALECTS
from larst.domain import Json, Record, RequestContext
from larst.errors import BadRequestError, LarstError
from larst.planning.reading.request import ReadingSettings
from larst.store.session_data import SessionData
from tests.effort import examples
from tests.fakes import request
from tests.planning.sessions import answer_of, session_of, shaped_of

_RANDOM = random.Random(12)  # noqa: S311 - sample records
WORDS = ("red", "green", "Blue", "a b", "x,y", "", "10")


def _posts() -> list[Record]:
    return [
        {
            "views": _RANDOM.randrange(5),
            "title": _RANDOM.choice(WORDS),
            "isOpen": _RANDOM.random() < 0.5,
            "userId": _RANDOM.choice([1, 2, "2"]),
            "home": {"city": _RANDOM.choice(WORDS)},
            "tags": _RANDOM.sample(WORDS, 2),
            "state": _RANDOM.choice([None, "null", "NaN", "open"]),
            "madeAt": _RANDOM.choice(["2025-01-02T10:00:00Z", "2025-01-03T00:00:00+02:00"]),
            **({"note": "n"} if _RANDOM.random() < 0.5 else {}),
        }
        for _ in range(12)
    ]


POSTS = _posts()


def _session() -> SessionData:
    return session_of({"users": [{"name": "Ann"}, {"name": "Ben"}], "posts": POSTS})


SESSION = _session()


def _rows(target: str) -> list[Json]:
    """Return the records of a reply, in its order, without its form."""
    body = answer_of(request("GET", target), SESSION).body
    rows = body["items"] if isinstance(body, dict) else body
    return [row["id"] for row in rows]


SAME_MEANING = {
    "a page": [
        "limit=3&offset=3",
        "page=2&per_page=3",
        "page=2&limit=3",
        "page=2&page_size=3",
        "page=2&pageSize=3",
        "_page=2&_limit=3",
        "_start=3&_end=6",
        "_start=3&_limit=3",
        "$top=3&$skip=3",
        "$limit=3&$skip=3",
        "skip=3&take=3",
        "page[number]=2&page[size]=3",
        "page[limit]=3&page[offset]=3",
        "pagination[page]=2&pagination[pageSize]=3",
        "pagination[start]=3&pagination[limit]=3",
        "filter[limit]=3&filter[skip]=3",
        "range=[3,5]",
    ],
    "an order": [
        "sort=-views,id",
        "_sort=views,id&_order=desc,asc",
        "_sort=-views,id",
        "order=views.desc,id.asc",
        "order=views desc,id asc",
        "orderBy=views desc, id asc",
        "$orderby=views desc,id",
        "ordering=-views,id",
        "sort=views:desc,id:asc",
        "sort[0]=views:desc&sort[1]=id:asc",
        "sort[]=-views&sort[]=id",
        '$sort={"views":-1,"id":1}',
        "$sort[views]=-1&$sort[id]=1",
        "sort=views,desc&sort=id,asc",
        "filter[order][0]=views DESC&filter[order][1]=id ASC",
    ],
    "a comparison": [
        "views_gte=2",
        "views__gte=2",
        "views[gte]=2",
        "views[$gte]=2",
        "views:gte=2",
        "views=gte.2",
        "views_min=2",
        "views>=2",
        "filter[views][gte]=2",
        "filters[views][$gte]=2",
        "filter[where][views][gte]=2",
        'filter={"views":{"$gte":2}}',
        'where={"views":{"$gte":2}}',
        "$filter=views ge 2",
        "filter=views>=2",
        "q[views_gteq]=2",
        "filter=views=ge=2",
        "views=2..",
    ],
    "a list of ids": [
        "id=1&id=2&id=3",
        "id[]=1&id[]=2&id[]=3",
        "id[0]=1&id[1]=2&id[2]=3",
        "id_in=1,2,3",
        "id__in=1,2,3",
        "id[in]=1,2,3",
        "id[$in][]=1&id[$in][]=2&id[$in][]=3",
        "id=in.(1,2,3)",
        "id=1,2,3",
        "ids=1,2,3",
        'filter={"id":[1,2,3]}',
        "filters[id][$in][0]=1&filters[id][$in][1]=2&filters[id][$in][2]=3",
        "$filter=id in (1,2,3)",
    ],
}


@pytest.mark.parametrize("meaning", SAME_MEANING)
def test_all_spellings_of_a_meaning_share_one_plan_and_one_answer(meaning: str) -> None:
    targets = [f"/posts?{quote(query, safe='&=[]$,')}" for query in SAME_MEANING[meaning]]

    keys = {target: shaped_of(request("GET", target), SESSION).key for target in targets}
    rows = {target: _rows(target) for target in targets}

    assert len(targets) > 12
    assert {t: k for t, k in keys.items() if k != keys[targets[0]]} == {}
    assert {t: r for t, r in rows.items() if r != rows[targets[0]]} == {}
    assert rows[targets[0]]


FIELDS = st.sampled_from(
    [
        *("views", "title", "isOpen", "userId", "home.city", "note", "id", "viws", "colour"),
        *("user.name", "tags", "state", "madeAt", "is_open", "made", "open", "user", "home"),
        *("title.city", "users.name", "_id", "Title", "home[city]", "state.x", "tags.0"),
    ]
)
OPERATORS = st.sampled_from(
    [
        *("{f}={v}", "{f}_gte={v}", "{f}_lt={v}", "{f}_ne={v}", "{f}[$ne]={v}", "{f}__in={v},1"),
        *("{f}_exists={v}", "{f}=not.eq.{v}", "{f}=in.({v},2)", "or=({f}.eq.{v},id.eq.1)"),
        *("{f}=*{v}*", "{f}_like={v}", "filter[{f}]={v}", "filter[{f}][not]={v}", "not[{f}]={v}"),
        *('filter={{"{f}":"{v}"}}', 'where={{"$or":[{{"{f}":"{v}"}}]}}', "$filter={f} eq {v}"),
        *("$filter=not({f} eq '{v}')", "{f}={v}..", "{f}=!{v}", "{f}>{v}", "{f}=is.null", "q={v}"),
        *("{f}", "{f}[]={v}", "{f}[$nin]={v}", "_where[{f}]={v}", "search={v}", "!{f}={v}"),
        *("{f}_null={v}", "{f}[$null]={v}", "{f}_notnull", "{f}_in={v}", "{f}_nin={v}", "-{f}={v}"),
        *("{f}_between={v},9", "{f}__year={v}", "{f}__date={v}", "{f}_regex={v}", "{f}={v}&{f}=1"),
        *("{f}[or][0]={v}", "$or[0][{f}]={v}&$or[1][id]=1", "$not[{f}]={v}", "$nor[0][{f}]={v}"),
        *("filter[where][or][0][{f}]={v}", "filters[$not][{f}]={v}", "{f}[$exists]={v}"),
        *('filter={{"{f}":{{"$ne":"{v}"}}}}', 'where={{"$nor":[{{"{f}":"{v}"}}]}}'),
        *('q={{"{f}":"{v}"}}', 's={{"{f}":{{"$cont":"{v}"}}}}', "filter={f}!='{v}'"),
        *("filter={f}||$eq||{v}", "filter={f}:{v}", "q={f}:{v}", "filter={f}=={v};id=gt=1"),
        *("rsql={f}!={v}", "query={v}", "filterBy={f}&filterValue={v}", "by={f}&value={v}"),
        *("{f}_isnull={v}", "{f}_empty={v}", "{f}[blank]={v}", "{f}_any={v},2", "{f}_all={v}"),
        *("from={v}&to=9", "since={v}", "ids={v}", "exclude={v}", "only={v}", "without={v}"),
        *("mine={v}", "all={v}", "{f}={v};{f}=2", "{f}={v}|2", "{f}={v}*", "{f}=~{v}", "{f}<{v}"),
        *("{f}=eq:{v}", "{f}={v}..9", "{f}=<{v}", "{f}=ne:{v}", "{f}=$ne:{v}", "{f}=!={v}"),
        *("{f}=cs.{{{v}}}", "and=({f}.neq.{v},id.gt.1)", "not.or=({f}.eq.{v},id.eq.2)"),
        *("$filter={f} ne null", "$filter=contains({f},'{v}')", "$search={v}", "limit={v}"),
        *("page={v}", "_page={v}&{f}={v}", "$top=1&{f}={v}", "offset=1&{f}=1", "sort={f}&{f}={v}"),
        *("fields={f}&{f}={v}", "embed=user&{f}={v}", "pagination[page]=1&filters[{f}]={v}"),
        *("$filter={f} in ('{v}','2')", "$filter=startswith({f},'{v}')", "$filter={f} gt {v}"),
        *("$filter={f} eq null or id eq 1", "$filter=not contains({f},'{v}')", "$count={v}"),
        *("filter=not({f}='{v}')", "filter={f}~'{v}'", "filter=({f}='{v}'||id=1)", "filter={v}"),
        *("filter[_or][0][{f}][_eq]={v}", "filter[{f}][_neq]={v}", "filter[{f}][_null]={v}"),
        *("filters[{f}][$notNull]={v}", "filters[$or][0][{f}]={v}&filters[$or][1][id]=1"),
        *("filter[where][{f}][neq]={v}", "where={f}!={v}", "where={f}=={v}", "where={v}"),
        *('filter={{"where":{{"{f}":{{"neq":"{v}"}}}}}}', 'where={{"{f}":{{"$exists":{v}}}}}'),
        *('orderBy="{f}"&equalTo={v}', 'orderBy="{f}"&startAt={v}', "q[{f}_not_eq]={v}"),
        *("q[{f}_null]={v}", "q[{f}_cont]={v}", "{f}_not={v}", "{f}:not={v}", "{f}.ne={v}"),
        *("select={f}&{f}=eq.{v}", "{f}=neq.{v}", "{f}=not.in.({v},2)", "{f}=not.is.{v}"),
        *("columns[0][data]={f}&columns[0][search][value]={v}", "filter[{f}][]={v}", "_={v}"),
        *("on_conflict={f}", "_method={v}", "cascade={v}", "_dependent={v}", "debug={v}"),
        *("id={v}", "id=1&{f}={v}", "id_ne={v}", "id[]={v}", "_id={v}", "ids[]={v}&ids[]=2"),
    ]
)
VALUES = st.sampled_from(
    [
        *("", "1", "2", "-1", "red", "true", "false", "null", "undefined", "maybe", "x,y", "a b"),
        *("*", "NaN", "NULL", "None", "nil", "[]", "{}", "0", "1.0", "1e0", "%", "'red'", '"red"'),
        *("!red", "2025-01-02", "2025", "today", "open", "[1,2]", "(1,2)", "red,", ",", " red"),
    ]
)


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Return a query of one or two filters, in any dialect, with and without sense."""
    filters: Sequence[tuple[str, str, str]] = draw(
        st.lists(st.tuples(OPERATORS, FIELDS, VALUES), min_size=1, max_size=2)
    )
    return "&".join(
        quote(operator.format(f=name, v=value), safe="=&[]$!,()*")
        for operator, name, value in filters
    )


MAX_EXAMPLES = examples(75)
PATHS = st.sampled_from(
    [
        *("/posts", "/users/2/posts", "/posts/1,2,3,4", "/posts/", "/post", "/api/v1/posts"),
        *("/Posts", "/admin/posts", "/posts.json", "/posts(1)", "/posts(1,2,3)", "/items/posts"),
        *("/classes/posts", "/api/collections/posts/records", "/users/1/posts/1,2,3"),
        *("/users(2)/posts", "/users/2/posts.json", "/posts/search", "/posts/findByTitle"),
        *("/rest/v1/posts", "/posts/count", "/posts/latest", "/users/2/post", "/a/b/posts"),
        *("/posts/3", "/posts/first", "/users/ann/posts", "/users/2/posts/4", "/posts/bulk"),
    ]
)
HEADERS: Sequence[Mapping[str, str]] = (
    {},
    *({"x-larst-dialect": name} for name in DIALECTS),
    {"accept": "application/vnd.api+json"},
    {"x-client-info": "supabase-js/2"},
    {"prefer": "return=representation"},
    {"prefer": "return=minimal,count=exact"},
    {"odata-version": "4.0"},
    {"stripe-version": "2024-06-20"},
)
SETTINGS = st.sampled_from(
    [
        ReadingSettings(),
        ReadingSettings(unknown="ignore"),
        ReadingSettings(unknown="refuse"),
        *(ReadingSettings(dialect=name) for name in DIALECTS),
        *(ReadingSettings(learned=name) for name in DIALECTS),
    ]
)


@dataclass(frozen=True)
class Change:
    """A request that changes what matches, and the session's settings; `GET` of it shows that."""

    target: str
    headers: Mapping[str, str]
    settings: ReadingSettings

    def send(self, method: str, body: bytes = b"") -> set[str]:
        """Send the request to a session of its own; return the ids of the posts that it changed."""
        session = _session()
        before = {str(row["id"]): row for row in session.matching("posts", {})}
        with suppress(LarstError):
            answer_of(self._request(method, body), session, self.settings)
        after = {str(row["id"]): row for row in session.matching("posts", {})}
        return {key for key in before if after.get(key) != before[key]}

    def shows(self, ids: set[str]) -> bool:
        """Return whether GET shows the records; without their ids, whether it shows as many."""
        body = answer_of(self._request("GET"), SESSION, self.settings).body
        rows = body.get("items", [body]) if isinstance(body, dict) else body
        if all("id" in row for row in rows):
            return ids <= {str(row["id"]) for row in rows}
        return len(ids) <= len(rows)

    def _request(self, method: str, body: bytes = b"") -> RequestContext:
        return request(method, self.target, body, headers=self.headers)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Return a change in any dialect: of its header, of the session's settings, or of its marks."""
    query = draw(queries())
    return Change(f"{draw(PATHS)}?{query}", draw(st.sampled_from(HEADERS)), draw(SETTINGS))


@settings(deadline=None, max_examples=MAX_EXAMPLES, derandomize=True)
@given(changes())
def test_no_delete_takes_in_more_than_the_same_get_showed(change: Change) -> None:
    """A client checks with GET what it is about to delete."""
    deleted = change.send("DELETE")
    assert not deleted or change.shows(deleted)


@settings(deadline=None, max_examples=MAX_EXAMPLES, derandomize=True)
@given(changes())
def test_no_patch_takes_in_more_than_the_same_get_showed(change: Change) -> None:
    changed = change.send("PATCH", b'{"mark": 1}')
    assert not changed or change.shows(changed)


@pytest.mark.parametrize(
    "query",
    ["id[]=(1,2)", "title[]=x,y", "title[]=x,q", "views[]=1,2", "tags[]=a b,red", "views[]=>1"],
)
def test_a_list_in_brackets_means_the_same_in_a_read_and_in_a_change(query: str) -> None:
    """A text with a comma that some record has is a text; GET took it for a list of texts."""
    key, text = query.split("[]=")
    plain = shaped_of(request("GET", f"/posts?{key}={text}"), SESSION).reading.asked

    assert shaped_of(request("GET", f"/posts?{query}"), SESSION).reading.asked == plain
    with suppress(BadRequestError):
        asked = shaped_of(request("DELETE", f"/posts?{query}"), SESSION).reading.asked
        assert asked == plain


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
@pytest.mark.parametrize(
    "query",
    [
        "?views_ne=undefined",
        "?user.name_ne=undefined",
        "?title=not.eq.NaN",
        "?filter[id][not]=undefined",
        "",
        "?q=",
        "?_=1",
        "?utm_source=x",
        "?title_exists=maybe",
        "?viws=1",
        "?limit=2",
        "?page=1",
        "?sort=views",
        "?fields=id",
        "?lang=de",
        "?format=json",
    ],
)
def test_a_change_without_a_criterion_changes_nothing(method: str, query: str) -> None:
    session = _session()
    body = b'{"mark": 1}' if method == "PATCH" else b""
    before = session.matching("posts", {})
    with suppress(BadRequestError):
        assert answer_of(request(method, f"/posts{query}", body), session).status == 400
    assert session.matching("posts", {}) == before


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
@pytest.mark.parametrize(
    "query", ["limit=1", "page=1", "sort=views", "_end=1", "title=red&only=open"]
)
def test_a_change_of_listed_ids_takes_no_part_of_them(method: str, query: str) -> None:
    """GET shows one record; a change that ignores the limit takes in all that the path lists."""
    session = _session()
    body = b'{"mark": 1}' if method == "PATCH" else b""
    before = session.matching("posts", {})
    with pytest.raises(BadRequestError):
        answer_of(request(method, f"/posts/1,2,3?{query}", body), session)
    assert session.matching("posts", {}) == before


@pytest.mark.parametrize("query", ["filters[$not][views]=&filters[$not][title]=", "not[title]="])
def test_a_negation_of_nothing_changes_nothing(query: str) -> None:
    session = _session()
    before = session.matching("posts", {})

    with pytest.raises(BadRequestError):
        answer_of(request("DELETE", f"/posts?{query}"), session)

    assert session.matching("posts", {}) == before
