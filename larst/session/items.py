"""Errors about one item of a list body: they name its index, or its line.

Must never change what the program of the request does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from larst.domain import Body, BodyKind
from larst.errors import (
    BadRecordError,
    FieldRefusedError,
    IdTakenError,
    PatchConflictError,
    ValueTakenError,
)
from larst.store import Transaction

ITEM_ACTIONS = frozenset({"create", "replace", "patch"})
"""The actions for which the rules write each item of a list in turn, in one store call each."""

_OF_ITEMS = (
    BadRecordError,
    FieldRefusedError,
    IdTakenError,
    PatchConflictError,
    ValueTakenError,
)


@contextmanager
def named_items(body: Body, transaction: Transaction) -> Iterator[None]:
    """Name the item in the errors of a program that writes the items of the body in turn.

    Raises:
        BadRecordError: an item is not an object, or cannot be stored.
        IdTakenError, PatchConflictError, FieldRefusedError, ValueTakenError: as the store raises
            them.
    """
    if body.kind is not BodyKind.LIST:
        yield
        return
    for index, item in enumerate(body.json):
        if not isinstance(item, dict):
            place = _place_of(body, index)
            raise BadRecordError(f"{place}: each item of the list must be a JSON object")
    try:
        yield
    except _OF_ITEMS as error:
        if (index := transaction.write_count) < len(body.json):
            error.detail = f"{_place_of(body, index)}: {error.detail}"
        raise


def _place_of(body: Body, index: int) -> str:
    """Return where an item stands: `[2]` in a JSON list, `line 4` of CSV and NDJSON."""
    return f"line {body.lines[index]}" if index < len(body.lines) else f"[{index}]"
