"""The meaning of paths by REST convention, and by what a session has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from larst.domain import Json, Record
from larst.errors import BadResourceNameError
from larst.planning.shapes.rest_path import (
    Parent,
    PathInterpretation,
    RestPath,
    interpret_path,
)
from larst.planning.shapes.shape import Segment, identifier_class
from tests.fakes import request
from tests.planning.sessions import session_of, shaped_of


def _interpret(path: str, *resources: str) -> PathInterpretation:
    parts = [part for part in path.split("/") if part]
    return interpret_path(
        [Segment(part, identifier_class(part) is not None) for part in parts], resources
    )


def _path(target: str, **records: Sequence[Record]) -> RestPath:
    path = shaped_of(request("GET", target), session_of(records)).path
    assert isinstance(path, RestPath), path
    return path


def _facts(target: str, **records: Sequence[Record]) -> Mapping[str, Json]:
    return shaped_of(request("GET", target), session_of(records)).facts


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/members", RestPath("", "members")),
        ("/members/1", RestPath("", "members", identifier=1)),
        ("/members/bob", RestPath("", "members", identifier=1, is_word=True)),
        ("/members/search", RestPath("", "members", is_search=True)),
        ("/members/count", RestPath("", "members", is_count=True)),
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
    "prefix", ["/api", "/api/v1", "/v2", "/rest", "/api/v1.1", "/v1beta1", "/API/V3"]
)
def test_a_prefix_names_the_api_and_its_version(prefix: str) -> None:
    path = _path(f"{prefix}/posts/1")

    assert (path.prefix, path.resource) == (prefix, "posts")


@pytest.mark.parametrize("target", ["/posts/1,2,3", "/posts/1,2"])
def test_several_ids_are_a_list_of_records(target: str) -> None:
    path = _path(target, posts=[{"a": 1}])

    assert path.is_list_of_ids
    assert path.identifier == 1


@pytest.mark.parametrize(
    "target",
    [
        "/post",
        "/Posts",
        "/POSTS",
        "/posts.json",
        "/admin/posts",
        "/items/posts",
        "/api/collections/posts/records",
    ],
)
def test_a_known_resource_has_many_spellings(target: str) -> None:
    path = _path(target, posts=[{"a": 1}])

    assert (path.resource, path.identifier) == ("posts", None)


@pytest.mark.parametrize("target", ["/blog_posts", "/blogPosts", "/BlogPost", "/blog-post"])
def test_separators_and_case_of_a_resource_are_its_own(target: str) -> None:
    assert _path(target, **{"blog-posts": [{"a": 1}]}).resource == "blog-posts"


def test_a_name_that_two_resources_may_mean_stays_as_it_is() -> None:
    records: Sequence[Record] = [{"a": 1}]

    assert _path("/Blog_Post", **{"blog-posts": records, "blogposts": records}).resource == (
        "Blog_Post"
    )


def test_a_key_in_parentheses_is_an_id() -> None:
    path = _path("/posts(3)", posts=[{"a": 1}])

    assert (path.resource, path.identifier) == ("posts", 1)


@pytest.mark.parametrize("target", ["/admin/posts", "/internal/admin/posts", "/blog/posts"])
def test_a_namespace_before_a_known_resource_is_left_out(target: str) -> None:
    assert _path(target, posts=[{"a": 1}]).parents == ()


@pytest.mark.parametrize("target", ["/users/ann/posts", "/sessions/other/posts", "/users/5/posts"])
def test_a_plural_and_a_word_are_a_record_and_no_namespace(target: str) -> None:
    """All posts, of every user, would be the wrong answer."""
    path = shaped_of(request("GET", target), session_of({"posts": [{"a": 1}]})).path

    assert isinstance(path, RestPath)
    assert [parent.resource for parent in path.parents] == [target.split("/")[1]]


def test_a_field_of_a_record_has_a_path() -> None:
    path = _path("/posts/1/title", posts=[{"title": "Hi"}])

    assert (path.resource, path.identifier, path.field) == ("posts", 1, "title")


@pytest.mark.parametrize(
    "link", ["postId", "post_id", "post", "postID", "PostId", "post-id", "posts_id", "POSTID"]
)
def test_a_link_field_is_the_one_that_the_children_have(link: str) -> None:
    """A second link field would split the children in two."""
    facts = _facts("/posts/1/comments", posts=[{"a": 1}], comments=[{link: 1}])

    assert facts["links"] == {"comments": [link]}


def test_every_link_field_that_the_children_have_counts() -> None:
    facts = _facts("/posts/1/comments", comments=[{"postId": 1}, {"post_id": 1}])

    assert set(facts["links"]["comments"]) == {"postId", "post_id"}


def test_an_embedded_object_of_the_parents_name_does_not_link() -> None:
    facts = _facts("/posts/1/comments", comments=[{"post": {"id": 1}}])

    assert facts["links"] == {"comments": ["post_id"]}


@pytest.mark.parametrize(
    ("field", "link"), [("createdAt", "postId"), ("created_at", "post_id"), ("title", "post_id")]
)
def test_a_new_link_field_has_the_style_of_the_fields_around_it(field: str, link: str) -> None:
    assert _facts("/posts/1/comments", posts=[{field: "x"}])["links"] == {"comments": [link]}
