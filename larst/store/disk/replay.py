"""Replaying the journal into what the documented files hold. Pure.

A documented file is identified by its digest. That says how many of the journal's lines the file
holds already (`applied`), and so from which line on it has to be completed:

===============================================  ==================================================
the file's digest is                             so the file
===============================================  ==================================================
the next digest of line n                        holds lines 1 to n (the last such n counts)
its base digest                                  holds no line
missing, and `base` does not name it             is new, and holds no line
missing, though `base` names it                  was removed by something other than LARST: refused
any other                                        is damaged or was edited: set aside, refused
===============================================  ==================================================

So a crash may leave any mixture of old and new files: each one is completed from its own line on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from larst.store.collection import Collection
from larst.store.disk.documents import document_names
from larst.store.disk.journal import Digests
from larst.store.disk.journal_v1 import Line


def applied_lines(
    name: str, digest: str | None, base: Digests, lines: Sequence[Line]
) -> int | None:
    """Return how many of the lines a file holds; None: the journal does not know that digest."""
    for index in range(len(lines) - 1, -1, -1):
        if digest is not None and next_digests(lines[index]).get(name) == digest:
            return index + 1
    return 0 if base.get(name) == digest else None


def next_digests(line: Line) -> Digests:
    """Return the digests of the files that a checkpoint's line announces."""
    digests: Digests = line.get("next", {})
    return digests


def replay(
    collections: dict[str, Collection], lines: Iterable[Line], applied: Mapping[str, int]
) -> set[str]:
    """Add to each collection the changes its files lack; return the resources with changes.

    `applied`: the number of lines that each file holds, by its name.
    """
    changed: set[str] = set()
    for index, line in enumerate(lines):
        for resource, change in line.get("resources", {}).items():
            collection = collections.setdefault(resource, Collection())
            _replay_change(collection, change, _has_line(resource, index, applied))
            changed.add(resource)
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
