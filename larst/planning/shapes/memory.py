"""A memory of readings: a query of a form that was read before costs a lookup. Pure.

Most clients send the same few queries with other values. The *skeleton* of a request is all of it
except the values that can be exchanged without another meaning: plain numbers and words that are
operands of conditions, and numbers that mean nothing, such as the time in `_=1764147600000`. Which
values these are is found by trial: with a marker in its place, the reading must be the same except
for the marker. Where the meaning of a value depends on whether a
record has it, that is looked up again for each request. Changes of records are read in full.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from larst.domain import Json, RequestContext
from larst.errors import LarstError
from larst.planning.reading.asked import AllOf, AnyOf, Condition, Node, Not, Related
from larst.planning.reading.relation import Session
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes.request import ShapedRequest, shape_request
from larst.planning.shapes.rest_path import RestPath
from larst.planning.shapes.skeletons import (
    MAX_VALUES,
    Key,
    form_of,
    is_short,
    kind_of,
    marker_of,
    may_be_exchanged,
    skeleton_of,
)
from larst.planning.shapes.usual import (
    UsualKey,
    UsualMeaning,
    fits_usual,
    usual_key,
    usual_meaning,
)

MAX_READINGS = 64
"""Readings that a session keeps: a front end sends a few dozen forms of queries."""

_AnyKey = TypeVar("_AnyKey")
_Entry = TypeVar("_Entry")
_Lookup = tuple[str, str, str, bool]
"""A resource, a field, a text, and whether a record had the text in the field."""


class MemorySession(Session, Protocol):
    """What the memory needs to know of a session."""

    @property
    def generation(self) -> int:
        """A number that changes whenever the resources or their schemas do."""


class ShapeMemory:
    """The readings of a session's latest queries.

    They are forgotten when the resources, their schemas or the settings change.
    """

    def __init__(self) -> None:
        self._usual: dict[UsualKey, UsualMeaning] = {}
        self._forms: dict[Key, frozenset[int]] = {}
        self._readings: dict[Key, _Template | None] = {}  # None: is read in full each time
        self._generation = -1
        self._settings: ReadingSettings | None = None

    def shape(
        self, request: RequestContext, session: MemorySession, settings: ReadingSettings
    ) -> ShapedRequest:
        """Return the request as it was read, with its shape.

        Raises:
            QueryNotUnderstoodError, BadPagingError: as `shape_request`.
        """
        if self._generation != session.generation or self._settings is not settings:
            self._forget(session.generation, settings)
        if not request.query:
            return self._shape_usual(request, session, settings)
        if (form := form_of(request, session)) is None:
            return shape_request(request, session, settings)
        texts = [text for values in request.query.values() for text in values]
        if len(texts) > MAX_VALUES or not is_short(texts):
            return shape_request(request, session, settings)
        form = (form, *map(kind_of, texts))
        places = self._forms.get(form)
        if places is not None:
            skeleton = skeleton_of(form, texts, places)
            if skeleton in self._readings:
                template = self._readings[skeleton]
                if template is None or not template.holds(session):
                    return shape_request(request, session, settings)
                return template.fill(request, texts, session)
        return self._learn(_Trial(request, texts, session, settings), form, places)

    def _shape_usual(
        self, request: RequestContext, session: MemorySession, settings: ReadingSettings
    ) -> ShapedRequest:
        """Return a request without a query as it was read; most are like an earlier one."""
        key = usual_key(request)
        if key is None or not fits_usual(request, session.fields(key[1])):
            return shape_request(request, session, settings)
        if (meaning := self._usual.get(key)) is None:
            meaning = usual_meaning(request, session, settings)
            if meaning is None:
                return shape_request(request, session, settings)
            _add(self._usual, key, meaning)
        shape, path, facts, shape_key, reading = meaning
        return ShapedRequest(request, shape, path, facts, shape_key, session.schema, reading)

    def __len__(self) -> int:
        """Return how many readings are kept."""
        return len(self._readings)

    def _forget(self, generation: int, settings: ReadingSettings) -> None:
        self._usual.clear()
        self._forms.clear()
        self._readings.clear()
        self._generation, self._settings = generation, settings

    def _learn(self, trial: _Trial, form: Key, places: frozenset[int] | None) -> ShapedRequest:
        """Read a request in full, and keep its reading for others with its skeleton."""
        reading = trial.read(trial.request)
        shaped = replace(reading.shaped, schema_of=trial.session.schema)
        if not reading.is_reusable:
            return shaped
        if places is None:
            places = trial.exchangeable(reading)
            _add(self._forms, form, places)
        skeleton = skeleton_of(form, trial.texts, places)
        _add(self._readings, skeleton, trial.template(places, reading))
        return shaped


@dataclass(frozen=True, slots=True)
class _Template:
    """A reading with markers instead of exchangeable values; `markers` has the place of each."""

    shaped: ShapedRequest
    markers: Mapping[Json, int]
    lookups: Sequence[_Lookup]

    def holds(self, session: Session) -> bool:
        """Return whether all that the reading looked up in stored records is still so."""
        return not self.lookups or all(
            session.has_value(resource, name, text) is result
            for resource, name, text, result in self.lookups
        )

    def fill(
        self, request: RequestContext, texts: Sequence[str], session: Session
    ) -> ShapedRequest:
        """Return the reading of a request that has the same skeleton."""
        shaped, reading = self.shaped, self.shaped.reading
        if self.markers:
            where = self._filled(reading.asked.where, texts)
            reading = replace(reading, asked=replace(reading.asked, where=where))
        return ShapedRequest(
            request, shaped.shape, shaped.path, shaped.facts, shaped.key, session.schema, reading
        )

    def _filled(self, node: Node, texts: Sequence[str]) -> Node:
        match node:
            case Condition(name, operator, value, key):
                return Condition(name, operator, self._value(value, texts), key)
            case AllOf(nodes):
                return AllOf(tuple([self._filled(child, texts) for child in nodes]))
            case AnyOf(nodes):
                return AnyOf(tuple([self._filled(child, texts) for child in nodes]))
            case Not(inner):
                return Not(self._filled(inner, texts))
            case Related(relation, inner):
                return Related(relation, self._filled(inner, texts))

    def _value(self, value: Json, texts: Sequence[str]) -> Json:
        kind = type(value)
        if kind is list:
            return [self._value(item, texts) for item in value]
        if (kind is not str and kind is not int) or value not in self.markers:
            return value
        text = texts[self.markers[value]]
        return text if kind is str else int(text)


@dataclass(frozen=True, slots=True)
class _FullReading:
    """A request that was read in full; `is_reusable` if others can share the reading."""

    shaped: ShapedRequest
    is_reusable: bool
    lookups: Sequence[_Lookup]


@dataclass(frozen=True, slots=True)
class _Trial:
    """Finds out which values of a request can be exchanged; `texts` are all its values."""

    request: RequestContext
    texts: Sequence[str]
    session: Session
    settings: ReadingSettings

    def read(self, request: RequestContext) -> _FullReading:
        """Return a request as `shape_request` does, with its errors."""
        watched = _Watched(self.session)
        shaped = shape_request(request, watched, self.settings)
        is_rest = isinstance(shaped.path, RestPath) and not shaped.shape.query
        is_unchanged = shaped.request is request
        return _FullReading(shaped, is_rest and is_unchanged, watched.lookups)

    def exchangeable(self, reading: _FullReading) -> frozenset[int]:
        """Return the places of the values that can be exchanged."""
        keys = [key for key, values in self.request.query.items() for _ in values]
        return frozenset(
            place
            for place, (key, text) in enumerate(zip(keys, self.texts, strict=True))
            if may_be_exchanged(key, text) and self.template(frozenset([place]), reading)
        )

    def template(self, places: frozenset[int], reading: _FullReading) -> _Template | None:
        """Return the reading with markers; None if it is another one with the values in them."""
        texts = self.texts
        markers = {
            place: marker_of(place, texts[place]) for place in places if kind_of(texts[place])
        }
        try:
            marked = self.read(self._marked(markers))
        except LarstError:
            return None
        values: dict[Json, int] = {marker: place for place, marker in markers.items()}
        values |= {int(marker): place for marker, place in values.items() if marker.isdecimal()}
        template = _Template(marked.shaped, values, reading.lookups)
        filled = template.fill(self.request, texts, self.session)
        is_same = _is_same(filled, reading.shaped) and marked.lookups == reading.lookups
        return template if marked.is_reusable and is_same else None

    def _marked(self, markers: Mapping[int, str]) -> RequestContext:
        """Return the request with markers in these places of its values."""
        rest = iter(markers.get(place, text) for place, text in enumerate(self.texts))
        query = {key: tuple(next(rest) for _ in old) for key, old in self.request.query.items()}
        return replace(self.request, query=query)


class _Watched:
    """A session that notes what a reading looks up in stored records."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.resources: Container[str] = session.resources
        self.names = session.names
        self.schema = session.schema
        self.fields = session.fields
        self.has_record = session.has_record  # the form of a path has the answer
        self.lookups: list[_Lookup] = []

    def vocabulary(self, resource: str) -> Mapping[str, Sequence[str]]:
        """Ask the session: what planners see is not remembered."""
        return self._session.vocabulary(resource)

    def has_value(self, resource: str, field: str, text: str) -> bool:
        """Return whether a record of the resource has this text in this field."""
        result = self._session.has_value(resource, field, text)
        self.lookups.append((resource, field, text, result))
        return result


def _is_same(first: ShapedRequest, second: ShapedRequest) -> bool:
    return (
        first.shape == second.shape
        and first.key == second.key
        and first.path == second.path
        and first.reading == second.reading
    )


def _add(entries: dict[_AnyKey, _Entry], key: _AnyKey, entry: _Entry) -> None:
    """Add an entry in place of the oldest one."""
    if len(entries) >= MAX_READINGS:
        entries.pop(next(iter(entries)))
    entries[key] = entry
