"""Imports on their way in: one at a time, and none for ever."""

from __future__ import annotations

import gc

import pytest

from larst.errors import BadRequestError, DeadlineError
from larst.http.control.imports import LARGE_IMPORT_BYTES, Imports
from larst.store import Threads


def imports(timeout_s: float) -> Imports:
    return Imports(Threads(), timeout_s=timeout_s, max_bytes=10 * LARGE_IMPORT_BYTES)


async def test_they_wait_for_each_other_and_not_for_ever() -> None:
    """Two large ones at once take twice the memory, and are ready no sooner."""
    made = imports(timeout_s=0.05)

    async with made.turn():
        with pytest.raises(DeadlineError):
            async with made.turn():
                pass

    async with made.turn():
        pass


async def test_a_large_one_leaves_the_collector_as_it_was() -> None:
    """Also one that is refused at its end."""
    blanks = b" " * LARGE_IMPORT_BYTES

    ready = await imports(1).ready(bytearray(b'{"a":[{}' + blanks + b"]}"))
    with pytest.raises(BadRequestError):
        await imports(1).ready(bytearray(b'{"a":[{}' + blanks))

    assert list(ready["a"].collection.records.values()) == [{"id": 1}]
    assert gc.isenabled()
