"""The caller behind a set of headers is computed again only if more than a length differs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from aiohttp.http_parser import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy

from larst.http.ingress import visible_headers
from larst.http.lane.callers import Caller, with_length_of
from larst.tokens import OPEN_ACCESS

HEADERS = (("Host", "a"), ("Content-Length", "7"), ("User-Agent", "x"))


class _Message:
    """What the function needs of a message of aiohttp."""

    def __init__(self, headers: tuple[tuple[str, str], ...]) -> None:
        self.headers = CIMultiDictProxy(CIMultiDict(headers))
        self.raw_headers = tuple((name.encode(), value.encode()) for name, value in headers)


def _caller(message: _Message) -> Caller:
    headers = visible_headers(cast("Any", message))
    return Caller(
        "s", OPEN_ACCESS, None, "ip", "http://a", headers, {}, True, False, False, None, False, 1
    )


@pytest.mark.parametrize(
    ("headers", "is_same"),
    [
        ((("Host", "a"), ("Content-Length", "12"), ("User-Agent", "x")), True),
        ((("Host", "b"), ("Content-Length", "12"), ("User-Agent", "x")), False),
        ((("Host", "a"), ("User-Agent", "x"), ("Content-Length", "7")), False),
        ((("Host", "a"), ("Content-Length", "12")), False),
        ((("Host", "a"), ("content-length", "12"), ("User-Agent", "x")), False),
        ((("Host", "a"), ("Content-Length", "7"), ("User-Agent", "y")), False),
    ],
)
def test_another_length_alone_leaves_the_caller(
    headers: tuple[tuple[str, str], ...], *, is_same: bool
) -> None:
    first, second = _Message(HEADERS), _Message(headers)
    caller = _caller(first)

    other = with_length_of(cast("RawRequestMessage", second), caller, first.raw_headers)

    expected = replace(caller, headers=visible_headers(cast("Any", second)))
    assert (other is not None) is is_same
    if other is not None:
        assert list(other.headers.items()) == list(expected.headers.items())
        assert other.access is caller.access


def test_the_first_request_of_a_connection_has_no_earlier_headers() -> None:
    message = _Message(HEADERS)

    assert with_length_of(cast("RawRequestMessage", message), _caller(message), None) is None
