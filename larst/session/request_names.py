"""What a request names: words and ids of its path, and ids in its body and query.

Words are compared as singulars and plurals, in any case. Pure. Must never take time without a
bound: a client chose all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from larst.domain import Json, Record
from larst.planning.reading.nouns import singular, singulars
from larst.planning.shapes import ShapedRequest

MAX_VALUES = 10_000
"""How many values of a body are looked at for ids."""


MAX_NAME_CHARACTERS = 64
"""Longer words and keys name no resource."""


_ID_WORDS = frozenset({"id", "ids", "key", "keys", "uuid", "uuids"})


_ROLE_WORDS = frozenset("from to into with source target src dst destination other parent".split())
"""Words of a key that names another record of the same resource: `from`, `to_id`."""


_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@dataclass(frozen=True, slots=True)
class PathPart:
    """A word of a path that may name a resource, and the ids of records that follow it."""

    word: str
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class RequestNames:
    """What a request names.

    `ids_by_key` are the ids in its body and query, by the name of their field. `referred` are those
    in the records that its path names. `resource` is that of the plan: it counts where the path
    names no resource, but an action (`POST /checkout`).
    """

    method: str
    path: Sequence[PathPart]
    ids_by_key: Mapping[str, frozenset[str]]
    has_criterion: bool
    resource: str | None
    referred: Mapping[str, frozenset[str]] = field(default_factory=dict)


def names_of(
    shaped: ShapedRequest, resource: str | None, stored: Callable[[str, str], Record | None]
) -> RequestNames:
    """Return what a request names; `resource` is that of the plan.

    `stored` returns a record as it is without the effects of the program.
    """
    request, path = shaped.request, _path_parts(shaped)
    query = {
        key: {id for text in texts for id in text.split(",")}
        for key, texts in request.query.items()
    }
    of_path = [stored(part.word, id) for part in path for id in part.ids]
    return RequestNames(
        method=request.method,
        path=path,
        ids_by_key=_by_key(request.body.json, query),
        has_criterion=bool(request.query) or request.body.json not in (None, {}, []),
        resource=resource,
        referred=_by_key([record for record in of_path if record is not None], {}),
    )


def named_records(
    shaped: ShapedRequest, stored: Callable[[str, str], Record | None]
) -> list[Record | None]:
    """Return the records that the last ids of a path name, None for one that does not exist."""
    parts = [part for part in _path_parts(shaped) if part.ids]
    return [stored(parts[-1].word, id) for id in sorted(parts[-1].ids)] if parts else []


def _by_key(value: Json, query: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    """Return the ids in a value, by the name of their field, and those of a query."""
    ids_by_key = {key: set(ids) for key, ids in query.items()}
    for key, text in _scalars(value):
        ids_by_key.setdefault(key, set()).add(text)
    return {key: frozenset(ids) for key, ids in ids_by_key.items()}


def _path_parts(shaped: ShapedRequest) -> list[PathPart]:
    parts: list[PathPart] = []
    segments = shaped.request.segments
    for place, (segment, text) in enumerate(zip(shaped.shape.path, segments, strict=False)):
        # A word between a plural and another word stands in an id's place: /orders/ab12c/close.
        is_last = place == len(segments) - 1
        is_in_between = bool(parts) and not is_last and singular(text) is None
        if parts and (segment.is_identifier or (is_in_between and singular(parts[-1].word))):
            ids = parts[-1].ids.union(text.split(","))
            parts[-1] = PathPart(parts[-1].word, ids)
        if not segment.is_identifier:
            # One character more than the name of a resource can have.
            parts.append(PathPart(text[: MAX_NAME_CHARACTERS + 1], frozenset()))
    return parts


def _scalars(body: Json) -> Iterator[tuple[str, str]]:
    """Yield integers and texts of a body, with the name of their field; those of a list: `id`."""
    pending: list[tuple[str, Json]] = [("id" if isinstance(body, list) else "", body)]
    for _ in range(MAX_VALUES):
        if not pending:
            return
        key, value = pending.pop()
        if isinstance(value, dict):
            pending += value.items()
        elif isinstance(value, list):
            pending += [(key, item) for item in value]
        elif type(value) in (int, str) and 0 < len(key) <= MAX_NAME_CHARACTERS:
            yield key, str(value)


def words_of(name: str) -> list[str]:
    """Return the words that a name consists of, in lower case: `order_ids`, `findByState`."""
    return [word.lower() for word in _WORD.findall(name)]


def is_own(resource: str, names: RequestNames) -> bool:
    """Return whether a resource is the one that a request is about."""
    words = [part.word for part in names.path]
    if any(same(word, resource) for word in words):
        return True
    # A plural, or a word with ids behind it, names a resource, even one that does not exist yet.
    names_one = any(part.ids or singular(part.word) is not None for part in names.path)
    return not names_one and resource == names.resource


def ids_of(
    resource: str, names: RequestNames, ids_by_key: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """Return those ids that, by the name of their field, are of records of a resource."""
    named_ids: frozenset[str] = frozenset()
    for key, ids in ids_by_key.items():
        if names_record(key, resource, is_own=is_own(resource, names)):
            named_ids |= ids
    return named_ids


@lru_cache(maxsize=4096)
def names_record(key: str, resource: str, *, is_own: bool) -> bool:
    """Return whether a field holds ids of a resource: `order_id`, or of the own one: `id`, `to`."""
    words = words_of(key)
    if any(same(word, resource) for word in [key, *words]):
        return True
    role_words = [word for word in words if word not in _ID_WORDS]
    return is_own and (not role_words or all(word in _ROLE_WORDS for word in role_words))


def refers(record: Record, ids: Iterable[str], names: RequestNames) -> bool:
    """Return whether a record holds one of the ids in a link field."""
    linked_ids = frozenset(ids)
    return any(
        type(value) in (int, str) and str(value) in linked_ids and _is_link(name, names)
        for name, value in record.items()
        if name != "id"
    )


def _is_link(name: str, names: RequestNames) -> bool:
    words = words_of(name)
    resources = [part.word for part in names.path]
    return bool(words) and (
        words[-1] in _ID_WORDS or any(same(name, resource) for resource in resources)
    )


@lru_cache(maxsize=4096)
def same(word: str, resource: str) -> bool:
    """Return whether a word names a resource, in the singular or in the plural."""
    if word == resource:
        return True
    return not {*singulars(word), word.lower()}.isdisjoint({*singulars(resource), resource.lower()})
