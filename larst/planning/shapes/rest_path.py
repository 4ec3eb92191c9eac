"""What a path means by REST convention: which resource, which record, below which parents.

Pure. Works on the shape of a path, so that the rules, which plan without values, and the binding,
which fills in values, interpret each path alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TypeAlias

from larst.domain import Json
from larst.errors import BadResourceNameError
from larst.planning.reading.paths import API_PREFIX
from larst.planning.reading.nouns import (
    is_camel_case,
    link_fields_of,
    new_link,
    singular,
)
from larst.planning.shapes.shape import SEARCH_VERBS, Segment, Shape

SchemaOf = Callable[[str], Mapping[str, Json] | None]
"""Returns the learned schema of a resource of the session, or None if it has no records."""

MIN_NESTED_SEGMENTS = 2
"""Only a path with more segments can name a collection below a record."""

MAX_PARENTS = 4
"""How deep collections may be nested; a deeper path has no REST meaning."""

BY_FIELD = re.compile(r"(?:get|find|read|search|filter|query)(?:All)?By_?[A-Z]\w*")
IDS = "<ids>"
"""The class of a segment that lists identifiers: `1,2,3`."""

IsField = Callable[[str, str], bool]
"""Returns whether (resource, name) is a field that records of the resource ever had."""

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
    is_count: bool = False
    is_list_of_ids: bool = False
    """The identifier is several, as in `/posts/1,2,3`."""
    field: str | None = None
    """The last segment is a field of the record: `/posts/3/title`."""


PathInterpretation: TypeAlias = RestPath | BadResourceNameError | None
"""The meaning of a path: None if REST convention gives it none, the error if a collection has a
name that is invalid for a resource."""


def interpret_path(
    path: Sequence[Segment], resources: Collection[str], is_field: IsField = lambda *_: False
) -> PathInterpretation:
    """Return the meaning of the path.

    `resources` are the resources that exist; `is_field` recognizes the fields of records. A segment below a record is a collection if it is in
    `resources` or is an English plural: `/orders/1/refunds`, but not `/orders/1/cancel`.
    """
    start = _prefix_length(path) if path and API_PREFIX.fullmatch(path[0].text) else 0
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
        if is_word and second.text in SEARCH_VERBS and _ends_search(path, index + 1):
            return RestPath(prefix, collection.text, parents, is_search=True)
        if index + 1 == last:
            if is_word and second.text == "count":
                return RestPath(prefix, collection.text, parents, is_count=True)
            is_list = second.text == IDS
            return RestPath(
                prefix, collection.text, parents, index + 1, is_word, is_list_of_ids=is_list
            )
        third = path[index + 2]
        is_below = index + 2 == last and not third.is_identifier
        if is_below and is_field(collection.text, third.text) and third.text not in resources:
            return RestPath(
                prefix, collection.text, parents, index + 1, is_word, field=third.text
            )
        if len(parents) == MAX_PARENTS or not _is_collection(third, resources):
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
    shape: Shape, schema_of: SchemaOf, *, has_camel_links: bool = False
) -> tuple[PathInterpretation, dict[str, Json]]:
    """Return the meaning of the shape's path, and the facts of the session that it depends on.

    The facts are part of every plan's key. `known`: which names of the path are resources, listed
    only where English grammar cannot decide it, because an irrelevant fact would split one shape
    into several. `links`: the field in which each nested resource stores the id of its parent.
    """
    if len(shape.path) <= MIN_NESTED_SEGMENTS:
        return interpret_path(shape.path, ()), {"known": [], "links": {}}
    names = _known_names(shape.path, schema_of)
    meaning = interpret_path(shape.path, names, partial(_is_field, schema_of))
    if not isinstance(meaning, RestPath) or not meaning.parents:
        field = [meaning.field] if isinstance(meaning, RestPath) and meaning.field else []
        return meaning, {"known": [*names, *field], "links": {}}
    chain = [parent.resource for parent in meaning.parents] + [meaning.resource]
    links = {
        child: _links(parent, child, schema_of, has_camel_links=has_camel_links)
        for parent, child in pairwise(chain)
    }
    return meaning, {"known": names, "links": links}


def _known_names(path: Sequence[Segment], schema_of: SchemaOf) -> list[str]:
    ambiguous = {segment.text for segment in path[2:] if not segment.is_identifier}
    return sorted(
        name for name in ambiguous if singular(name) is None and schema_of(name) is not None
    )


def _is_field(schema_of: SchemaOf, resource: str, name: str) -> bool:
    schema = schema_of(resource)
    return schema is not None and name in schema["fields"]


def _links(
    parent: str, child: str, schema_of: SchemaOf, *, has_camel_links: bool
) -> list[str]:
    """Return the fields that link a child to its parent: those it has, else a new one.

    An embedded object that bears the parent's name is not a link.
    """
    schema = schema_of(child)
    fields = schema["fields"] if schema else ()
    links = [name for name in link_fields_of(parent, fields) if _is_scalar(schema, name)]
    if links:
        return links
    siblings = [*fields, *(schema_of(parent) or {"fields": ()})["fields"]]
    is_camel = is_camel_case(siblings) or (has_camel_links and not any("_" in n for n in siblings))
    return [new_link(parent, is_camel=is_camel)]


def _is_scalar(schema: Mapping[str, Json] | None, field: str) -> bool:
    properties = {} if schema is None else schema["json_schema"].get("properties", {})
    types = properties.get(field, {}).get("type", ())
    return not {"object", "array"} & set([types] if isinstance(types, str) else types)


def _ends_search(path: Sequence[Segment], place: int) -> bool:
    """Return whether a search verb ends the path, alone or as `search/findByStatus`."""
    tail = path[place + 1 :]
    return not tail or (len(tail) == 1 and BY_FIELD.fullmatch(tail[0].text) is not None)


def _prefix_length(path: Sequence[Segment]) -> int:
    length = 0
    while (
        length < len(path) - 1
        and not path[length].is_identifier
        and not path[length + 1].is_identifier
        and API_PREFIX.fullmatch(path[length].text)
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
