"""Replaying the journal into what the documented files hold. Pure.

A documented file is identified by its digest. That says how many of the journal's lines the file
holds already (`applied`), and so from which line on it has to be completed:

===============================================  ==================================================
the file's digest is                             so the file
===============================================  ==================================================
the next digest of line n                        holds lines 1 to n (the last such n counts), or
                                                 to the transaction that a `files` line names
its base digest                                  holds no line
missing, and the next digest of line n is ""     was removed with its resource, as of line n
missing, and `base` does not name it             is new, and holds no line
missing, though `base` names it                  was removed by something other than LARST: refused
any other                                        is damaged or was edited: set aside, refused
===============================================  ==================================================

So a crash may leave any mixture of old and new files: each one is completed from its own line on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from larst.store.collection import Collection
from larst.store.disk.documents import document_names
from larst.store.disk.journal_format import ABSENT, Digests
from larst.store.disk.journal_v1 import Line

Announced = Mapping[tuple[str, str], int]
"""How many lines the files hold that checkpoints announced, by name and digest."""


def announced_files(lines: Sequence[Line]) -> Announced:
    """Return the files that the lines announce; the last of two equal files counts."""
    announced: dict[tuple[str, str], int] = {}
    numbers, counts = [0], [0]  # the transactions so far, and how many lines end with each
    for index, line in enumerate(lines):
        if "tx" in line:
            numbers.append(line["tx"])
            counts.append(index + 1)
        for file in line.get("next", {}).items():
            announced[file] = index + 1
        for file in line.get("files", {}).items():
            # A repair may lack that transaction: then the one before it counts.
            announced[file] = counts[bisect_right(numbers, line["through"]) - 1]
    return announced


def applied_lines(name: str, digest: str | None, base: Digests, announced: Announced) -> int | None:
    """Return how many of the lines a file holds; None: the journal does not know that digest."""
    if (file := (name, digest or ABSENT)) in announced:
        return announced[file]
    return 0 if base.get(name) == digest else None


def replay(
    collections: dict[str, Collection], lines: Iterable[Line], applied: Mapping[str, int]
) -> set[str]:
    """Add to each collection the changes its files lack; return the resources with changes.

    `applied`: the number of lines that each file holds, by its name.
    """
    changed: set[str] = set()
    dropped: set[str] = set()
    for index, line in enumerate(lines):
        for resource, change in line.get("resources", {}).items():
            collection = collections.setdefault(resource, Collection())
            _replay_change(collection, change, _has_line(resource, index, applied))
            changed.add(resource)
            (dropped.add if change.get("drop") else dropped.discard)(resource)
    for resource in dropped:  # the last change of each: none of its files holds a later one
        del collections[resource]
    return changed


def _has_line(resource: str, index: int, applied: Mapping[str, int]) -> list[bool]:
    return [applied.get(name, 0) > index for name in document_names(resource)]


def _replay_change(
    collection: Collection, change: Mapping[str, Any], has_line: Sequence[bool]
) -> None:
    has_records, has_schema, has_meta = has_line
    replaces = change.get("replace", False)
    if not has_records:
        if replaces:
            collection.records = {}
        collection.apply_records(change["put"], change["del"])
    if not has_schema and (replaces or "schema" in change):
        collection.set_schema(change.get("schema"))
    if not has_meta:
        collection.next_id = change["next_id"]
