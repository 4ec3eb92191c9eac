"""What planners see of the query: LARST's own words, without values."""

from __future__ import annotations

import doctest
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.domain import Json
from larst.errors import BadRequestError
from larst.planning.attempts import planning_context
from larst.planning.shapes import ShapedRequest, asked_sketch, sketch_of_schema
from tests.fakes import request
from tests.planning.sessions import session_of, shaped_of

SESSION = session_of(
    {
        "users": [{"name": "Ann"}],
        "posts": [{"title": "Hi", "views": 3, "user_id": 1, "home": {"city": "Bern"}}],
    }
)


def _shaped(target: str) -> ShapedRequest:
    sketches = {
        name: sketch_of_schema(schema["json_schema"])
        for name in SESSION.names()
        if (schema := SESSION.schema(name)) is not None
    }
    return shaped_of(request("GET", target), SESSION).detached(SESSION.schema, sketches)


def _asked(target: str) -> Json:
    return planning_context(_shaped(target), has_values=False)["asked"]


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", {}),
        ("limit=10&offset=20", {"limit": "<int>", "offset": "<int>"}),
        ("_page=1&_limit=5", {"limit": "<int>"}),
        ("title=H*", {"criteria": {"title__startswith": "<text>"}}),
        ("views_gte=3", {"criteria": {"views__gte": "<int>"}}),
        ("views_in=3,4", {"criteria": {"views__in": ["<int>"]}}),
        ("home.city=Bern", {"criteria": {"home.city": "<text>"}}),
        (
            "or=(views.eq.1,title.eq.Hi)",
            {"criteria": {"|": [{"title": "<text>"}, {"views": "<int>"}]}},
        ),
        (
            "user.name=Ann",
            {"criteria": {"@": {"relation": "user", "criteria": {"name": "<text>"}}}},
        ),
        ("sort=-views,title", {"sort": "-views,title"}),
        ("fields=title,views", {"select": ["title", "views"]}),
        ("exclude=views", {"exclude": ["views"]}),
        ("_embed=users", {"embed": ["users"]}),
        ("limit=1&starting_after=7", {"limit": "<int>", "after": "<id>"}),
    ],
)
def test_a_planner_sees_the_meaning_of_a_query(query: str, asked: Json) -> None:
    assert _asked(f"/posts?{query}") == asked


def test_with_values_a_planner_sees_the_values() -> None:
    context = planning_context(_shaped("/posts?views_gte=3&limit=10&sort=-views"), has_values=True)

    assert context["asked"] == {"criteria": {"views__gte": 3}, "limit": 10, "sort": "-views"}


def test_a_name_inside_a_value_is_shown_only_if_it_is_known() -> None:
    """A client could write anything there."""
    assert _asked("/posts?sort=-secret,views") == {"sort": "-<name>,views"}
    assert _asked("/posts?fields=title,secret") == {"select": ["title", "<name>"]}


@given(st.text("ßabc .,{}[]()\"'=:-_", min_size=1, max_size=30).map(lambda text: f"ß{text}ß"))
def test_no_text_inside_a_value_is_shown(secret: str) -> None:
    value: Any = quote(secret, safe="")
    for key in ("title", "sort", "fields", "filter", "where", "$filter", "q", "or", "include"):
        for text in (value, f"%7B%22{value}%22:1%7D", f"({value}.eq.1)"):
            try:
                asked = _asked(f"/posts?{key}={text}")
            except BadRequestError:
                continue
            assert "ß" not in json.dumps(asked, ensure_ascii=False)


def test_the_example_runs() -> None:
    results = doctest.testmod(asked_sketch)

    assert (results.attempted, results.failed) == (1, 0)
