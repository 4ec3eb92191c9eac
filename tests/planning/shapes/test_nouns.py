"""Nouns: candidates for singulars and link fields, among which a session's names decide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.planning.reading.nouns import (
    folded,
    is_camel_case,
    link_candidates,
    link_fields_of,
    new_link,
    same_resource,
    singular,
    singulars,
)

PLURALS = [
    ("posts", "post"),
    ("categories", "category"),
    ("people", "person"),
    ("children", "child"),
    ("drives", "drive"),
    ("caches", "cache"),
    ("viruses", "virus"),
    ("canvases", "canvas"),
    ("boxes", "box"),
    ("buses", "bus"),
    ("houses", "house"),
    ("databases", "database"),
    ("knives", "knife"),
    ("wolves", "wolf"),
    ("archives", "archive"),
    ("movies", "movie"),
    ("cookies", "cookie"),
    ("heroes", "hero"),
    ("photos", "photo"),
    ("analyses", "analysis"),
    ("indices", "index"),
    ("statuses", "status"),
    ("addresses", "address"),
    ("branches", "branch"),
    ("aches", "ache"),
    ("order-items", "order-item"),
    ("blog_categories", "blog_category"),
    ("blogPosts", "blogPost"),
]


@pytest.mark.parametrize(("plural", "expected"), PLURALS)
def test_the_singular_is_among_the_candidates(plural: str, expected: str) -> None:
    assert folded(expected) in map(folded, singulars(plural))


@pytest.mark.parametrize(("plural", "expected"), PLURALS)
def test_a_new_link_field_is_named_after_the_singular(plural: str, expected: str) -> None:
    """Its name is stored in every child."""
    assert folded(new_link(plural, is_camel=False)) == folded(f"{expected}Id")


@pytest.mark.parametrize(
    "noun",
    [
        *("status", "cancel", "news", "series", "data", "Settings!", "", "virus", "canvas"),
        *("address", "process", "analysis", "media", "bus", "userStatus"),
    ],
)
def test_a_singular_noun_has_no_singular(noun: str) -> None:
    """`/orders/1/status` is not a collection, and `statu_id` does not link to a status."""
    assert singular(noun) is None


@pytest.mark.parametrize(
    ("parent", "camel", "snake"),
    [
        ("posts", "postId", "post_id"),
        ("order-items", "orderItemId", "order_item_id"),
        ("order_items", "orderItemId", "order_item_id"),
        ("people", "personId", "person_id"),
        ("status", "statusId", "status_id"),
    ],
)
def test_a_new_link_field_has_the_sessions_style(parent: str, camel: str, snake: str) -> None:
    assert new_link(parent, is_camel=True) == camel
    assert new_link(parent, is_camel=False) == snake


SPELLINGS = ["postId", "post_id", "post", "postID", "PostId", "POST_ID", "post-id", "postsId"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_link_field_is_found_in_every_spelling(spelling: str) -> None:
    assert link_fields_of("posts", ["id", "title", spelling]) == (spelling,)


@pytest.mark.parametrize("name", ["id", "title", "poster", "postage_id", "repost_id", "postcode"])
def test_other_fields_are_not_links(name: str) -> None:
    assert link_fields_of("posts", [name]) == ()


def test_a_field_with_the_id_comes_before_one_that_has_the_parents_name() -> None:
    """The latter may be an embedded object."""
    assert link_fields_of("posts", ["post", "postId"]) == ("postId", "post")


@pytest.mark.parametrize("parent", ["drives", "caches", "viruses", "canvases", "movies"])
def test_a_link_is_found_although_english_is_irregular(parent: str) -> None:
    (right,) = {singular for plural, singular in PLURALS if plural == parent}

    assert link_fields_of(parent, ["id", f"{right}_id"]) == (f"{right}_id",)


@pytest.mark.parametrize("name", ["post", "Posts", "POST", "post-s", "po_sts"])
def test_one_resource_is_meant_in_any_number_case_and_separator(name: str) -> None:
    assert same_resource(name, ["comments", "posts", "users"]) == "posts"


@pytest.mark.parametrize("name", ["pots", "postings", "comment-posts", "x"])
def test_another_word_means_no_resource(name: str) -> None:
    assert same_resource(name, ["comments", "posts", "users"]) is None


def test_a_name_that_may_mean_two_resources_means_none() -> None:
    assert same_resource("Post", ["post", "posts"]) is None


def test_camel_case_is_recognized_by_the_first_name_that_shows_a_style() -> None:
    assert is_camel_case(["id", "createdAt", "user_id"])
    assert not is_camel_case(["id", "user_id", "createdAt"])
    assert not is_camel_case(["id", "name"])


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_every_name_of_a_resource_has_candidates(name: str) -> None:
    """Clients choose the names; none may break the reading."""
    assert name in singulars(name)
    assert link_candidates(name)
    assert link_fields_of(name, [new_link(name, is_camel=False)])
