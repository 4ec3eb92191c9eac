"""How faults and their rules are read, and which requests they strike."""

from __future__ import annotations

import random
import statistics
from typing import Any

import pytest

from larst.errors import BadRequestError
from larst.http.faults.delays import Delay
from larst.http.faults.faults import fault_of_header, rule_of
from larst.http.faults.table import FaultTable


@pytest.mark.parametrize(
    "text",
    [
        *("delay=200ms", "status=503", "drop", "truncate=10", "malformed", "bytes_per_s=100"),
        *("delay=100ms..2s, status=500, phase=after", "drop, phase=after"),
    ],
)
def test_a_header_means_what_it_prints(text: str) -> None:
    assert str(fault_of_header(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "phase=after",
            "status",
            "status=99",
            "status=600",
            "status=abc",
            "speed=1",
            "body=x",
        ),
        *("delay=61s", "delay=2s..1s", "delay=-1s", "delay=1h", "delay=1s..61s", "truncate=-1"),
        *("bytes_per_s=0", "drop=maybe", "phase=middle", "truncate=1e3", "rate=0.5"),
    ],
)
def test_a_header_without_a_bounded_fault_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError):
        fault_of_header(text)


@pytest.mark.parametrize(
    "value",
    [
        *(
            [],
            {},
            {"path": "/a"},
            {"path": "a", "drop": True},
            {"drop": "yes"},
            {"drop": True, "x": 1},
        ),
        *({"status": 503, "times": 0}, {"status": 503, "rate": 1.1}, {"status": 503, "rate": True}),
        *({"method": "BREW", "drop": True}, {"body": {}, "drop": True}, {"status": True}),
        {"status": 503, "body": "x" * 70_000},
        {"status": 503, "headers": {"Content-Length": "7"}},
        {"status": 503, "headers": {"X-A": "a\r\nX-B: b"}},
        {"status": 503, "headers": [1]},
        {"status": 503, "query": [1]},
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(value: Any) -> None:
    with pytest.raises(BadRequestError):
        rule_of(value, "rule 1")


def test_a_rule_matches_by_method_path_and_query() -> None:
    rule = rule_of(
        {"method": "get", "path": "/orders/*", "query": {"page": 2}, "drop": True}, "rule 1"
    )

    assert rule.matches("GET", "/orders/7", {"page": ("2",), "sort": ("x",)})
    assert not rule.matches("POST", "/orders/7", {"page": ("2",)})
    assert not rule.matches("GET", "/orders", {"page": ("2",)})
    assert not rule.matches("GET", "/orders/7", {"page": ("3",)})


@pytest.mark.parametrize(
    ("text", "low_s", "high_s"),
    [
        ("100ms", 0.1, 0.1),
        ("100ms..300ms", 0.1, 0.3),
        ("normal 200ms 10ms", 0.1, 0.3),
        ("lognormal 200ms 0.1", 0.1, 0.4),
        ("lognormal 60s 9", 0, 60),
    ],
)
def test_draws_of_a_delay(text: str, low_s: float, high_s: float) -> None:
    generator = random.Random(1)  # noqa: S311 - no secret
    draws = [Delay.parse(text).draw(generator) for _ in range(500)]

    assert low_s <= min(draws) <= statistics.median(draws) <= max(draws) <= high_s


def decisions(table: FaultTable, count: int = 40) -> list[bool]:
    faults = table.find("shop")
    assert faults is not None
    return [faults.rules[0].strikes_now() for _ in range(count)]


def test_the_same_seed_gives_the_same_decisions() -> None:
    """A failing run repeats."""
    rule = rule_of({"status": 503, "rate": 0.5}, "rule 1")
    table = FaultTable("on")
    runs = []
    for seed in (7, 7, 8):
        table.put("shop", [rule], seed)
        runs.append(decisions(table))

    assert runs[0] == runs[1] != runs[2]
    assert {True, False} == set(runs[0])


def test_skip_and_times_count_the_requests() -> None:
    table = FaultTable("on")
    table.put("shop", [rule_of({"drop": True, "skip": 2, "times": 3}, "rule 1")], None)

    assert decisions(table, 7) == [False, False, True, True, True, False, False]
