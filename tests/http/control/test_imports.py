"""Imports are prepared one at a time, and wait for each other a limited time."""

from __future__ import annotations

import gc

import pytest

from larst.errors import BadRequestError, DeadlineError
from larst.http.control.imports import LARGE_IMPORT_BYTES, Imports
from larst.store import Threads


def imports(timeout_s: float) -> Imports:
    return Imports(Threads(), timeout_s=timeout_s, max_bytes=10 * LARGE_IMPORT_BYTES)


async def test_an_import_waits_for_another_one_until_its_deadline() -> None:
    """Two large imports at once need twice the memory, and do not finish sooner."""
    slots = imports(timeout_s=0.05)

    async with slots.exclusive():
        with pytest.raises(DeadlineError):
            async with slots.exclusive():
                pass

    async with slots.exclusive():
        pass


async def test_the_garbage_collector_is_enabled_after_a_large_import() -> None:
    """Even after an import that is refused at its end."""
    blanks = b" " * LARGE_IMPORT_BYTES

    resources = await imports(1).prepare(bytearray(b'{"a":[{}' + blanks + b"]}"))
    with pytest.raises(BadRequestError):
        await imports(1).prepare(bytearray(b'{"a":[{}' + blanks))

    assert list(resources["a"].collection.records.values()) == [{"id": 1}]
    assert gc.isenabled()
