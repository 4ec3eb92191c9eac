"""What a path says by REST convention: which resource, which record, under which parents.

Pure: the same reading of the shape's path (by the rules) and of the real one (by the binding).
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
"""Gives the learned schema of a resource of the session, or None where nothing was stored."""

MIN_NESTED_SEGMENTS = 2
"""Only a longer path can name a collection below a record."""

MAX_PARENTS = 4
"""Collections above the one meant; deeper paths are not read as nesting."""

_API_PREFIX = re.compile(r"api|rest|v\d{1,3}", re.IGNORECASE)
_RESOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Parent:
    """A record that the resource belongs to: `posts`, 1 in `/posts/7/comments`.

    `index` is the place of its identifier among the path's segments.
    """

    resource: str
    index: int


@dataclass(frozen=True, slots=True)
class RestPath:
    """A path in REST's terms, without any value: identifiers are places among the segments.

    `prefix` is the text before the resource, such as `/api/v1`.
    """

    prefix: str
    resource: str
    parents: tuple[Parent, ...] = ()
    identifier: int | None = None
    is_word: bool = False
    """The identifier is a plain word, which may mean something other than an id."""
    is_search: bool = False


PathInterpretation: TypeAlias = RestPath | BadResourceNameError | None
"""How a path reads: None where REST convention has no reading, the error where a collection has
a name that no resource can have."""


def interpret_path(path: Sequence[Segment], known: Collection[str]) -> PathInterpretation:
    """Return how the path reads.

    `known` are the resources that exist: a segment below a record is read as a collection where
    it is one of these, or an English plural (`/orders/1/refunds`, but not `/orders/1/cancel`).
    """
    start = _prefix_length(path)
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
        if len(parents) == MAX_PARENTS or not _is_collection(path[index + 2], known):
            return None
        parents = (*parents, Parent(collection.text, index + 1))
        index += 2
    return None


def is_plain_path(path: str, known: Collection[str], *, is_word_an_id: bool) -> bool:
    """Tell whether a path is of a collection, a search, a record, or a collection below a record.

    `is_word_an_id`: a word in the place of an id is one; else it is something to do.
    """
    parts = [part for part in path.split("/") if part]
    segments = [Segment(part, part.startswith("<") and part.endswith(">")) for part in parts]
    reading = interpret_path(segments, known)
    if not isinstance(reading, RestPath) or (reading.is_word and not is_word_an_id):
        return False
    return not reading.parents or (len(reading.parents) == 1 and reading.identifier is None)


def interpret_shape(
    shape: Shape, schema_of: SchemaOf
) -> tuple[PathInterpretation, dict[str, Json]]:
    """Return how the shape's path reads, and what that depends on in the session.

    These facts are part of every plan's key. `known`: which of the path's names are resources,
    where English cannot decide it: a fact that does not matter would split one shape into several.
    `links`: the field by which each nested resource names the record above it.
    """
    known = _known_names(shape.path, schema_of) if len(shape.path) > MIN_NESTED_SEGMENTS else []
    reading = interpret_path(shape.path, known)
    if not isinstance(reading, RestPath) or not reading.parents:
        return reading, {"known": known, "links": {}}
    chain = [parent.resource for parent in reading.parents] + [reading.resource]
    links = {child: _link_field(parent, schema_of(child)) for parent, child in pairwise(chain)}
    return reading, {"known": known, "links": links}


def _known_names(path: Sequence[Segment], schema_of: SchemaOf) -> list[str]:
    unclear = {segment.text for segment in path[2:] if not segment.is_identifier}
    return sorted(
        name for name in unclear if singular(name) is None and schema_of(name) is not None
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


def _is_collection(segment: Segment, known: Collection[str]) -> bool:
    if segment.is_identifier:
        return False
    return segment.text in known or singular(segment.text) is not None


@lru_cache(maxsize=4096)
def singular(noun: str) -> str | None:
    """Return the English singular of a plural noun (`categories` → `category`), else None.

    By `inflection`: `inflect` knows more words, but takes 2.6 s to import (November 2026).
    """
    if not _RESOURCE_NAME.fullmatch(noun):
        return None
    found = inflection.singularize(noun)
    return found if found != noun else None


def link_fields(parent: str) -> tuple[str, str]:
    """Return the names a child's field for its parent may have: `post_id`, `postId`."""
    stem = (singular(parent) or parent).replace("-", "_")
    return f"{stem}_id", f"{stem}Id"
