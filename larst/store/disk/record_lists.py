"""Reading the list of a large records file in parts, and by ids that LARST generated.

`orjson.loads` holds the interpreter lock until it returns, and so the event loop: 150 ms for
100,000 records of 230 bytes. LARST writes a record a line, so the list is cut where a line ends in
a comma. If every part is a list by itself, they are the whole list; otherwise it is parsed at once.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from larst.domain import Record
from larst.store.records import MAX_AUTO_ID

PART_BYTES = 128 * 1024
"""Parsed in about a millisecond."""

_ITEMS_A_STEP = 5_000

_BETWEEN = b",\n"


def parse_list(content: bytes) -> Any:
    """Return the JSON value of a file, which may be a large list.

    Raises:
        ValueError: it is not JSON.
    """
    if len(content) <= PART_BYTES or content[:1] != b"[":
        return orjson.loads(content)
    items: list[Any] = []
    try:
        for part in _parts(content):
            items += orjson.loads(part)
    except ValueError:
        return orjson.loads(content)
    return items


@dataclass(frozen=True, slots=True)
class GeneratedRecords:
    """Records by key, all with ids that LARST can generate, and the highest of them."""

    records: dict[str, Record]
    highest_id: int


def generated_records(items: list[Any]) -> GeneratedRecords | None:
    """Return the records by key, as most resources have them; None: their ids need a closer look.

    Each step is one call for many records: a loop in Python takes four times as long, and one call
    for all of them would hold the interpreter lock too long.
    """
    records: dict[str, Record] = {}
    highest_id = 0
    for start in range(0, len(items), _ITEMS_A_STEP):
        some = items[start : start + _ITEMS_A_STEP]
        if set(map(type, some)) != {dict} or set(map(_first, some)) != {"id"}:
            return None
        ids = [item["id"] for item in some]
        if set(map(type, ids)) != {int} or min(ids) < 1 or max(ids) > MAX_AUTO_ID:
            return None
        records.update(zip(map(str, ids), some, strict=True))
        highest_id = max(highest_id, *ids)
    return GeneratedRecords(records, highest_id) if len(records) == len(items) else None


def _first(item: dict[str, Any]) -> str | None:
    return next(iter(item), None)


def _parts(content: bytes) -> Iterator[bytes]:
    """Yield the list in parts, each a list.

    Raises:
        ValueError: it cannot be cut.
    """
    text = memoryview(content)
    start, end = 1, content.rindex(b"]")
    if content[end + 1 :].strip():
        raise ValueError("something follows the list")
    is_last = False
    while not is_last:
        cut = content.find(_BETWEEN, start + PART_BYTES, end)
        is_last = cut < 0
        stop = end if is_last else cut
        if not bytes(text[start:stop]).strip():
            raise ValueError("nothing is between two commas")
        yield b"".join((b"[", text[start:stop], b"]"))
        start = stop + len(_BETWEEN)
