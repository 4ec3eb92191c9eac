"""Exchanges become the records of resources, by the meaning that their paths have by REST."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

import orjson

from larst.domain import Json, Record
from larst.planning.reading.nouns import (
    folded,
    is_camel_case,
    link_fields_of,
    new_link,
    singular,
)
from larst.planning.reading.verbs import is_action, is_verb
from larst.planning.shapes.grammar import RestPath, interpret_path
from larst.planning.shapes.shape import Segment, identifier_class
from larst.seeds.exchange import Exchange, Unused

_LISTS = ("items", "data", "results", "records", "rows", "content", "value", "list", "docs")
"""The names under which servers send the records of a list."""

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH"})


@dataclass(slots=True)
class Collected:
    """The records of each resource by id, and the objects of singletons."""

    unused: Unused
    resources: dict[str, dict[str, Record]] = field(default_factory=dict)
    singletons: dict[str, Record] = field(default_factory=dict)

    def add(self, exchange: Exchange) -> None:
        """Add what an exchange shows, or note why it cannot be used."""
        path = _path_of(exchange)
        try:
            orjson.dumps(exchange.body)
        except TypeError:  # an integer of more than 64 bits, in a document
            self.unused.add("the body has values that cannot be stored", exchange.place)
            return
        if path is None or exchange.method not in _METHODS:
            self.unused.add("the path names no resource", exchange.place)
            return
        records = _records_of(exchange, path)
        if records is not None:
            for record in records:
                self._put(path, exchange, record)
        elif _is_singleton(exchange.body, path):
            self.singletons[path.resource] = exchange.body
        else:
            self.unused.add("the body is neither a record nor a list of records", exchange.place)

    def db_json(self) -> bytes:
        """Return the text of a `db.json`."""
        parts = []
        for name, records in self.resources.items():
            items = b",".join(map(orjson.dumps, records.values()))
            parts.append(b'"%b":[%b]' % (name.encode(), items))
        for name, value in self.singletons.items():
            if name not in self.resources:
                parts.append(b'"%b":%b' % (name.encode(), orjson.dumps(value)))
        return b"{%b}" % b",".join(parts)

    def _put(self, path: RestPath, exchange: Exchange, record: Record) -> None:
        id = record.get("id")
        if id is None and path.identifier is not None:
            id = _id_of(exchange.segments[path.identifier])
        record = _linked(record, path, exchange)
        if id is not None and not isinstance(id, bool) and isinstance(id, int | str):
            record = {"id": id, **record, **({} if record.get("id") else {"id": id})}
            key = f"id {id}"
        else:
            key = hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()
        records = self.resources.setdefault(path.resource, {})
        records[key] = {**records.get(key, {}), **record}


def _path_of(exchange: Exchange) -> RestPath | None:
    """Return the meaning of a path; None if it names no resource."""
    segments = [_segment(part) for part in exchange.segments]
    meaning = interpret_path(segments, ()) if segments else None
    if not isinstance(meaning, RestPath) or is_verb(meaning.resource):
        return None
    if meaning.is_count or meaning.is_list_of_ids or meaning.field is not None:
        return None
    if meaning.is_word and meaning.identifier is not None:
        return None if is_action(exchange.segments[meaning.identifier] or "") else meaning
    return meaning


def _segment(part: str | None) -> Segment:
    name = "<text>" if part is None else identifier_class(part)
    return Segment(part or "", is_identifier=False) if name is None else Segment(name, True)


def _records_of(exchange: Exchange, path: RestPath) -> Sequence[Record] | None:
    """Return the records of a body; None if it is neither a record nor a list of records."""
    body = exchange.body
    if isinstance(body, list):
        return [_flat(item) for item in body] if _are_records(body) else None
    if not isinstance(body, dict):
        return None
    for name in (*_LISTS, *_names_of(body, path.resource)) if path.identifier is None else ():
        if (items := body.get(name)) is not None and _are_records(items):
            return [_flat(item) for item in items]
    inner = body.get("data")
    if isinstance(inner, dict) and "id" not in body:
        body = inner
    is_record = path.identifier is not None or "id" in body or exchange.is_request
    if is_record and not _is_singleton_name(path):
        return [_flat(body)]
    return None


def _names_of(body: Mapping[str, Json], resource: str) -> Iterator[str]:
    return (name for name in body if folded(name) == folded(resource))


def _are_records(value: Json) -> TypeGuard[list[Record]]:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _flat(record: Record) -> Record:
    """Return the record of a JSON:API document as one object."""
    attributes = record.get("attributes")
    if "type" in record and "id" in record and isinstance(attributes, dict):
        return {"id": record["id"], **attributes}
    return record


def _is_singleton_name(path: RestPath) -> bool:
    return path.identifier is None and not path.parents and singular(path.resource) is None


def _is_singleton(body: Json, path: RestPath) -> bool:
    """Return whether a body is the object of a path such as `/settings` or `/profile`."""
    is_word = _is_singleton_name(path) or path.resource == "settings"
    return isinstance(body, dict) and bool(body) and is_word and not path.is_search


def _id_of(segment: str | None) -> int | str | None:
    if segment is None:
        return None
    is_number = segment.isascii() and segment.isdigit() and str(int(segment[:15])) == segment
    return int(segment) if is_number else segment


def _linked(record: Record, path: RestPath, exchange: Exchange) -> Record:
    """Return the record with the id of its parent, if the path has it and the record does not."""
    if not path.parents:
        return record
    parent = path.parents[-1]
    id = _id_of(exchange.segments[parent.index])
    if id is None or link_fields_of(parent.resource, record.keys()):
        return record
    is_camel = is_camel_case(record) or not any("_" in name.strip("_") for name in record)
    return {**record, new_link(parent.resource, is_camel=is_camel): id}
