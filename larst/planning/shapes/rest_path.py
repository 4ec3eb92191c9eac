"""What a path means by REST convention: which resource, which record, below which parents.

Pure. Works on the shape of a path, so that the rules, which plan without values, and the binding,
which fills in values, interpret each path alike.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from larst.domain import BodyKind, Json
from larst.planning.reading.nouns import singular
from larst.planning.reading.verbs import is_action, is_call, is_verb
from larst.planning.shapes.grammar import (
    BY_FIELD,
    IDS,
    LATEST,
    MAX_PARENTS,
    RESOURCE_NAME,
    Parent,
    PathInterpretation,
    RestPath,
    interpret_path,
    is_plain_path,
)
from larst.planning.shapes.links import (
    SchemaOf,
    Surroundings,
    is_own_field,
    is_singleton,
    links_between,
    many_between,
    new_many,
    scalar_links,
    to_one,
)
from larst.planning.shapes.shape import Segment, Shape

__all__ = [
    "BY_FIELD",
    "IDS",
    "LATEST",
    "MAX_PARENTS",
    "Parent",
    "PathInterpretation",
    "RestPath",
    "SchemaOf",
    "Surroundings",
    "interpret_path",
    "interpret_shape",
    "is_plain_path",
]

MIN_NESTED_SEGMENTS = 2
"""Only a path with more segments can name a collection below a record."""

DATABASE = "db"
"""The resource that stands for the whole session, as in json-server."""

CONTENT = "content"
"""The word below a record that means the file in it."""

_NO_SURROUNDINGS = Surroundings()


def interpret_shape(
    shape: Shape, schema_of: SchemaOf, around: Surroundings = _NO_SURROUNDINGS
) -> tuple[PathInterpretation, dict[str, Json]]:
    """Return the meaning of the shape's path, and the facts of the session that it depends on.

    The facts are part of every plan's key. `known`: which names of the path are resources, listed
    only where English grammar cannot decide it, because an irrelevant fact would split one shape
    into several. `links`: the fields in which each nested resource stores the id of its parent;
    `aliases`: how the body spells them; `many`: links that are held elsewhere.
    """
    meaning, facts = _interpret(shape, schema_of, around)
    if isinstance(meaning, RestPath) and _is_verb(meaning, shape, around.resources):
        meaning = None
    if around.start:
        facts["start"] = around.start
    return meaning, facts


def _interpret(
    shape: Shape, schema_of: SchemaOf, around: Surroundings
) -> tuple[PathInterpretation, dict[str, Json]]:
    start = around.start or 0
    if len(shape.path) - start <= MIN_NESTED_SEGMENTS:
        meaning = interpret_path(shape.path, (), start=around.start)
        if isinstance(meaning, RestPath):
            meaning = _singleton(meaning, shape, schema_of, around)
        return meaning, _facts_of(meaning)
    names = _known_names(shape.path[start:], schema_of)
    is_field = partial(is_own_field, schema_of=schema_of)
    meaning = interpret_path(shape.path, names, is_field, around.start)
    if meaning is None and len(shape.path) - start == MIN_NESTED_SEGMENTS + 1:
        meaning = _below_record(shape, schema_of, around)
    if isinstance(meaning, RestPath) and meaning.parents:
        meaning = _new_field(meaning, shape, schema_of)
        if meaning.parents:
            return meaning, {"known": names, **_links(meaning, shape, schema_of, around)}
    return meaning, _facts_of(meaning, names)


def _facts_of(meaning: PathInterpretation, names: Sequence[str] = ()) -> dict[str, Json]:
    facts: dict[str, Json] = {"known": [*names], "links": {}}
    if isinstance(meaning, RestPath):
        if meaning.field is not None:
            facts["known"].append(meaning.field)
        if meaning.is_singleton or meaning.is_database:
            facts["whole"] = True
    return facts


def _singleton(path: RestPath, shape: Shape, schema_of: SchemaOf, around: Surroundings) -> RestPath:
    """Return the path as that of a singleton, of one of its fields or of the whole session."""
    name = path.resource
    is_bare = path.identifier is None and not (path.is_search or path.is_count)
    if is_bare and around.has_database and name == DATABASE and shape.method == "GET":
        return replace(path, is_database=True)
    schema = schema_of(name)
    if is_singleton(schema):
        if is_bare:
            return replace(path, is_singleton=True)
        if schema is not None and path.is_word and path.identifier is not None:
            word = shape.path[path.identifier].text
            if word in schema["fields"]:
                return replace(path, is_singleton=True, identifier=None, is_word=False, field=word)
    is_new = schema is None and name not in around.resources and is_bare
    if is_new and shape.method == "PUT" and shape.body is BodyKind.OBJECT:
        return replace(path, is_singleton=True)
    return path


def _below_record(shape: Shape, schema_of: SchemaOf, around: Surroundings) -> RestPath | None:
    """Return the meaning of a singular word below a record: what it links to, or a new field."""
    start = around.start or 0
    first, _, third = shape.path[start:]
    if first.is_identifier or third.is_identifier or not RESOURCE_NAME.fullmatch(third.text):
        return None
    prefix = "".join([f"/{segment.text}" for segment in shape.path[:start]])
    if third.text == CONTENT and shape.method == "GET" and schema_of(first.text) is not None:
        return RestPath(prefix, first.text, (), start + 1, field=CONTENT)
    parent = Parent(first.text, start + 1)
    link = to_one(first.text, third.text, schema_of, around.names)
    if link is not None and shape.method == "GET":
        return RestPath(prefix, link.resource, (parent,), is_to_one=True)
    path = _new_field(RestPath(prefix, third.text, (parent,)), shape, schema_of)
    return path if path.field is not None else None


def _new_field(path: RestPath, shape: Shape, schema_of: SchemaOf) -> RestPath:
    """Return the path of a new field, where an object is put below a record: `/users/1/profile`."""
    (*above, parent), name = path.parents, path.resource
    is_bare = path.identifier is None and not (path.is_search or path.is_count)
    if above or not is_bare or shape.method != "PUT" or shape.body is not BodyKind.OBJECT:
        return path
    known = schema_of(name)
    is_free = known is None or is_singleton(known)
    if not is_free or is_action(name) or schema_of(parent.resource) is None:
        return path
    return RestPath(path.prefix, parent.resource, (), parent.index, field=name)


def _is_verb(path: RestPath, shape: Shape, known: Container[str]) -> bool:
    """Return whether a path names an action instead of a resource: `/login`, `/createPost`."""
    resources = [parent.resource for parent in path.parents] + [path.resource]
    if any(name not in known and is_verb(name) for name in resources):
        return True
    if not path.is_word or path.identifier is None or path.is_latest:
        return False
    return is_call(shape.path[path.identifier].text)


def _known_names(path: Sequence[Segment], schema_of: SchemaOf) -> list[str]:
    ambiguous = {segment.text for segment in path[2:] if not segment.is_identifier}
    return sorted(
        name for name in ambiguous if singular(name) is None and schema_of(name) is not None
    )


def _links(
    path: RestPath, shape: Shape, schema_of: SchemaOf, around: Surroundings
) -> dict[str, Json]:
    """Return the facts about how the records of a nested path belong together."""
    links: dict[str, Json] = {}
    aliases: dict[str, Json] = {}
    many: dict[str, Json] = {}
    chain = [parent.resource for parent in path.parents] + [path.resource]
    for parent, child in pairwise(chain):
        links[child], spellings = links_between(parent, child, schema_of, around)
        if spellings and child == path.resource:
            aliases[child] = spellings
        if (link := many_between(parent, child, schema_of, around.names)) is not None:
            many[child] = link.as_json()
    is_bare = shape.body is BodyKind.NONE or around.is_bare
    is_link = shape.method == "PUT" and is_bare and path.identifier is not None
    above, child = chain[-2:]
    is_known = schema_of(child) is not None and schema_of(above) is not None
    if is_link and is_known and child not in many and not scalar_links(above, schema_of(child)):
        many[child] = new_many(above, child, schema_of, around).as_json()
    facts: dict[str, Json] = {"links": links}
    if aliases:
        facts["aliases"] = aliases
    if many:
        facts["many"] = many
        facts["bare"] = is_bare
    return facts
