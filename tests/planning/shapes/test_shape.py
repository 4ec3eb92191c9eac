"""Shapes: equal for requests that differ in values only, and free of values."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.planning.shapes.shape import (
    Shape,
    classify,
    identifier_class,
    plan_key,
    shape_key,
)
from tests.fakes import request
from tests.planning.sessions import session_of, shaped, shaped_of


def _shape(method: str, target: str, body: bytes = b"") -> Shape:
    return shaped(method, target, body).shape


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("5", "<int>"),
        ("-5", "<int>"),
        ("1.5", "<number>"),
        ("1e5", "<number>"),
        ("true", "<bool>"),
        ("2026-11-23", "<date>"),
        ("2026-11-23T10:00:00Z", "<datetime>"),
        ("a@b.org", "<email>"),
        ("123e4567-e89b-12d3-a456-426614174000", "<uuid>"),
        ("", "<empty>"),
        ("٣", "<text>"),
        ("Alice", "<text>"),
        ("Al*", "<text>*"),
        ("*ce", "*<text>"),
        ("*lic*", "*<text>*"),
        ("A*e", "<text>*<text>"),
    ],
)
def test_values_become_classes(value: str, expected: str) -> None:
    assert classify(value) == expected


def test_requests_that_differ_in_values_share_a_shape() -> None:
    """Otherwise every id would need its own plan."""
    assert _shape("GET", "/members/1?a=x") == _shape("GET", "/members/2?a=y")
    assert _shape("POST", "/members", b'{"a":1}') == _shape("POST", "/members", b'{"b":"c"}')
    assert _shape("GET", "/x?a=1&b=2") == _shape("GET", "/x?b=9&a=8")
    assert _shape("GET", "/x?a=1") == _shape("GET", "/x?b=y*")
    assert _shape("GET", "/x/go/on?a=1&b=2") == _shape("GET", "/x/go/on?b=9&a=8")
    assert _shape("HEAD", "/x") == _shape("GET", "/x")


def test_requests_with_another_meaning_have_another_shape() -> None:
    shapes = {
        _shape("GET", "/members/1"),
        _shape("GET", "/members/search"),
        _shape("GET", "/others/1"),
        _shape("DELETE", "/members/1"),
        _shape("GET", "/members"),
        _shape("GET", "/members?a=1"),
        _shape("GET", "/members?limit=1"),
        _shape("GET", "/members?sort=a"),
        _shape("GET", "/members?a=1&limit=1"),
        _shape("POST", "/members", b"{}"),
        _shape("POST", "/members", b"[]"),
    }

    assert len(shapes) == 11


def test_a_custom_request_has_the_keys_of_its_query_in_its_shape() -> None:
    """Its program may mean any key in its own way."""
    shapes = {
        _shape("GET", "/members/oldest"),
        _shape("GET", "/members/oldest?a=1"),
        _shape("GET", "/members/oldest?a=x*"),
        _shape("GET", "/members/oldest?b=1"),
    }

    assert len(shapes) == 4


@pytest.mark.parametrize(
    ("target", "asks"),
    [
        ("/members", ()),
        ("/members?_=170&utm_source=x", ()),
        ("/members?role=admin", ("criteria",)),
        ("/members?page=2&per_page=5", ("limit", "offset")),
        ("/members?_page=1&_limit=5", ("limit",)),
        ("/members?ordering=-age", ("sort",)),
        ("/members?fields=name", ("select",)),
        ("/members/search?name=A*", ("criteria",)),
    ],
)
def test_a_shape_has_its_question_in_larsts_own_words(target: str, asks: tuple[str, ...]) -> None:
    assert _shape("GET", target).asks == asks
    assert _shape("GET", target).query == ()


def test_the_id_of_a_record_is_an_identifier_even_if_it_looks_like_a_name() -> None:
    session = session_of({"members": [{"id": "alice"}]})

    shape = shaped_of(request("GET", "/members/alice"), session).shape

    assert shape.as_json()["path"] == "/members/<id>"
    assert _shape("GET", "/members/alice").as_json()["path"] == "/members/alice"


def test_a_name_that_looks_like_a_class_is_not_a_class() -> None:
    """A client must not be able to use the plan of another shape."""
    assert _shape("GET", "/members/%3Cint%3E") != _shape("GET", "/members/1")
    assert _shape("GET", "/members/%3Cint%3E").as_json()["path"] == "/members/<text>"
    assert _shape("GET", "/%3Cint%3E").as_json()["path"] == "/%3Cint>"


def test_the_key_depends_on_everything_that_a_plan_depends_on() -> None:
    shape = _shape("GET", "/members/1")

    def key(
        shape: Shape = shape,
        facts: dict[str, str] | None = None,
        planner: str = "rules",
        model: str | None = None,
        version: str = "1",
    ) -> str:
        return plan_key(shape_key(shape.as_json(), facts or {}), planner, model, version)

    keys = {
        key(),
        key(facts={"link": "post_id"}),
        key(planner="openai"),
        key(model="small"),
        key(version="2"),
        key(_shape("GET", "/members")),
    }

    assert len(keys) == 6
    assert key() in keys


@pytest.mark.parametrize("text", ["1", "2026-01-01", "a@b.org", "0123456789abcdef"])
def test_identifiers_are_recognized_by_their_form(text: str) -> None:
    assert identifier_class(text) is not None


@pytest.mark.parametrize("text", ["members", "cancel", "cafe", "feedbacc", "v1", "true"])
def test_words_are_not_identifiers(text: str) -> None:
    assert identifier_class(text) is None


@given(st.text(min_size=12, max_size=40).filter(lambda text: "<" not in text))
def test_a_shape_never_contains_a_query_value(secret: str) -> None:
    """Shapes are stored in files and sent to planners."""
    for target in ("/members", "/members/oldest"):
        context = replace(request("GET", target), query={"name": (secret,)})

        assert secret not in str(shaped_of(context).shape.as_json())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@" + "." * 16_000 + "*", "<text>*"),
        ("a@b." * 4000, "<text>"),
        ("*" + "a" * 300, "*<text>"),
        (",".join(map(str, range(1000))), "<int>,…"),
        ("1," * 150 + "a b", "<int>,…"),
        ("9" * 300, "<text>"),
        ("a@b.c", "<email>"),
        ("a@.b", "<text>"),
        ("a@b.", "<text>"),
        ("a@b..c", "<email>"),
    ],
)
def test_the_class_of_a_long_value_takes_no_time(value: str, expected: str) -> None:
    """A quadratic pattern once held the service for twelve seconds."""
    start_s = time.thread_time()

    assert classify(value) == expected
    assert time.thread_time() - start_s < 0.01
