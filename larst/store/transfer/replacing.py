"""Preparing resources that replace others whole: built in a thread, put in place in one step.

Work that takes long for many records is done here in pieces, so that the interpreter lock is
released in between. Must never touch a session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from larst.domain import Record
from larst.errors import BodyTooLargeError
from larst.store.collection import Change, Collection

MAX_TEXT_BYTES = 2 * 1024**3
"""Limit of an import's JSON in the journal: a frame's length is 32 bits, and changes of other
requests need room in it."""

_RECORDS_A_PIECE = 500


@dataclass(frozen=True, slots=True)
class Replacement:
    """A resource that replaces another, and the JSON list of its records for the journal."""

    collection: Collection = field(default_factory=Collection)
    records_json: bytes = b"[]"

    def journal_entry(self) -> dict[str, Any]:
        """Return the replacement as the journal records it: it drops earlier records and schema."""
        return {
            "replace": True,
            "put": orjson.Fragment(self.records_json),
            "del": [],
            "next_id": self.collection.next_id,
            "schema": self.collection.schema,
        }


def dropped_entry() -> dict[str, Any]:
    """Return the journal's record of a resource that is not there any more."""
    return {**Replacement().journal_entry(), "drop": True}


def prepare_replacements(resources: Mapping[str, Collection]) -> dict[str, Replacement]:
    """Return the resources ready to be put in place; they belong to the store from then on.

    Raises:
        BodyTooLargeError: they are larger than one transaction can be.
    """
    remaining_bytes = MAX_TEXT_BYTES
    replacements: dict[str, Replacement] = {}
    for name, collection in resources.items():
        pieces: list[bytes] = []
        for piece in _pieces(list(collection.records.values())):
            remaining_bytes -= len(piece) + 1
            if remaining_bytes < 0:
                raise BodyTooLargeError(
                    f"the import comes to more than {MAX_TEXT_BYTES} bytes as it is stored;"
                    " import it into several sessions"
                )
            pieces.append(piece)
        replacements[name] = Replacement(collection, b"[%b]" % b",".join(pieces))
    return replacements


def journal_entry(change: Change) -> dict[str, Any]:
    """Return a transaction's change to one resource as the journal records it."""
    schema = {} if change.schema is None else {"schema": change.schema}
    return {"put": change.put, "del": change.deleted, "next_id": change.next_id, **schema}


def next_id_entry(next_id: int) -> dict[str, Any]:
    """Return the journal's record of a resource that only gives out no lower ids any more."""
    return {"put": [], "del": [], "next_id": next_id}


def free(collections: Iterable[Collection]) -> None:
    """Free the memory of unused collections, a record at a time.

    Freeing one at once would stop every thread meanwhile.
    """
    for collection in collections:
        collection.indexes.free()
        collection.uniques.free()
        while collection.records:
            collection.records.popitem()


def _pieces(records: list[Record]) -> Iterator[bytes]:
    for start in range(0, len(records), _RECORDS_A_PIECE):
        yield orjson.dumps(records[start : start + _RECORDS_A_PIECE])[1:-1]
