"""The meaning of paths by REST convention."""

from __future__ import annotations

import pytest

from larst.errors import BadResourceNameError
from larst.planning.shapes.rest_path import (
    Parent,
    PathInterpretation,
    RestPath,
    interpret_path,
    link_fields,
)
from larst.planning.shapes.shape import Segment, identifier_class


def _interpret(path: str, *resources: str) -> PathInterpretation:
    parts = [part for part in path.split("/") if part]
    return interpret_path(
        [Segment(part, identifier_class(part) is not None) for part in parts], resources
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/members", RestPath("", "members")),
        ("/members/1", RestPath("", "members", identifier=1)),
        ("/members/bob", RestPath("", "members", identifier=1, is_word=True)),
        ("/members/search", RestPath("", "members", is_search=True)),
        ("/api/v1/members/1", RestPath("/api/v1", "members", identifier=3)),
        ("/api", RestPath("", "api")),
        ("/v2/1", RestPath("", "v2", identifier=1)),
        ("/posts/1/comments", RestPath("", "comments", (Parent("posts", 1),))),
        ("/posts/1/comments/2", RestPath("", "comments", (Parent("posts", 1),), 3)),
        (
            "/posts/1/comments/find",
            RestPath("", "comments", (Parent("posts", 1),), is_search=True),
        ),
        (
            "/shops/1/products/2/reviews",
            RestPath("", "reviews", (Parent("shops", 1), Parent("products", 3))),
        ),
    ],
)
def test_paths_have_their_conventional_meaning(path: str, expected: RestPath) -> None:
    assert _interpret(path) == expected


@pytest.mark.parametrize(
    "path", ["/", "/5", "/orders/1/cancel", "/users/1/profile", "/a/1/2", "/a/1/posts/2/stop"]
)
def test_other_paths_have_no_conventional_meaning(path: str) -> None:
    """A guess could store or return the wrong data."""
    assert _interpret(path) is None


def test_an_existing_resource_is_a_collection_even_in_the_singular() -> None:
    assert _interpret("/users/1/profile", "profile") == RestPath(
        "", "profile", (Parent("users", 1),)
    )


@pytest.mark.parametrize("path", ["/a.b", "/ä", "/a b", "/" + "x" * 65, "/..", "/a*"])
def test_an_invalid_resource_name_is_refused(path: str) -> None:
    assert isinstance(_interpret(path), BadResourceNameError)


@pytest.mark.parametrize(
    ("parent", "fields"),
    [
        ("posts", ("post_id", "postId")),
        ("categories", ("category_id", "categoryId")),
        ("people", ("person_id", "personId")),
        ("order-items", ("order_item_id", "order_itemId")),
        ("status", ("status_id", "statusId")),
    ],
)
def test_a_link_field_has_the_parents_name_in_the_singular(
    parent: str, fields: tuple[str, str]
) -> None:
    assert link_fields(parent) == fields
