"""The estimate of a reading: ordinary requests stay on the event loop, and costly ones do not."""

from __future__ import annotations

import json

import pytest

from larst.planning.reading import reading_steps
from larst.store.work import LOOP_STEPS
from tests.fakes import request

USUAL = {f"resource{number}": frozenset({"id", "name"}) for number in range(20)}
MANY = {f"resource{number}": frozenset({"id", "name"}) for number in range(1_000)}


def _steps(
    method: str,
    target: str,
    body: object = None,
    resources: dict[str, frozenset[str]] = USUAL,
) -> int:
    raw = b"" if body is None else json.dumps(body).encode()
    return reading_steps(request(method, target, raw), resources, resources.__getitem__)


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/resource1/5", None),
        ("GET", "/resource1?limit=10&offset=20&sort=-name&name__icontains=ann", None),
        ("GET", "/resource1?" + "&".join(f"field{number}_gte=1" for number in range(40)), None),
        ("POST", "/resource1", {"text": "x" * 100_000}),
        ("POST", "/resource1", dict.fromkeys(map(str, range(1_000)), 1)),
        ("POST", "/resource1/search", {"name": "Ann", "age": {"$gt": 5}}),
        ("PATCH", "/resource1/5", {"text": "x" * 100_000}),
    ],
)
def test_usual_requests_are_read_on_the_event_loop(method: str, target: str, body: object) -> None:
    assert _steps(method, target, body) < LOOP_STEPS


def test_a_request_for_a_record_costs_nothing_however_wide_the_session() -> None:
    assert _steps("GET", "/resource1/5", resources=MANY) == 0


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/resource1?" + "&".join(f"field{number}=1" for number in range(400)), None),
        ("GET", "/resource1?$expand=" + ",".join(f"f{number}" for number in range(900)), None),
        ("POST", "/resource1/search", dict.fromkeys(map(str, range(1_000)), 1)),
        ("POST", "/resource1/search", {"filter": "a eq 1 and " * 500}),
        ("POST", "/resource1/search", {"filter": {"and": [{"a": 1}] * 1_000}}),
        ("POST", "/resource1/search", {"in": [0] * 90_000}),
    ],
)
def test_large_questions_are_not(method: str, target: str, body: object) -> None:
    assert _steps(method, target, body) > LOOP_STEPS


@pytest.mark.parametrize("target", ["/resource1?a1=1&a2=1&a3=1&a4=1&a5=1&a6=1", "/" + "x" * 64])
def test_names_cost_more_where_there_are_more_to_compare_them_with(target: str) -> None:
    assert _steps("GET", target) < LOOP_STEPS < _steps("GET", target, resources=MANY)
