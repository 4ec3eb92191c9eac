"""A remembered reading must be the reading in full: otherwise a value would change its meaning."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larst.domain import Record, RequestContext
from larst.errors import LarstError
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes import ShapedRequest, ShapeMemory, shape_request
from larst.planning.shapes.memory import MAX_READINGS
from larst.store.session_data import SessionData
from tests.effort import examples
from tests.fakes import request
from tests.planning.reading.requests import BY_DIALECT
from tests.planning.reading.world import DATA
from tests.planning.sessions import begin, commit, session_of

SETTINGS = ReadingSettings()
_UNESCAPED = "=&+%,:;()*'!$[]{}@/.~_-"
WORLD = session_of({name: rows for name, rows in DATA.items() if isinstance(rows, list)})
POSTS: dict[str, list[Record]] = {
    "posts": [
        {"title": "red", "views": 3, "isOpen": True, "userId": 1, "home": {"city": "a,b"}},
        {"title": "blue", "views": 5, "isOpen": False, "userId": "2", "made": "2025-01-01"},
    ],
    "users": [{"name": "Ann"}],
}


def _outcome(read: object, context: RequestContext, session: SessionData) -> object:
    """Return all that later stages see of a reading, or its error."""
    shape = read.shape if isinstance(read, ShapeMemory) else shape_request
    try:
        shaped: ShapedRequest = shape(context, session, SETTINGS)
    except LarstError as error:
        return type(error), str(error)
    return shaped.request, shaped.shape, shaped.path, shaped.facts, shaped.key, shaped.reading


def _get(query: str, *, path: str = "/posts") -> RequestContext:
    return request("GET", path + "?" + quote(query, safe=_UNESCAPED))


@pytest.mark.parametrize("dialect", BY_DIALECT)
def test_each_request_of_a_dialect_is_remembered_as_it_is_read(dialect: str) -> None:
    memory = ShapeMemory()
    for target, _ in BY_DIALECT[dialect]:
        path, _, query = target.partition("?")
        context = _get(query, path=path)
        full = _outcome(shape_request, context, WORLD)

        assert [_outcome(memory, context, WORLD) for _ in range(3)] == [full] * 3


KEYS = st.sampled_from(
    [
        *("title", "views", "isOpen", "userId", "home.city", "made", "id", "nope", "user.name"),
        *("views_gte", "title_ne", "title[in]", "id[]", "views[$lt]", "title_like", "made_lt"),
        *("filter[title]", "filter[views][gt]", "q", "search", "_page", "_limit", "page", "limit"),
        *("offset", "per_page", "sort", "_order", "desc", "fields", "_embed", "t", "$top", "first"),
        *("startDate", "created", "minViews", "isOpen_ne", "not[title]", "or", "year", "views_in"),
        *("title_exists", "made_year", "home", "direction", "reverse", "count", "meta", "range"),
    ]
)
VALUES = st.sampled_from(
    [
        *("red", "Red", "blue", "desc", "true", "none", "null", "all", "gt", "id", "title", "user"),
        *(
            "0",
            "1",
            "2",
            "3",
            "7",
            "10",
            "007",
            "2025",
            "1764147600000",
            "0.5",
            "99999999999",
            "-1",
            "a,b",
            "x y",
            "",
            "*",
        ),
    ]
)


@settings(deadline=None, max_examples=examples(75))
@given(st.lists(KEYS, min_size=1, max_size=3, unique=True), st.data())
def test_other_values_are_read_as_if_nothing_had_been_remembered(
    keys: Sequence[str], data: st.DataObject
) -> None:
    """The readings of earlier values must not leak into those of later ones."""
    session, memory = session_of(POSTS), ShapeMemory()
    for _ in range(4):
        context = _get("&".join(f"{key}={data.draw(VALUES)}" for key in keys))

        assert _outcome(memory, context, session) == _outcome(shape_request, context, session)


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the targets that are read in full from now on."""
    targets: list[str] = []

    def shape(
        context: RequestContext, session: SessionData, settings: ReadingSettings
    ) -> ShapedRequest:
        targets.append(context.path)
        return shape_request(context, session, settings)

    monkeypatch.setattr("larst.planning.shapes.memory.shape_request", shape)
    return targets


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("title=red", "title=blue"),
        ("views=3", "views=77"),
        ("views_gte=3&title_ne=x&_limit=5", "views_gte=4&title_ne=y&_limit=5"),
        ("id[]=3&id[]=4", "id[]=7&id[]=8"),
        ("filter[views][gt]=3", "filter[views][gt]=44"),
        ("q=red", "q=green"),
        ("user.name=Ann", "user.name=Ben"),
        ("views=gte.2&order=views.desc", "views=gte.2&order=views.desc"),
        ("nope=red", "nope=green"),
        ("t=123456&title=red", "t=654321&title=blue"),
        ("_=1764147600000", "_=1764147600001"),
        ("rnd=0.7481&_page=2", "rnd=0.11&_page=2"),
    ],
)
def test_a_query_with_other_values_is_not_read_in_full_again(
    first: str, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, memory = session_of(POSTS), ShapeMemory()
    memory.shape(_get(first), session, SETTINGS)
    readings = _counted(monkeypatch)

    shaped = memory.shape(_get(second), session, SETTINGS)

    assert readings == []
    assert shaped.reading.asked == shape_request(_get(second), session, SETTINGS).reading.asked


def test_new_fields_and_resources_are_noticed() -> None:
    session, memory = session_of(POSTS), ShapeMemory()
    query = _get("colour=red")
    assert memory.shape(query, session, SETTINGS).reading.unknown == ("colour",)
    transaction = begin(session)
    transaction.resource("posts").insert({"colour": "red"})
    commit(session, transaction)

    assert memory.shape(query, session, SETTINGS).reading.unknown == ()


def test_a_text_that_a_record_has_by_now_means_itself() -> None:
    """`title=gt.5` is a comparison until a record has that title."""
    session, memory = session_of(POSTS), ShapeMemory()
    query = _get("title=gt.5")
    before = memory.shape(query, session, SETTINGS).reading.asked
    transaction = begin(session)
    transaction.resource("posts").insert({"title": "gt.5"})
    commit(session, transaction)

    after = memory.shape(query, session, SETTINGS).reading.asked

    assert after != before
    assert after == shape_request(query, session, SETTINGS).reading.asked


def test_other_settings_are_noticed() -> None:
    session, memory = session_of(POSTS), ShapeMemory()
    memory.shape(_get("title=red"), session, SETTINGS)

    shaped = memory.shape(_get("title=red"), session, ReadingSettings(dialect="spring"))

    assert shaped.reading.dialect.name == "spring"


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_changes_are_read_in_full(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session, memory = session_of(POSTS), ShapeMemory()
    readings = _counted(monkeypatch)

    for _ in range(2):
        memory.shape(request(method, "/posts?title=red", b'{"a":1}'), session, SETTINGS)

    assert len(readings) == 2


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client can send any number of different queries."""
    session, memory = session_of(POSTS), ShapeMemory()
    for page in range(2, 3 * MAX_READINGS):
        memory.shape(_get(f"_page={page}"), session, SETTINGS)
        memory.shape(_get(f"title=red&x{page}=1"), session, SETTINGS)
    readings = _counted(monkeypatch)

    memory.shape(_get(f"_page={page}"), session, SETTINGS)
    assert readings == []
    memory.shape(_get("_page=2"), session, SETTINGS)
    assert readings
    assert len(memory) <= MAX_READINGS
