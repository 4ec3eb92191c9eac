"""What a path says by REST convention: which resource, which record, under which parents.

Pure: the same reading of the shape's path (by the rules) and of the real one (by the binding).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import inflection

from larst.domain import Json
from larst.errors import BadResourceNameError
from larst.planning.shapes.shape import SEARCH_VERBS, Segment, Shape

SchemaOf = Callable[[str], Mapping[str, Json] | None]
"""Gives the learned schema of a resource of the session, or None where nothing was stored."""

MAX_PARENTS = 4
"""Collections above the one meant; deeper paths are not read as nesting."""

_API_PREFIX = re.compile(r"api|rest|v\d{1,3}", re.IGNORECASE)
_RESOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Parent:
    """A record that the resource meant belongs to: `posts`, `1` in `/posts/1/comments`."""

    resource: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A path in REST's terms. `prefix` is text before the resource, such as `/api/v1`."""

    prefix: str
    resource: str
    parents: tuple[Parent, ...] = field(default=())
    identifier: str | None = None
    is_word: bool = False
    """The identifier is a plain word: it may be meant as something other than an id."""
    is_search: bool = False


def read_path(path: Sequence[Segment], known: Collection[str]) -> Reading | None:
    """Return what the path says, or None where REST convention has no reading for it.

    `known` are the resources that exist: a segment below a record is read as a collection where
    it is one of these, or an English plural (`/orders/1/refunds`, but not `/orders/1/cancel`).

    Raises:
        BadResourceNameError: a collection's place holds what no resource can be called.
    """
    start = _prefix_length(path)
    rest = path[start:]
    if not rest or rest[0].is_identifier:
        return None
    prefix = "".join(f"/{segment.text}" for segment in path[:start])
    return _read_collection(prefix, (), rest, known)


def _read_collection(
    prefix: str, parents: tuple[Parent, ...], rest: Sequence[Segment], known: Collection[str]
) -> Reading | None:
    resource = _resource_name(rest[0])
    if len(rest) == 1:
        return Reading(prefix, resource, parents)
    second = rest[1]
    is_word = not second.is_identifier
    if len(rest) == 2 and is_word and second.text in SEARCH_VERBS:
        return Reading(prefix, resource, parents, is_search=True)
    if len(rest) == 2:
        return Reading(prefix, resource, parents, identifier=second.text, is_word=is_word)
    if len(parents) == MAX_PARENTS or not _is_collection(rest[2], known):
        return None
    return _read_collection(prefix, (*parents, Parent(resource, second.text)), rest[2:], known)


def plain_path(path: str, known: Collection[str], *, is_word_an_id: bool) -> bool:
    """Tell whether a path is of a collection, a search, a record, or a collection below a record.

    `is_word_an_id`: a word in the place of an id is one; else it is something to do.
    """
    parts = [part for part in path.split("/") if part]
    segments = [Segment(part, part.startswith("<") and part.endswith(">")) for part in parts]
    try:
        read = read_path(segments, known)
    except BadResourceNameError:
        return False
    if read is None or (read.is_word and not is_word_an_id):
        return False
    return not read.parents or (len(read.parents) == 1 and read.identifier is None)


def facts_of(shape: Shape, schema_of: SchemaOf) -> dict[str, Json]:
    """Return what a reading of the shape depends on in the session: part of every plan's key.

    `known`: which of the path's names are resources, where English cannot tell: a fact that does
    not matter would split one shape into several. `links`: how nested resources name the record
    above them. A path that names what no resource can be called has no facts.
    """
    unclear = {part.text for part in shape.path[2:] if not part.is_identifier}
    known = sorted(
        name for name in unclear if singular(name) is None and schema_of(name) is not None
    )
    try:
        read = read_path(shape.path, known)
    except BadResourceNameError:
        read = None
    if read is None or not read.parents:
        return {"known": known, "links": {}}
    chain = [parent.resource for parent in read.parents] + [read.resource]
    links = {child: _link_field(parent, schema_of(child)) for parent, child in pairwise(chain)}
    return {"known": known, "links": links}


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


def _resource_name(segment: Segment) -> str:
    if segment.is_identifier or not _RESOURCE_NAME.fullmatch(segment.text):
        raise BadResourceNameError(
            f"{segment.text[:80]!r} cannot be a resource's name:"
            " 1 to 64 of the characters A-Z a-z 0-9 _ and - are allowed"
        )
    return segment.text


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
