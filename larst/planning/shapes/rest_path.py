"""What a path means by REST convention: which resource, which record, below which parents.

Pure. Works on the shape of a path, so that the rules, which plan without values, and the binding,
which fills in values, interpret each path alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import inflection

from larst.domain import Json
from larst.errors import BadResourceNameError
from larst.planning.shapes.shape import SEARCH_VERBS, Segment, Shape

SchemaOf = Callable[[str], Mapping[str, Json] | None]
"""Returns the learned schema of a resource of the session, or None if it has no records."""

MIN_NESTED_SEGMENTS = 2
"""Only a path with more segments can name a collection below a record."""

MAX_PARENTS = 4
"""How deep collections may be nested; a deeper path has no REST meaning."""

_API_PREFIX = re.compile(r"api|rest|v\d{1,3}", re.IGNORECASE)
_RESOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


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


PathInterpretation: TypeAlias = RestPath | BadResourceNameError | None
"""The meaning of a path: None if REST convention gives it none, the error if a collection has a
name that is invalid for a resource."""


def interpret_path(path: Sequence[Segment], resources: Collection[str]) -> PathInterpretation:
    """Return the meaning of the path.

    `resources` are the resources that exist. A segment below a record is a collection if it is in
    `resources` or is an English plural: `/orders/1/refunds`, but not `/orders/1/cancel`.
    """
    start = _prefix_length(path) if path and _API_PREFIX.fullmatch(path[0].text) else 0
    prefix = "".join([f"/{segment.text}" for segment in path[:start]]) if start else ""
    parents: tuple[Parent, ...] = ()
    index, last = start, len(path) - 1
    while index <= last:
        collection = path[index]
        if collection.is_identifier and not parents:
            return None
        if collection.is_identifier or not _RESOURCE_NAME.fullmatch(collection.text):
            return _bad_name(collection)
        if index == last:
            return RestPath(prefix, collection.text, parents)
        second = path[index + 1]
        is_word = not second.is_identifier
        if index + 1 == last:
            if is_word and second.text in SEARCH_VERBS:
                return RestPath(prefix, collection.text, parents, is_search=True)
            return RestPath(prefix, collection.text, parents, index + 1, is_word)
        if len(parents) == MAX_PARENTS or not _is_collection(path[index + 2], resources):
            return None
        parents = (*parents, Parent(collection.text, index + 1))
        index += 2
    return None


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


def interpret_shape(
    shape: Shape, schema_of: SchemaOf
) -> tuple[PathInterpretation, dict[str, Json]]:
    """Return the meaning of the shape's path, and the facts of the session that it depends on.

    The facts are part of every plan's key. `known`: which names of the path are resources, listed
    only where English grammar cannot decide it, because an irrelevant fact would split one shape
    into several. `links`: the field in which each nested resource stores the id of its parent.
    """
    names = _known_names(shape.path, schema_of) if len(shape.path) > MIN_NESTED_SEGMENTS else []
    meaning = interpret_path(shape.path, names)
    if not isinstance(meaning, RestPath) or not meaning.parents:
        return meaning, {"known": names, "links": {}}
    chain = [parent.resource for parent in meaning.parents] + [meaning.resource]
    links = {child: _link_field(parent, schema_of(child)) for parent, child in pairwise(chain)}
    return meaning, {"known": names, "links": links}


def _known_names(path: Sequence[Segment], schema_of: SchemaOf) -> list[str]:
    ambiguous = {segment.text for segment in path[2:] if not segment.is_identifier}
    return sorted(
        name for name in ambiguous if singular(name) is None and schema_of(name) is not None
    )


def _link_field(parent: str, schema: Mapping[str, Json] | None) -> str:
    snake, camel = link_fields(parent)
    fields = schema["fields"] if schema else ()
    return camel if camel in fields and snake not in fields else snake


def _prefix_length(path: Sequence[Segment]) -> int:
    length = 0
    while (
        length < len(path) - 1
        and not path[length].is_identifier
        and not path[length + 1].is_identifier
        and _API_PREFIX.fullmatch(path[length].text)
    ):
        length += 1
    return length


def _bad_name(segment: Segment) -> BadResourceNameError:
    return BadResourceNameError(
        f"{segment.text[:80]!r} cannot be the name of a resource:"
        " 1 to 64 of the characters A-Z a-z 0-9 _ and - are allowed"
    )


def _is_collection(segment: Segment, resources: Collection[str]) -> bool:
    if segment.is_identifier:
        return False
    return segment.text in resources or singular(segment.text) is not None


@lru_cache(maxsize=4096)
def singular(noun: str) -> str | None:
    """Return the English singular of a plural noun (`categories` → `category`), or None.

    Uses `inflection`: `inflect` knows more words, but takes 2.6 s to import (November 2026).
    """
    if not _RESOURCE_NAME.fullmatch(noun):
        return None
    result = inflection.singularize(noun)
    return result if result != noun else None


def link_fields(parent: str) -> tuple[str, str]:
    """Return the possible names of a child's field for its parent: `post_id`, `postId`."""
    stem = (singular(parent) or parent).replace("-", "_")
    return f"{stem}_id", f"{stem}Id"
