"""What a program of a model may change: what follows from the method and the names of a request.

A model may be wrong, or be misled by names that a client chose. So its changes are held against the
request before they are committed:

- GET, HEAD and OPTIONS change nothing.
- Records that exist are changed or deleted only if the request means them: the record that the path
  names (`/orders/1/close`), a record that the body names by its id (`{"order_ids": [2, 3]}`,
  `{"user_id": 5}`), the records below a named one (`/orders/1/items`) that hold its id, or those of
  a collection that the path names as a whole (`PATCH /orders?status=old`, `POST /orders/archive`).
  A POST to a collection itself, or to a search in it (`POST /orders/search`), only adds, and DELETE
  of a collection needs a criterion.
- Records that the record of the path refers to may be changed, not deleted: the stock of the
  products in a cart (`POST /carts/1/checkout`, `{"items": [{"product_id": 7}]}`). Nor are records
  of another resource deleted because a body refers to them (`POST /orders`, `{"user_id": 5}`),
  unless the method is DELETE.
- New records belong to a resource that path or body names. Elsewhere they are side records, such as
  lines of an audit, and must hold the id of a record of this request in a link field.

Pure: effects and names in, verdict out. Must never put a stored value into a reason: it goes to the
planner.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from larst.domain import Json, Record
from larst.planning.reading.nouns import singular, singulars
from larst.planning.shapes import ShapedRequest
from larst.store import Transaction
from larst.store.records import key_of

READING = frozenset({"GET", "HEAD", "OPTIONS"})

MAX_VALUES = 10_000
"""How many values of a body are looked at for ids."""

MAX_NAME_CHARACTERS = 64
"""Longer words and keys name no resource."""

_ID_WORDS = frozenset({"id", "ids", "key", "keys", "uuid", "uuids"})
_ROLE_WORDS = frozenset("from to into with source target src dst destination other parent".split())
"""Words of a key that names another record of the same resource: `from`, `to_id`."""

_SEARCHES = frozenset(
    "search query find filter lookup list count stats report summary export preview aggregate"
    " statistics fetch autocomplete suggest validate exists".split()
)
"""Words at the end of a path that ask for records of the collection before them."""

_SEARCH_VERBS = frozenset("search query find fetch get lookup count aggregate".split())
"""Words that also do so at the begin of a longer name: `findByState`, `search-all`."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@dataclass(frozen=True, slots=True)
class ResourceEffects:
    """The effects on one resource; `changed` and `deleted` are records as they are stored."""

    inserted: Sequence[Record] = ()
    changed: Sequence[Record] = ()
    deleted: Sequence[Record] = ()


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of a program, by resource; `has_any` also counts an id that is used up."""

    resources: Mapping[str, ResourceEffects]
    has_any: bool


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


def effects_of(transaction: Transaction, stored: Callable[[str, str], Record | None]) -> Effects:
    """Return the effects of a transaction; `stored` returns a record as it is without them."""
    resources: dict[str, ResourceEffects] = {}
    changes = transaction.changes()
    for name, change in changes.items():
        inserted, changed = [], []
        for record in change.put:
            old = stored(name, key_of(record["id"]))
            if old is None:
                inserted.append(record)
            elif old != record:
                changed.append(old)
        deleted = [old for key in change.deleted if (old := stored(name, key)) is not None]
        if inserted or changed or deleted:
            resources[name] = ResourceEffects(inserted, changed, deleted)
    return Effects(resources, has_any=bool(changes))


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


def refusal_of(
    effects: Effects, names: RequestNames, is_shown: Callable[[str], bool]
) -> str | None:
    """Return why a program may not have these effects, or None if it may.

    `is_shown`: whether the planner knows the name of a resource already.
    """
    if names.method in READING:
        return f"{names.method} must not change any data" if effects.has_any else None
    path_ids = {id for part in names.path for id in part.ids}
    own = [resource for resource in effects.resources if _is_own(resource, names)]
    touched = {
        key_of(record["id"])
        for resource in own
        for record in _all_records(effects.resources[resource])
    }
    for resource, effect in effects.resources.items():
        name = resource if is_shown(resource) else "another resource"
        referred = _ids_of(resource, names, names.referred)
        foreign = [
            *(record for record in effect.changed if key_of(record["id"]) not in referred),
            *effect.deleted,
        ]
        may_delete = resource in own or names.method == "DELETE"
        if (effect.deleted and not may_delete) or any(
            not _may_change(record, resource, names) for record in foreign
        ):
            return (
                f"{names.method} may change or delete only records that path or body name; the"
                f" program changes others, in {name}"
            )
        is_named = resource in own or _ids_of(resource, names, names.ids_by_key)
        if not is_named and not all(
            _refers(record, path_ids | touched, names) for record in effect.inserted
        ):
            return (
                f"neither path nor body names {name}: a record that the program adds there must"
                " hold the id of a record of this request, in a field such as order_id"
            )
    return None


def _all_records(effects: ResourceEffects) -> Iterator[Record]:
    yield from effects.inserted
    yield from _existing(effects)


def _existing(effects: ResourceEffects) -> Iterator[Record]:
    yield from effects.changed
    yield from effects.deleted


def _is_own(resource: str, names: RequestNames) -> bool:
    """Return whether a resource is the one that a request is about."""
    words = [part.word for part in names.path]
    if any(_same(word, resource) for word in words):
        return True
    # A plural, or a word with ids behind it, names a resource, even one that does not exist yet.
    names_one = any(part.ids or singular(part.word) is not None for part in names.path)
    return not names_one and resource == names.resource


def _may_change(record: Record, resource: str, names: RequestNames) -> bool:
    """Return whether a request means an existing record of a resource."""
    key = key_of(record["id"])
    places = [place for place, part in enumerate(names.path) if _same(part.word, resource)]
    if any(key in names.path[place].ids for place in places):
        return True
    if key in _ids_of(resource, names, names.ids_by_key):
        return True
    if not places or any(names.path[place].ids for place in places):
        return False
    place = places[-1]
    action = names.path[place + 1 :]
    above = [part for part in names.path[:place] if part.ids]
    if names.method == "POST" and (not action or _is_search(names.path[-1].word)):
        return False
    if names.method == "DELETE" and not action and not names.has_criterion and not above:
        return False
    return not above or _is_below(record, above[-1], names)


def _is_search(word: str) -> bool:
    """Return whether an action asks for records: `search`, `_search`, `searches`, `do-search`."""
    words = [part.lower() for part in _WORD.findall(word)]
    if not words:
        return False
    last_forms = {words[-1], *singulars(words[-1])}
    return words[0] in _SEARCH_VERBS or not last_forms.isdisjoint(_SEARCHES)


def _is_below(record: Record, parent: PathPart, names: RequestNames) -> bool:
    """Return whether a record belongs to a named one: by the field for it, or by any link."""
    fields = {
        name: value
        for name, value in record.items()
        if name != "id" and _names_record(name, parent.word, is_own=False)
    }
    return _refers(fields or record, parent.ids, names)


def _ids_of(
    resource: str, names: RequestNames, ids_by_key: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """Return those ids that, by the name of their field, are of records of a resource."""
    named_ids: frozenset[str] = frozenset()
    for key, ids in ids_by_key.items():
        if _names_record(key, resource, is_own=_is_own(resource, names)):
            named_ids |= ids
    return named_ids


@lru_cache(maxsize=4096)
def _names_record(key: str, resource: str, *, is_own: bool) -> bool:
    """Return whether a field holds ids of a resource: `order_id`, or of the own one: `id`, `to`."""
    words = [word.lower() for word in _WORD.findall(key)]
    if any(_same(word, resource) for word in [key, *words]):
        return True
    role_words = [word for word in words if word not in _ID_WORDS]
    return is_own and (not role_words or all(word in _ROLE_WORDS for word in role_words))


def _refers(record: Record, ids: Iterable[str], names: RequestNames) -> bool:
    """Return whether a record holds one of the ids in a link field."""
    linked_ids = frozenset(ids)
    return any(
        type(value) in (int, str) and str(value) in linked_ids and _is_link(name, names)
        for name, value in record.items()
        if name != "id"
    )


def _is_link(name: str, names: RequestNames) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    resources = [part.word for part in names.path]
    return bool(words) and (
        words[-1] in _ID_WORDS or any(_same(name, resource) for resource in resources)
    )


@lru_cache(maxsize=4096)
def _same(word: str, resource: str) -> bool:
    """Return whether a word names a resource, in the singular or in the plural."""
    if word == resource:
        return True
    return not {*singulars(word), word.lower()}.isdisjoint({*singulars(resource), resource.lower()})


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
