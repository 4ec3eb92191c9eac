"""Makes the records of an order, parents before children, and stores them in a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from uuid import UUID

import inflection

from larst.domain import Json, Record, RecordId, ResourceStore, SessionView
from larst.errors import BadRequestError, ValueTakenError
from larst.fake.drafts import draft_fields, name_field
from larst.fake.fitting import Examples, Fitter, Schema, types_of
from larst.fake.order import MAX_VALUES, FakeOrder, ResourceOrder
from larst.fake.relations import Links, in_order, looks_like_link
from larst.fake.values import Source, Subject, open_source
from larst.planning.reading.nouns import is_camel_case
from larst.planning.shapes.links import is_singleton
from larst.store.schema.vocabulary import vocabulary_of

EXAMPLE_RECORDS = 200
"""Stored records of a resource whose words and numbers are taken up."""

MAX_PARENTS = 10_000
"""Records of a resource that new ones may link to: the oldest."""

MAX_ATTEMPTS = 20
"""Drafts of a record, each with other values, where a value must be unique."""

_FIRST_IDS = tuple(range(1, 11))
"""What a link holds whose resource does not exist."""


@dataclass(slots=True)
class Made:
    """The number of new records by resource, and what did not go as one may expect."""

    counts: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Task:
    """A resource to fill: its schema, and what its stored records show."""

    name: str
    count: int
    schema: Schema
    examples: Examples
    parents: frozenset[str]


def make_records(order: FakeOrder, session: SessionView) -> Made:
    """Store the records of an order in the transaction, and return their numbers.

    Raises:
        ExtraMissingError: Faker is not installed.
        BadRequestError: the fields of a resource cannot be known, or there are too many values.
        QuotaFullError, IdTakenError, BadRecordError: the records cannot be stored.
        ValueTakenError, FieldRefusedError: they break the settings of their resource.
    """
    source, ids = open_source(order.seed), Random(order.seed)  # noqa: S311 - test data
    ordered = [resource.name for resource in order.resources if resource.count]
    with_records = [name for name in session.names() if session.resource(name).count()]
    links = Links([*ordered, *with_records])
    is_camel = _is_camel(session)
    tasks = {
        resource.name: _task(resource, session, links, is_camel)
        for resource in order.resources
        if resource.count
    }
    _refuse_too_many(tasks.values())
    work = _Work(source, ids, session, links)
    for name in in_order(ordered, {name: task.parents for name, task in tasks.items()}):
        work.fill(tasks[name])
    work.outcome.counts = {
        resource.name: work.outcome.counts.get(resource.name, 0) for resource in order.resources
    }
    return work.outcome


class _Work:
    """The making of one order; it holds the ids that records may link to."""

    def __init__(self, source: Source, ids: Random, session: SessionView, links: Links) -> None:
        self._source = source
        self._random = ids
        self._session = session
        self._links = links
        self._ids: dict[str, list[RecordId]] = {}
        self.outcome = Made()

    def fill(self, task: _Task) -> None:
        """Make the records of a resource."""
        store = self._session.resource(task.name)
        properties = task.schema["properties"]
        kind, id_schema = name_field(task.name, properties), properties.get("id", {})

        def ids_of(name: str, types: Sequence[str]) -> Sequence[RecordId] | None:
            return self._ids_for(task.name, name, types)

        def draft() -> Record:
            return Fitter(Subject(self._source, kind), ids_of, task.examples).record(task.schema)

        for _ in range(task.count):
            stored = self._insert(store, id_schema, draft)
            if task.name in self._ids and len(self._ids[task.name]) < MAX_PARENTS:
                self._ids[task.name].append(stored["id"])
        self.outcome.counts[task.name] = task.count

    def _insert(
        self, store: ResourceStore, id_schema: Schema, draft: Callable[[], Record]
    ) -> Record:
        """Store a record; another one, if a value of it is taken that must be unique."""
        attempts = 1
        while True:
            record, id = draft(), self._id(id_schema, store)
            try:
                return store.insert(record if id is None else {"id": id, **record})
            except ValueTakenError:
                attempts += 1
                if attempts > MAX_ATTEMPTS:
                    raise

    def _ids_for(self, resource: str, name: str, types: Sequence[str]) -> Sequence[RecordId] | None:
        parent = self._links.resource_of(name, types, resource)
        if parent is not None:
            ids = self._ids_of(parent)
            if not ids and parent != resource:
                self._warn(f"{resource}.{name}: {parent} has no records yet, so it is empty")
            return ids
        if not looks_like_link(name) or not {*types} <= {"integer", "null"} or not types:
            return None
        self._warn(f"{resource}.{name}: no resource of this name exists; numbers from 1 to 10")
        return _FIRST_IDS

    def _ids_of(self, resource: str) -> list[RecordId]:
        if resource not in self._ids:
            records, _ = self._session.resource(resource).list(limit=MAX_PARENTS)
            self._ids[resource] = [record["id"] for record in records]
        return self._ids[resource]

    def _id(self, schema: Schema, store: ResourceStore) -> RecordId | None:
        """Return an id in the style of the resource; None where the store gives the next number."""
        types = types_of(schema)
        if "string" not in types or "integer" in types:
            return None
        while True:
            bits = self._random.getrandbits(128)
            id = str(UUID(int=bits, version=4)) if schema.get("format") == "uuid" else f"{bits:x}"
            id = id if schema.get("format") == "uuid" else id[:12]
            if store.get(id) is None:  # the same seed gives the same ids
                return id

    def _warn(self, text: str) -> None:
        if text not in self.outcome.warnings:
            self.outcome.warnings.append(text)


def _task(resource: ResourceOrder, session: SessionView, links: Links, is_camel: bool) -> _Task:
    learned = session.resource(resource.name).get_schema()
    if is_singleton(learned):
        raise BadRequestError(f"{resource.name} is a single object, not a list of records")
    schema = _schema(resource, learned, links, is_camel)
    records, _ = session.resource(resource.name).list(limit=EXAMPLE_RECORDS)
    parents = (
        links.resource_of(name, types_of(inner), resource.name)
        for name, inner in schema["properties"].items()
    )
    return _Task(
        resource.name,
        resource.count,
        schema,
        Examples(vocabulary_of(records), _ranges(records)),
        frozenset(parent for parent in parents if parent is not None),
    )


def _schema(
    resource: ResourceOrder, learned: Mapping[str, Json] | None, links: Links, is_camel: bool
) -> Schema:
    """Return the schema that was given or learned, or one of the usual fields of such a resource.

    Raises:
        BadRequestError: all three are missing.
    """
    if resource.schema is not None:
        return resource.schema
    if resource.fields:
        return {"properties": {name: {} for name in resource.fields}}
    if learned is not None:
        schema: Schema = learned["json_schema"]
        return schema
    if (fields := draft_fields(resource.name)) is None:
        raise BadRequestError(
            f"{resource.name} has no records to learn its fields from, and its name does not say"
            f' them: send {{"{resource.name}": {{"count": {resource.count}, "fields": ["name",'
            ' "price"]}}, or a schema in place of the fields'
        )
    usable: dict[str, str | None] = {}
    for name in fields:
        parent = links.resource_of(name, (), resource.name) if looks_like_link(name) else None
        # `customerId` means a user where `customers` do not exist; `userId` says so already.
        if parent not in usable.values() if parent else not looks_like_link(name):
            usable[name] = parent
    style = str if is_camel else inflection.underscore
    return {"properties": {style(name): {} for name in usable}}


def _ranges(records: Sequence[Record]) -> dict[str, tuple[float, float]]:
    """Return the least and the greatest number of each field that has several."""
    numbers: dict[str, list[float]] = {}
    for name, value in chain.from_iterable(record.items() for record in records):
        if isinstance(value, int | float) and not isinstance(value, bool):
            numbers.setdefault(name, []).append(value)
    return {
        name: (min(values), max(values))
        for name, values in numbers.items()
        if min(values) < max(values)
    }


def _is_camel(session: SessionView) -> bool:
    """Return whether new fields are in camel case; `first_name` in a record says no."""
    names = [
        name
        for resource in session.names()
        for name in (session.resource(resource).get_schema() or {}).get("fields", ())
    ]
    return is_camel_case(names) or not any("_" in name.strip("_") for name in names)


def _refuse_too_many(tasks: Iterable[_Task]) -> None:
    total = sum(task.count * _field_count(task.schema) for task in tasks)
    if total > MAX_VALUES:
        raise BadRequestError(
            f"about {total} values; one request makes at most {MAX_VALUES}: send several"
        )


def _field_count(schema: Schema) -> int:
    """Return about how many values a record has; the items of an array count thrice."""
    count = 3 * _field_count(schema["items"]) if schema.get("items") else 1
    return count + sum(map(_field_count, schema.get("properties", {}).values()))
