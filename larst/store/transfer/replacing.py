"""Resources that take the place of others whole: made ready in a thread, put in place in one step.

What takes long for many records is done here, in pieces, so that the lock of the interpreter is let
go in between. Must never touch a session.
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
"""What an import may come to in the journal: a frame's length is 32 bits, and others need room."""

_RECORDS_A_PIECE = 500


@dataclass(frozen=True, slots=True)
class Replacement:
    """A resource that is to take another's place, and its records as the journal has them."""

    collection: Collection = field(default_factory=Collection)
    text: bytes = b"[]"

    def spelled(self) -> dict[str, Any]:
        """Return the change as the journal has it: what there was is gone, the schema too."""
        return {
            "replace": True,
            "put": orjson.Fragment(self.text),
            "del": [],
            "auto_id": self.collection.auto_id,
            "schema": self.collection.schema,
        }


def replacements_of(resources: Mapping[str, Collection]) -> dict[str, Replacement]:
    """Return the resources ready to be put in place; they are the store's from then on.

    Raises:
        BodyTooLargeError: they come to more than one transaction can hold.
    """
    left = MAX_TEXT_BYTES
    ready: dict[str, Replacement] = {}
    for name, collection in resources.items():
        pieces: list[bytes] = []
        for piece in _pieces(list(collection.records.values())):
            left -= len(piece) + 1
            if left < 0:
                raise BodyTooLargeError(
                    f"the import comes to more than {MAX_TEXT_BYTES} bytes as it is kept;"
                    " import it into several sessions"
                )
            pieces.append(piece)
        ready[name] = Replacement(collection, b"[%b]" % b",".join(pieces))
    return ready


def spelled(change: Change) -> dict[str, Any]:
    """Return a transaction's change as the journal has it."""
    learned = {} if change.schema is None else {"schema": change.schema}
    return {"put": change.put, "del": change.deleted, "auto_id": change.auto_id, **learned}


def free(collections: Iterable[Collection]) -> None:
    """Free the memory of collections that nobody needs, a record at a time.

    At once it would stop every thread for as long as it takes.
    """
    for collection in collections:
        while collection.records:
            collection.records.popitem()


def _pieces(records: list[Record]) -> Iterator[bytes]:
    for start in range(0, len(records), _RECORDS_A_PIECE):
        yield orjson.dumps(records[start : start + _RECORDS_A_PIECE])[1:-1]
