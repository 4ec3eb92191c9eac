"""The usual requests are read at once, with the meaning of a full reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larst.domain import Json, RequestContext
from larst.errors import LarstError
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes import ShapeMemory
from larst.planning.shapes import request as requests
from larst.planning.shapes.request import ShapedRequest, shape_request
from larst.planning.shapes.usual import usual_meaning
from tests.effort import examples
from tests.fakes import request
from tests.planning.sessions import session_of

FIELDS: dict[str, Json] = {
    "name": "Ann",
    "user": {"name": "x"},
    "value": 1,
    "data": {"a": 1},
    "members": ["a"],
    "record": {},
    "_method": "DELETE",
    "status": "new",
    "where": {"a": 1},
    "set": 1,
    "create": {},
    "items": [],
    "tags": ["a"],
}
SESSION = session_of(
    {
        "members": [{"id": 1, **FIELDS}, {"id": "latest", "name": "x"}, {"id": "x-1"}],
        "settings": [{"id": "-", "theme": "dark"}],
        "db": [{"id": 1, "name": "a"}],
        "teams": [{"id": 1, "title": "Red"}],
    }
)

VALUES = st.sampled_from(
    [
        "",
        "a",
        "DELETE",
        "null",
        "1,2",
        "{}",
        "[1]",
        0,
        1.5,
        True,
        None,
        {},
        {"name": "b"},
        [],
        ["a"],
    ]
)
RECORDS = st.dictionaries(
    st.sampled_from([*FIELDS, "id", "title", "unknown", "a.b", "name__gt"]), VALUES, max_size=4
)
PATHS = st.sampled_from(
    "/members /members/1 /members/77 /members/latest /members/x-1 /members/count /members/1/"
    " /members/ /Members/1 /settings /settings/theme /db /db/1 /teams /teams/1"
    " /teams/red /unknown /_x/1 /1/2"
    " /members/1/name /members(1) /members/1.json /members/$count /members/1,2 /members/search"
    " /members/%31 /team/1".split()
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "accept": st.sampled_from(["*/*", "application/json", "application/vnd.api+json"]),
        "content-type": st.sampled_from(["application/json", "application/merge-patch+json"]),
        "prefer": st.just("return=minimal"),
        "x-http-method-override": st.just("DELETE"),
        "if-none-match": st.just("*"),
        "x-larst-dialect": st.just("odata"),
        "user-agent": st.just("curl/8"),
    },
)
SETTINGS = st.sampled_from(
    [
        ReadingSettings(),
        ReadingSettings(dialect="jsonapi"),
        ReadingSettings(learned="json-server"),
        ReadingSettings(learned="pocketbase"),
    ]
)


def _facts(shaped: ShapedRequest) -> tuple[object, ...]:
    return (
        shaped.request,
        shaped.shape,
        shaped.path,
        shaped.facts,
        shaped.key,
        shaped.reading,
    )


def _outcome(read: Callable[[], ShapedRequest]) -> object:
    try:
        return _facts(read())
    except LarstError as error:
        return type(error), str(error)


def _in_full(context: RequestContext, reading: ReadingSettings) -> ShapedRequest:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "usual_meaning", lambda *_: None)
        return shape_request(context, SESSION, reading)


@settings(max_examples=examples(375), deadline=None)
@given(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
    PATHS,
    st.one_of(st.none(), RECORDS, RECORDS, st.lists(RECORDS, max_size=2)),
    HEADERS,
    SETTINGS,
)
def test_a_usual_request_means_what_a_full_reading_says(
    method: str, path: str, body: Json, headers: dict[str, str], reading: ReadingSettings
) -> None:
    raw = b"" if body is None or method in ("GET", "HEAD") else json.dumps(body).encode()
    context = request(method, path, raw)
    context = replace(context, headers={**context.headers, **headers})

    at_once = _outcome(lambda: shape_request(context, SESSION, reading))

    assert at_once == _outcome(lambda: _in_full(context, reading))


ROUTES = st.sampled_from(
    "/members /members/1 /members/77 /members/ /settings /members/012345678901234567890".split()
)


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@settings(max_examples=examples(100), deadline=None)
@given(
    st.sampled_from(METHODS),
    ROUTES,
    st.one_of(st.none(), RECORDS, st.lists(RECORDS, max_size=1)),
    HEADERS,
    SETTINGS,
)
def test_a_request_like_an_earlier_one_means_what_a_full_reading_says(
    method: str, path: str, body: Json, headers: dict[str, str], reading: ReadingSettings
) -> None:
    """A memory of readings must not carry one request's meaning over to another."""
    memory = ShapeMemory()
    usual = {"POST": b'{"name":"a","value":1}', "PUT": b'{"name":"b"}', "PATCH": b'{"value":2}'}
    for other in METHODS:
        for route in ("/members", "/members/1"):
            memory.shape(request(other, route, usual.get(other, b"")), SESSION, reading)
    raw = b"" if body is None or method in ("GET", "HEAD") else json.dumps(body).encode()
    context = request(method, path, raw)
    context = replace(context, headers={**context.headers, **headers})

    remembered = _outcome(lambda: memory.shape(context, SESSION, reading))

    assert remembered == _outcome(lambda: _in_full(context, reading))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/members/1", b""),
        ("GET", "/members", b""),
        ("POST", "/members", b'{"name":"Ann","tags":["a"],"status":"new"}'),
        ("PUT", "/members/1", b'{"name":"Ann","value":2}'),
        ("PATCH", "/members/1", b'{"status":"old"}'),
        ("DELETE", "/members/1", b""),
    ],
)
def test_the_most_frequent_requests_are_usual(method: str, path: str, body: bytes) -> None:
    assert usual_meaning(request(method, path, body), SESSION, ReadingSettings()) is not None
