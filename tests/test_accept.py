"""Content negotiation by the Accept header, as RFC 9110 section 12.5.1 describes it."""

from __future__ import annotations

import doctest
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst import accept
from larst.accept import MAX_CHARACTERS, MAX_RANGES, preferred

JSON, HTML, PROBLEM = "application/json", "text/html", "application/problem+json"
OFFERS = (JSON, HTML)


def test_its_examples_run() -> None:
    assert doctest.testmod(accept).failed == 0


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", JSON),
        ("  ", JSON),
        ("*/*", JSON),
        ("*", JSON),
        ("text/html", HTML),
        ("TEXT/HTML", HTML),
        ("text/*", HTML),
        ("text/html, application/json", JSON),
        ("application/json;q=0.5, text/html;q=0.6", HTML),
        ("application/json;q=.5, text/html;q=0.6", HTML),
        ("*/*;q=0.9, text/html;q=0.8", JSON),
        ("application/json; charset=utf-8", JSON),
        ("image/png", None),
        (";;,,", None),
        ("json", None),
    ],
)
def test_the_highest_weight_wins_then_the_order_of_the_offers(
    header: str, expected: str | None
) -> None:
    assert preferred(header, OFFERS) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text/html, */*", HTML),
        ("application/json, text/*", JSON),
        ("text/html, application/*", HTML),
        ("text/*;q=0.1, text/html, */*;q=0.5", HTML),
        ("text/html;level=1;q=0.9, text/html;q=0.1, application/json;q=0.5", JSON),
    ],
)
def test_the_most_specific_range_counts(header: str, expected: str) -> None:
    """`text/html;q=0.1, */*` means that HTML is the last choice, not that anything goes."""
    assert preferred(header, OFFERS) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text/html;q=0", None),
        ("text/html;q=0.000, */*;q=0", None),
        ("application/json;q=0, */*", HTML),
        ("application/*;q=0, */*;q=0.1", HTML),
        ("*/*;q=0", None),
    ],
)
def test_a_weight_of_zero_refuses(header: str, expected: str | None) -> None:
    assert preferred(header, OFFERS) == expected


@pytest.mark.parametrize("weight", ["x", "2", "-1", "1.5", "0.1234", "1e-9", "nan", "inf", ""])
def test_a_malformed_weight_counts_as_one(weight: str) -> None:
    assert preferred(f"text/html;q={weight}, application/json;q=0.9", OFFERS) == HTML


def test_separators_in_quoted_strings_separate_nothing() -> None:
    assert preferred('text/html;x="a,\\",b;q=0";q=0.2, application/json;q=0.1', OFFERS) == HTML
    assert preferred('image/png;x=", text/html', OFFERS) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (PROBLEM, PROBLEM),
        (f"{PROBLEM}, {JSON}", PROBLEM),
        (f"{JSON}, {PROBLEM}", PROBLEM),
        (f"{PROBLEM}, */*", PROBLEM),
        (f"{PROBLEM};q=0", None),
        (f"{PROBLEM};q=0, */*", JSON),
        (f"{PROBLEM};q=0.1, {JSON}", JSON),
    ],
)
def test_with_a_default_any_other_offer_must_be_named(header: str, expected: str | None) -> None:
    """A client that accepts everything gets what it would have got before there was a choice."""
    assert preferred(header, (PROBLEM, JSON), default=JSON) == expected


@given(st.text(alphabet='ahtmlex/*,;="\\ q.01+-', max_size=200))
def test_any_text_gives_an_offer_or_none(header: str) -> None:
    assert preferred(header, OFFERS) in (*OFFERS, None)


def test_only_the_first_ranges_count() -> None:
    crowd = ", ".join(f"a/b{number}" for number in range(MAX_RANGES))

    assert preferred(f"{crowd}, text/html", OFFERS) is None
    assert preferred(f"text/html, {crowd}", OFFERS) == HTML


@pytest.mark.parametrize("unit", [",", ";", '"', '\\"', "a/b;q=0.5,", '"\\"', "*/*;", " "])
def test_a_hostile_header_costs_little(unit: str) -> None:
    """The header is the client's own; parsing must not grow faster than its length."""
    header = unit * (10 * MAX_CHARACTERS // len(unit))

    start = time.perf_counter()
    preferred(header, OFFERS)

    assert time.perf_counter() - start < 0.1
