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

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from larst.domain import Record
from larst.planning.reading.nouns import singulars
from larst.session.request_names import (
    PathPart,
    RequestNames,
    ids_of,
    is_own,
    names_record,
    refers,
    same,
    words_of,
)
from larst.store import Transaction
from larst.store.records import key_of

READING = frozenset({"GET", "HEAD", "OPTIONS"})


_SEARCHES = frozenset(
    "search query find filter lookup list count stats report summary export preview aggregate"
    " statistics fetch autocomplete suggest validate exists".split()
)
"""Words at the end of a path that ask for records of the collection before them."""

_SEARCH_VERBS = frozenset("search query find fetch get lookup count aggregate".split())
"""Words that also do so at the begin of a longer name: `findByState`, `search-all`."""


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


def refusal_of(
    effects: Effects, names: RequestNames, is_shown: Callable[[str], bool]
) -> str | None:
    """Return why a program may not have these effects, or None if it may.

    `is_shown`: whether the planner knows the name of a resource already.
    """
    if names.method in READING:
        return f"{names.method} must not change any data" if effects.has_any else None
    path_ids = {id for part in names.path for id in part.ids}
    own = [resource for resource in effects.resources if is_own(resource, names)]
    touched = {
        key_of(record["id"])
        for resource in own
        for record in _all_records(effects.resources[resource])
    }
    for resource, effect in effects.resources.items():
        name = resource if is_shown(resource) else "another resource"
        referred = ids_of(resource, names, names.referred)
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
        is_named = resource in own or ids_of(resource, names, names.ids_by_key)
        if not is_named and not all(
            refers(record, path_ids | touched, names) for record in effect.inserted
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


def _may_change(record: Record, resource: str, names: RequestNames) -> bool:
    """Return whether a request means an existing record of a resource."""
    key = key_of(record["id"])
    places = [place for place, part in enumerate(names.path) if same(part.word, resource)]
    if any(key in names.path[place].ids for place in places):
        return True
    if key in ids_of(resource, names, names.ids_by_key):
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
    words = words_of(word)
    if not words:
        return False
    last_forms = {words[-1], *singulars(words[-1])}
    return words[0] in _SEARCH_VERBS or not last_forms.isdisjoint(_SEARCHES)


def _is_below(record: Record, parent: PathPart, names: RequestNames) -> bool:
    """Return whether a record belongs to a named one: by the field for it, or by any link."""
    fields = {
        name: value
        for name, value in record.items()
        if name != "id" and names_record(name, parent.word, is_own=False)
    }
    return refers(fields or record, parent.ids, names)
