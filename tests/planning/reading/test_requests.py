"""Requests of every server's users mean the records that their own server would answer."""

from __future__ import annotations

import pytest

from larst.domain import Json
from tests.planning.reading.requests import BY_DIALECT, OPTIONS
from tests.planning.reading.world import ids

_ROWS = [
    pytest.param(dialect, target, expected, id=f"{dialect} {target}")
    for dialect, rows in BY_DIALECT.items()
    for target, expected in rows
]


@pytest.mark.parametrize(("dialect", "target", "expected"), _ROWS)
def test_a_request_means_the_records_that_its_server_would_answer(
    dialect: str, target: str, expected: list[Json]
) -> None:
    """People point their clients at LARST unchanged, and judge it by these."""
    assert ids(target, **OPTIONS.get(dialect, {})) == expected
