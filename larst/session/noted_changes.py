"""The changes of a request, for its details in the ring of requests.

Called before the changes are applied. Must never take long: large records are left out.
"""

from __future__ import annotations

import orjson

from larst.domain import Json
from larst.store import SessionStore, Transaction
from larst.telemetry.requests import RecordChange, RequestDetails
from larst.telemetry.requests.details import MAX_CHANGES, MAX_TEXT_BYTES

_TOO_LARGE = b""
_INTEGER_BYTES = 20


def note_changes(details: RequestDetails, store: SessionStore, transaction: Transaction) -> None:
    """Note the records that a transaction changes, as they are and as they will be."""
    details.change_count = transaction.change_count
    if not details.has_values:
        return
    for resource, change in transaction.changes().items():
        after = {str(record["id"]): record for record in change.put[:MAX_CHANGES]}
        for id in (*after, *change.deleted[:MAX_CHANGES]):
            if len(details.changes) >= MAX_CHANGES:
                return
            before = store.data.record(resource, id)
            details.changes.append(RecordChange(resource, id, _text(before), _text(after.get(id))))


def _text(record: Json) -> bytes | None:
    if record is None:
        return None
    if _room_left(record, MAX_TEXT_BYTES) < 0:
        return _TOO_LARGE
    try:
        return orjson.dumps(record)
    except TypeError:  # integers of more than 64 bits, lone surrogates
        return _TOO_LARGE


def _room_left(value: Json, room: int) -> int:
    """Return about how many bytes are left after a value; it is negative if too few are."""
    if isinstance(value, str):
        return room - len(value) - 2
    if not isinstance(value, dict | list):
        return room - _INTEGER_BYTES
    for item in value.items() if isinstance(value, dict) else enumerate(value):
        room = _room_left(item[1], room - len(str(item[0])))
        if room < 0:
            break
    return room
