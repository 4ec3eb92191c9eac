"""The requests of the loads, the checks before them, and the goals of the pins."""

from __future__ import annotations

import json

import pytest

from benchmarks.peers.checks import WrongServerError, rows_of
from benchmarks.peers.loads import LOADS, Routes, requests_of
from benchmarks.peers.pins import PINS
from benchmarks.peers.records import GROUP_RECORDS, all_records, new_record

ROUTES = Routes(headers={"X-Session-ID": "s"}, stored_id="user{number:03d}")


@pytest.mark.parametrize("count", [1000, 10_000])
def test_a_search_for_any_group_matches_ten_records(count: int) -> None:
    """The load promises ten matches, whatever was created meanwhile."""
    matches = dict.fromkeys(range(count // 10), 0)
    for row in all_records(count):
        matches[row["grp"]] += 1

    assert set(matches.values()) == {GROUP_RECORDS}
    assert new_record()["grp"] not in matches


def test_a_record_has_about_230_bytes() -> None:
    sizes = [len(json.dumps({"id": key, **row})) for key, row in enumerate(all_records(1000), 1)]

    assert 200 < sum(sizes) / len(sizes) < 260


@pytest.mark.parametrize("name", LOADS)
def test_every_request_of_a_load_is_valid_http(name: str) -> None:
    requests = requests_of(name, ROUTES, 100, created_ids=["a", "b"])

    assert requests
    for request in requests:
        head, _, body = request.partition("\r\n\r\n")
        first, *headers = head.split("\r\n")
        assert first.split()[::2] == [LOADS[name].method, "HTTP/1.1"]
        assert "X-Session-ID: s" in headers
        assert (f"Content-Length: {len(body)}" in headers) == bool(body)


def test_get_asks_for_each_record_and_delete_for_each_created_one_once() -> None:
    targets = [request.split()[1] for request in requests_of("get", ROUTES, 100)]
    deleted = [request.split()[1] for request in requests_of("delete", ROUTES, 100, ["x", "y"])]

    assert sorted(targets) == [f"/users/user{number:03d}" for number in range(1, 101)]
    assert targets != sorted(targets)
    assert deleted == ["/users/x", "/users/y"]
    assert LOADS["delete"].is_once


def test_two_runs_send_the_same_requests() -> None:
    assert requests_of("get", ROUTES, 100) == requests_of("get", ROUTES, 100)


@pytest.mark.parametrize(
    "body", [[{"id": 1}], {"items": [{"id": 1}], "page": {}}, {"items": 9, "data": [{"id": 1}]}]
)
def test_the_records_of_a_list_are_those_of_its_envelope(body: object) -> None:
    assert rows_of(body) == [{"id": 1}]


def test_a_reply_without_a_list_is_the_wrong_server() -> None:
    with pytest.raises(WrongServerError):
        rows_of({"items": 9})


def test_every_pin_is_one_exact_version() -> None:
    assert all(str(pin).endswith(pin.version) and pin.version[0].isdigit() for pin in PINS)
