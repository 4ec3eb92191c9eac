"""Assertions on received requests: which pass, and how the others read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.message import Message
from http.client import HTTPMessage
from typing import Any
from unittest.mock import ANY
from urllib.parse import parse_qs

import pytest

from larst.testing.received import ReceivedRequests
from larst.testing.transport import Reply


def item(number: int, method: str, path: str, body: Any = None, **values: Any) -> dict[str, Any]:
    return {
        "number": number,
        "method": method,
        "path": path,
        "parameters": values.get("query", {}),
        "headers": {},
        "body": body,
        "reply": {"status": values.get("status", 201), "body": None},
    }


class FakeService:
    """Has a list of requests, and filters it by method, path and status only."""

    def __init__(self, items: Sequence[dict[str, Any]]) -> None:
        self.items = list(items)
        self.calls: list[str] = []

    def __call__(self, method: str, path: str) -> Reply:
        self.calls.append(f"{method} {path}")
        query = {name: values[0] for name, values in parse_qs(path.partition("?")[2]).items()}
        matches = [
            entry
            for entry in self.items
            if query.get("method", entry["method"]) == entry["method"]
            and query.get("path", entry["path"]) == entry["path"]
        ]
        headers: Message = HTTPMessage()
        assert isinstance(headers, HTTPMessage)
        return Reply(200, headers, json.dumps({"items": matches}).encode())


@pytest.fixture
def service() -> FakeService:
    return FakeService(
        [
            item(1, "POST", "/orders", {"book": 1, "quantity": 2, "id": "x7"}),
            item(2, "GET", "/orders", query={"page": ["2"], "tag": ["a", "b"]}, status=200),
            item(3, "POST", "/orders", {"gift": True}),
            item(4, "POST", "/notes", "two\nlines"),
        ]
    )


@pytest.fixture
def requests(service: FakeService) -> ReceivedRequests:
    return ReceivedRequests(service)


def failure(requests: ReceivedRequests, *arguments: Any, **options: Any) -> str:
    with pytest.raises(AssertionError) as raised:
        requests.assert_received(*arguments, **options)
    return str(raised.value)


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ({}, [1, 3]),
        ({"times": 2}, [1, 3]),
        ({"json": {"book": 1, "quantity": 2, "id": ANY}, "times": 1}, [1]),
        ({"json": ANY}, [1, 3]),
        ({"json": {"gift": True}}, [3]),
        ({"json": {"gift": False}, "times": 0}, []),
    ],
)
def test_what_matches_is_returned(
    requests: ReceivedRequests, options: dict[str, Any], numbers: list[int]
) -> None:
    matches = requests.assert_received("POST", "/orders", **options)

    assert [request.number for request in matches] == numbers


def test_a_query_matches_by_the_parameters_that_are_named(requests: ReceivedRequests) -> None:
    requests.assert_received("GET", "/orders", query={"page": 2})
    requests.assert_received("GET", "/orders", query={"tag": ["a", "b"], "page": ANY}, times=1)
    with pytest.raises(AssertionError):
        requests.assert_received("GET", "/orders", query={"tag": "a"})


def test_true_is_not_1(requests: ReceivedRequests) -> None:
    """It is in Python: a test would pass although the client sent something else."""
    with pytest.raises(AssertionError):
        requests.assert_received("POST", "/orders", json={"gift": 1})
    with pytest.raises(AssertionError):
        requests.assert_received("POST", "/orders", json={"book": True, "quantity": 2, "id": "x7"})


def test_a_failure_shows_how_similar_requests_differ(requests: ReceivedRequests) -> None:
    text = failure(requests, "POST", "/orders", json={"book": 1, "quantity": 3, "id": ANY}, times=1)

    assert (
        text
        == """\
POST /orders was received 0 times with this body, expected once
#1 POST /orders -> 201 differs (- expected, + received):
      {
        "book": 1,
        "id": "x7",
    -   "quantity": 3
    +   "quantity": 2
      }
#3 POST /orders -> 201 differs (- expected, + received):
      {
    -   "book": 1,
    -   "id": "<ANY>",
    -   "quantity": 3
    +   "gift": true
      }
all 4 requests of the session:
#1 POST /orders -> 201
#2 GET /orders?page=2&tag=a&tag=b -> 200
#3 POST /orders -> 201
#4 POST /notes -> 201"""
    )


def test_a_failure_shows_another_query_and_another_text(requests: ReceivedRequests) -> None:
    query = failure(requests, "GET", "/orders", query={"page": 3})
    text = failure(requests, "POST", "/notes", body="two\nrows")

    assert '-     "3"' in query
    assert '+     "2"' in query
    assert "    - rows\n    + lines" in text


def test_too_many_are_as_wrong_as_too_few(requests: ReceivedRequests) -> None:
    assert failure(requests, "POST", "/orders", times=1).startswith(
        "POST /orders was received 2 times, expected once\n"
    )
    assert failure(requests, "PUT", "/orders").startswith(
        "PUT /orders was received 0 times, expected at least once\n"
    )


def test_not_received(requests: ReceivedRequests) -> None:
    requests.assert_not_received("DELETE")
    with pytest.raises(AssertionError, match=r"2 times too many:\n#1 POST /orders"):
        requests.assert_not_received("POST", "/orders")


def test_waiting_asks_the_service_to_wait(requests: ReceivedRequests, service: FakeService) -> None:
    assert len(requests.wait_for(2, "POST", "/orders", timeout_s=3)) == 2
    assert "wait=3.000s&count=2" in service.calls[-1]
    with pytest.raises(AssertionError, match="GET was received once within 5 s, expected 2 times"):
        requests.wait_for(2, "GET")


def test_it_is_a_sequence(requests: ReceivedRequests) -> None:
    assert (len(requests), requests[-1].body, [r.number for r in requests[:2]]) == (
        4,
        "two\nlines",
        [1, 2],
    )
    assert repr(requests).splitlines()[0] == "#1 POST /orders -> 201"
