"""Paths by the grammar of REST alone: collections, ids, searches, and collections below a record.

Pure. What the words of a path mean in a session is decided in rest_path.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from larst.errors import BadResourceNameError
from larst.planning.reading.nouns import singular
from larst.planning.reading.paths import prefix_length
from larst.planning.shapes.shape import SEARCH_VERBS, Segment

MAX_PARENTS = 4
"""How deep collections may be nested; a deeper path has no REST meaning."""

BY_FIELD = re.compile(r"(?:get|find|read|search|filter|query)(?:All)?By_?[A-Z]\w*")
IDS = "<ids>"
"""The class of a segment that lists identifiers: `1,2,3`."""

FIRST = frozenset({"first", "findOne"})
"""Words in the place of an id that mean the first record, by its creation or by the order asked."""

LATEST = frozenset({"latest", "newest", "last"}) | FIRST
"""Words in the place of an id that mean the record created last, or the first."""

IsField = Callable[[str, str], bool]
"""Returns whether (resource, name) is a field of its records, and no resource below them."""

RESOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Parent:
    """A record above the resource: `posts`, 1 in `/posts/7/comments`.

    `index` is the position of its identifier in the path's segments.
    """

    resource: str
    index: int


@dataclass(frozen=True, slots=True)
class RestPath:
    """A path in REST terms, without values: identifiers are positions in the path's segments.

    `prefix` is the text before the resource, such as `/api/v1`.
    """

    prefix: str
    resource: str
    parents: tuple[Parent, ...] = ()
    identifier: int | None = None
    is_word: bool = False
    """The identifier is a plain word: an id, or an action such as `cancel`."""
    is_search: bool = False
    is_count: bool = False
    is_latest: bool = False
    """The identifier is a word for the record created last, or for the first."""
    is_first: bool = False
    """That record is the first, not the last."""
    is_list_of_ids: bool = False
    """The identifier is several, as in `/posts/1,2,3`."""
    is_singleton: bool = False
    """The resource is one object: `/settings`."""
    is_database: bool = False
    """All resources of the session: `/db`."""
    field: str | None = None
    """The last segment is a field of the record: `/posts/3/title`."""
    is_to_one: bool = False
    """The one record that the parent links to: `/comments/1/post`."""
    item: int | None = None
    """The last segment is the id of an item of that field: `/stores/1/categories/2`."""

    @property
    def is_whole(self) -> bool:
        """Whether the path names one value, of which a query can select no part."""
        is_one = self.is_singleton or self.is_to_one or self.is_database
        return is_one or self.field is not None


PathInterpretation: TypeAlias = RestPath | BadResourceNameError | None
"""The meaning of a path: None if REST convention gives it none, the error if a collection has a
name that is invalid for a resource."""


def interpret_path(
    path: Sequence[Segment],
    resources: Collection[str],
    is_field: IsField = lambda *_: False,
    start: int | None = None,
) -> PathInterpretation:
    """Return the meaning of the path.

    `resources` are the resources that exist; `is_field` recognizes the fields of records; `start`
    is the number of segments before the first resource. A segment below a record is a collection
    if it is in `resources` or is an English plural: `/orders/1/refunds`, but not
    `/orders/1/cancel`.
    """
    if start is None:
        start = prefix_length([segment.text for segment in path], ()) if len(path) > 1 else 0
    prefix = "".join([f"/{segment.text}" for segment in path[:start]]) if start else ""
    parents: tuple[Parent, ...] = ()
    index, last = start, len(path) - 1
    while index <= last:
        collection = path[index]
        if (refused := _refused(collection, is_first=not parents)) is not False:
            return refused
        here = RestPath(prefix, collection.text, parents)
        if (meaning := _ending(here, path, index, is_field)) is not None:
            return meaning
        if len(parents) == MAX_PARENTS or not _is_collection(path[index + 2], resources):
            return None
        parents = (*parents, Parent(collection.text, index + 1))
        index += 2
    return None


def _ending(
    here: RestPath, path: Sequence[Segment], index: int, is_field: IsField
) -> RestPath | None:
    """Return the meaning of a path that ends with the collection `here`; None if it goes on."""
    last = len(path) - 1
    if index == last:
        return here
    second = path[index + 1]
    if not second.is_identifier and _ends_search(path, index + 1):
        return replace(here, is_search=True)
    if index + 1 == last:
        return _record(here, second, index + 1)
    third = path[index + 2]
    if index + 3 < last or third.is_identifier or not is_field(here.resource, third.text):
        return None
    item = last if index + 3 == last else None
    is_word = not second.is_identifier
    return replace(here, identifier=index + 1, is_word=is_word, field=third.text, item=item)


def _refused(segment: Segment, *, is_first: bool) -> BadResourceNameError | Literal[False] | None:
    """Return the meaning of a path whose segment can be no collection; False: it can be one."""
    if segment.is_identifier and is_first:
        return None
    if segment.is_identifier or not RESOURCE_NAME.fullmatch(segment.text):
        return None if segment.text[:1] == "$" else _bad_name(segment)
    return False


def _record(here: RestPath, second: Segment, place: int) -> RestPath:
    """Return the path that ends in a record's id, or in a word for a count or the last record."""
    if second.is_identifier:
        return replace(here, identifier=place, is_list_of_ids=second.text == IDS)
    if second.text == "count":
        return replace(here, is_count=True)
    word = second.text
    return replace(
        here,
        identifier=place,
        is_word=True,
        is_latest=word in LATEST,
        is_first=word in FIRST,
    )


def is_plain_path(path: str, resources: Collection[str], *, is_word_an_id: bool) -> bool:
    """Return whether a path names a collection, a search, a record or a record's collection.

    `is_word_an_id`: a word in the position of an id is an id; otherwise it is an action.
    """
    parts = [part for part in path.split("/") if part]
    segments = [Segment(part, part.startswith("<") and part.endswith(">")) for part in parts]
    meaning = interpret_path(segments, resources)
    if not isinstance(meaning, RestPath) or (meaning.is_word and not is_word_an_id):
        return False
    return not meaning.parents or (len(meaning.parents) == 1 and meaning.identifier is None)


def _ends_search(path: Sequence[Segment], place: int) -> bool:
    """Return whether a search verb ends the path, alone or as `search/findByStatus`."""
    if path[place].text not in SEARCH_VERBS:
        return False
    tail = path[place + 1 :]
    return not tail or (len(tail) == 1 and BY_FIELD.fullmatch(tail[0].text) is not None)


def _bad_name(segment: Segment) -> BadResourceNameError:
    return BadResourceNameError(
        f"{segment.text[:80]!r} cannot be the name of a resource:"
        " 1 to 64 of the characters A-Z a-z 0-9 _ and - are allowed"
    )


def _is_collection(segment: Segment, resources: Collection[str]) -> bool:
    if segment.is_identifier:
        return False
    return segment.text in resources or singular(segment.text) is not None
