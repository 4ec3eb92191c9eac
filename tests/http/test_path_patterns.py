"""Patterns of paths, for filters and rules."""

from __future__ import annotations

import time

import pytest

from larst.errors import BadRequestError
from larst.http.path_patterns import PathPattern


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/", "/", True),
        ("/", "/a", False),
        ("/a", "/a/", True),
        ("/a", "/a/b", False),
        ("/a/*", "/a", False),
        ("/a/*/c", "/a/b/c", True),
        ("/a/*/c", "/a/b/d", False),
        ("/a/b*d", "/a/bcd", True),
        ("/a/b*d", "/a/bd", True),
        ("/a/bb*bb", "/a/bbb", False),
        ("/a/**", "/a", True),
        ("/a/**", "/a/b/c/d", True),
        ("/a/**", "/ab", False),
        ("/**", "/", True),
    ],
)
def test_matches(pattern: str, path: str, fits: bool) -> None:
    assert PathPattern.parse(pattern).matches(path) is fits


@pytest.mark.parametrize("pattern", ["", "a", "/a/**/b", "/**b", "/a*b*", "/" + "a" * 500])
def test_a_pattern_with_another_meaning_elsewhere_is_refused(pattern: str) -> None:
    with pytest.raises(BadRequestError):
        PathPattern.parse(pattern)


def test_the_worst_pattern_takes_linear_time() -> None:
    """A matcher that tries all splits would hold the event loop for minutes."""
    pattern = PathPattern.parse("/a*a" * 120)
    start_s = time.process_time()

    assert not pattern.matches(("/" + "a" * 200) * 119)
    assert not pattern.matches(("/" + "a" * 200) * 120 + "b")

    assert time.process_time() - start_s < 0.05
