"""Nouns: numbers of records in words."""

from __future__ import annotations

import pytest

from larst.planning.reading.nouns import counted


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({}, ""),
        ({"posts": 2, "comments": 1}, "2 posts, 1 comment"),
        ({"posts": 0}, "0 posts"),
        ({"order-lines": 1, "blogPosts": 1}, "1 order-line, 1 blogPost"),
        ({"people": 1, "categories": 1}, "1 person, 1 category"),
        ({"news": 1, "profile": 1, "日本": 1}, "1 news, 1 profile, 1 日本"),
    ],
)
def test_one_record_has_a_singular(counts: dict[str, int], text: str) -> None:
    assert counted(counts) == text
