"""Server-sent events of record changes, and the ids by which a client resumes them. Pure.

::

    id: 1c9f03ab-412.0          history, transaction, change within the transaction
    event: updated
    data: {"id":7,"status":"open"}

    id: 1c9f03ab-412            the last event of a transaction: all of it
    event: updated
    data: {"id":8,"status":"open"}

The format is that of the HTML standard, section 9.2.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

from larst.domain import Json
from larst.store.changes import Position

CREATED, UPDATED, DELETED = "created", "updated", "deleted"
ADDED, REMOVED = "added", "removed"
STATE, CLOSED = "state", "closed"

LAST = 2**31
"""The part of a place at the end of a transaction."""

_ID = re.compile(r"([0-9a-f]{8})-([0-9]{1,15})(?:\.([0-9]{1,9}))?", re.ASCII)


class Place(NamedTuple):
    """How far a client is: up to this change of a transaction, or to the end of it."""

    number: int
    part: int = LAST


class LastEvent(NamedTuple):
    """The event after which a client resumes."""

    history: str
    place: Place


class Frame(NamedTuple):
    """An encoded event, and its place."""

    place: Place
    data: bytes


def parse_event_id(text: str | None) -> LastEvent | None:
    """Return the event that a `Last-Event-ID` names; None if it is missing or foreign."""
    match = _ID.fullmatch(text) if text else None
    if match is None:
        return None
    index = LAST if match[3] is None else int(match[3])
    return LastEvent(match[1], Place(int(match[2]), index))


def event_id(event: LastEvent) -> str:
    """Return the id of an event, which `parse_event_id` reads; empty before the first write."""
    if not event.history:
        return ""
    part = "" if event.place.part == LAST else f".{event.place.part}"
    return f"{event.history}-{event.place.number}{part}"


def encode_change(history: str, place: Place, name: str, record: Json) -> Frame:
    """Return the event of a change."""
    head = f"id: {event_id(LastEvent(history, place))}\nevent: {name}\ndata: "
    return Frame(place, head.encode() + orjson.dumps(record) + b"\n\n")


def encode_state(position: Position, data: bytes) -> bytes:
    """Return the event with the present state; `data` is JSON in one line."""
    # Without an id, as before the first write, the client gets the state once more.
    id_line = f"id: {position.history}-{position.number}\n" if position.history else ""
    return f"{id_line}event: {STATE}\ndata: ".encode() + data + b"\n\n"


def encode_close(reason: str, detail: str) -> bytes:
    """Return the last event of a stream."""
    data = orjson.dumps({"reason": reason, "detail": detail})
    return b"event: %b\ndata: %b\n\n" % (CLOSED.encode(), data)
