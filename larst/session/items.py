"""Errors about one item of a list body: they name its index, or its line. Pure."""

from __future__ import annotations

from itertools import islice

from larst.domain import Body, BodyKind
from larst.errors import BadRecordError, IdTakenError, LarstError, PatchConflictError

ITEM_ERRORS: tuple[type[LarstError], ...] = (BadRecordError, IdTakenError, PatchConflictError)
"""Errors that the store raises about one record."""

ITEM_ACTIONS = frozenset({"create", "replace", "patch"})
"""The actions for which the rules write each item of a list in turn, in one store call each."""

_MAX_CHECKED = 10_000
"""Items that are checked before the program runs, which cannot store so many."""


def check_items(body: Body) -> None:
    """Check that each item of a list is an object.

    Raises:
        BadRecordError: an item is not; the detail names it.
    """
    if body.kind is not BodyKind.LIST:
        return
    for index, item in enumerate(islice(body.json, _MAX_CHECKED)):
        if not isinstance(item, dict):
            place = place_of(body, index)
            raise BadRecordError(f"{place}: each item of the list must be a JSON object")


def name_item(error: LarstError, body: Body, index: int) -> None:
    """Add the place of the item at `index` to the detail of an error about it."""
    if body.kind is BodyKind.LIST and index < len(body.json):
        error.detail = f"{place_of(body, index)}: {error.detail}"


def place_of(body: Body, index: int) -> str:
    """Return where an item stands in a list body: `[2]`, or `line 4` of CSV and NDJSON."""
    return f"line {body.lines[index]}" if index < len(body.lines) else f"[{index}]"
