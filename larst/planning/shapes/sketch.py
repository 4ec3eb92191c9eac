"""Sketches: requests as a planner may see them, with a class in place of each value. Pure.

Names stay, because programs use them: path words, query keys, field names. Must never contain a
value, nor anything that identifies the client.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from larst.accept import preferred
from larst.domain import BodyKind, Json, RequestContext
from larst.planning.shapes.shape import (
    Segment,
    Shape,
    classify,
    identifier_class,
    is_name,
)

MAX_SCHEMA_NAMES = 2_000
"""The fields that the sketches of a session's schemas have together: about 15 ms of looking."""

MAX_NAMES = 200
"""How many fields of an object a sketch shows: a planner does not need every key of a map."""

MAX_KINDS_OF_ITEM = 5
"""How many different items of a list a sketch shows."""

MAX_LEVELS = 8
MAX_VALUES = 1_000
MAX_TEXT_CHARACTERS = 2_000
"""A longer text has no class of its own; to look for one would take long."""
MAX_NAME_CHARACTERS = 64

_PLAIN_NAME = re.compile(r"(?!true$|false$)(?![0-9A-Fa-f]{16})[A-Za-z_][A-Za-z_0-9]*", re.ASCII)
"""Names that are identifiers, and of no class."""

_MORE = "<more>"
UNSHOWN_NAME = "<name>"
"""In place of a name that a planner may not see."""

_WORD = r"[0-9A-Z_a-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff]"
"""Letters of alphabets that separate words by spaces: of others, a name can be a sentence."""

_IDENTIFIERS = re.compile(rf"[$@]?{_WORD}(?:{_WORD}|[-.$@:\[\]])*")
"""Identifiers, and the signs between them in query keys and names of fields."""

_MEDIA_TYPES = tuple(
    "application/json application/problem+json application/xml application/yaml application/csv"
    " application/x-ndjson application/pdf application/rss+xml application/geo+json"
    " text/html text/plain text/csv text/xml text/markdown text/calendar".split()
)
_JSON = "application/json"
_TYPES = {"null": None, "boolean": "<bool>", "integer": "<int>", "number": "<number>"}
_FORMATS = {
    "date": "<date>",
    "date-time": "<datetime>",
    "uuid": "<uuid>",
    "email": "<email>",
    "uri": "<url>",
}
_TEXT_OF = ("<int>", "<number>", "<bool>")


def sketch_of(request: RequestContext, shape: Shape) -> dict[str, Json]:
    """Return the request context of SPEC section 3 with classes in place of values."""
    segments = [_segment(part, is_first=not index) for index, part in enumerate(shape.path)]
    return _context(
        request,
        path="/" + "/".join(segments),
        segments=segments,
        query={
            shown_name(key): [classify(text) for text in values]
            for key, values in sorted(request.query.items())
        },
        body_json=sketch_of_value(request.body.json) if _has_json(request) else None,
        body_text="<text>" if request.body.text is not None else None,
    )


def context_with_values(request: RequestContext) -> dict[str, Json]:
    """Return the request context with its values, but without the identity of the client."""
    return _context(
        request,
        path=request.path,
        segments=list(request.segments),
        query={key: list(values) for key, values in request.query.items()},
        body_json=request.body.json,
        body_text=request.body.text,
    )


def sketch_of_value(value: Json) -> Json:
    """Return the class of a JSON value: `<int>`, `<email>`, or a list or object of classes.

    Only the first `MAX_VALUES` values are looked at: a body can have hundreds of thousands.
    """
    return _class(value, 0, _Look(MAX_VALUES))


def _class(value: Json, level: int, look: _Look) -> Json:
    look.values_left -= 1
    match value:
        case None:
            return None
        case bool():
            return "<bool>"
        case int():
            return "<int>"
        case float():
            return "<number>"
        case str():
            return _text_class(value)
    if level >= MAX_LEVELS:
        return _MORE
    if isinstance(value, list):
        return _list(value, level, look)
    return _object(value, level, look)


@dataclass(slots=True)
class _Look:
    """How many more values are looked at."""

    values_left: int


def sketches_of_schemas(schemas: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """Return the sketch of each schema, with `MAX_SCHEMA_NAMES` names at most in all of them."""
    look = _Look(MAX_SCHEMA_NAMES)
    return {name: _of_schema(schema, look) for name, schema in schemas.items()}


def sketch_of_schema(schema: Mapping[str, Json]) -> Json:
    """Return a learned JSON Schema as a sketch; `field?` marks a field that records may lack."""
    return _of_schema(schema, _Look(MAX_SCHEMA_NAMES))


def _of_schema(schema: Mapping[str, Json], look: _Look) -> Json:
    types = schema.get("type", ())
    kinds: list[Json] = []
    for kind in [types] if isinstance(types, str) else types:
        if kind == "object":
            kinds.append(_properties(schema, look))
        elif kind == "array":
            items = schema.get("items")
            kinds.append([_of_schema(items, look)] if items else [])
        else:
            kinds.append(
                _FORMATS.get(schema.get("format", ""), "<text>")
                if kind == "string"
                else _TYPES[kind]
            )
    return kinds[0] if len(kinds) == 1 else {"any of": kinds}


def with_vocabulary(sketch: Json, vocabulary: Mapping[str, Sequence[str]]) -> Json:
    """Return the sketch of a schema with the few values of a text field in place of its class.

    >>> with_vocabulary({"status": "<text>", "name": "<text>"}, {"status": ["open", "shipped"]})
    {'status': {'one of': ['open', 'shipped']}, 'name': '<text>'}
    """
    if not isinstance(sketch, Mapping):
        return sketch
    return {
        name: {"one of": list(vocabulary[field])}
        if kind == "<text>" and (field := name.removesuffix("?")) in vocabulary
        else kind
        for name, kind in sketch.items()
    }


def preferred_media_type(headers: Mapping[str, str]) -> str:
    """Return the media type that the client prefers, out of a fixed list.

    Returns JSON whenever the client accepts it: clients express "anything" in different ways, and
    browsers list HTML first although programs answer with JSON. Both would split one shape into
    several plans.
    """
    header = headers.get("accept", "")
    return preferred(header, (_JSON,)) or preferred(header, _MEDIA_TYPES) or "<other>"


def _context(request: RequestContext, **fields: Any) -> dict[str, Json]:
    return {
        "method": "GET" if request.method == "HEAD" else request.method,
        **fields,
        "headers": {
            "accept": preferred_media_type(request.headers),
            "content-type": _content_type(request),
        },
        "client": {"ip": "<ip>"},
        "session": {"id": "<session>", "token": None},
        "request_id": "<id>",
    }


def _content_type(request: RequestContext) -> str | None:
    """Return the media type of the body as a program sees it: forms are already objects."""
    match request.body.kind:
        case BodyKind.NONE:
            return None
        case BodyKind.PATCH:
            return "application/json-patch+json"
        case BodyKind.TEXT:
            header = request.headers.get("content-type", "")
            media_type = header.partition(";")[0].strip().lower()
            return media_type if media_type in _MEDIA_TYPES else "text/plain"
        case _:
            return _JSON


def _has_json(request: RequestContext) -> bool:
    return request.body.kind not in (BodyKind.NONE, BodyKind.TEXT)


def _segment(part: Segment, *, is_first: bool) -> str:
    if part.is_identifier or is_name(part.text):
        return part.text
    return UNSHOWN_NAME if is_first else "<text>"


def _text_class(text: str) -> str:
    if len(text) > MAX_TEXT_CHARACTERS:
        return "<text>"
    name = classify(text)
    if name in _TEXT_OF:
        return f"<text:{name[1:-1]}>"
    return "<text>" if "*" in name or "," in name else name


def shown_name(name: str) -> str:
    """Return a name as a planner sees it: `<name>` if it is not an identifier, or a class.

    Clients choose names, and a sentence in one could instruct the planner.
    """
    if len(name) > MAX_NAME_CHARACTERS:
        return UNSHOWN_NAME
    if _PLAIN_NAME.fullmatch(name):  # most names, at a tenth of the time
        return name
    if (value_class := identifier_class(name)) is not None:
        return value_class
    return name if is_identifier(name) else UNSHOWN_NAME


def is_identifier(name: str) -> bool:
    """Return whether a name is made of identifiers, as names of programs are: `a.b`, `page[size]`.

    >>> is_identifier("first-name"), is_identifier("$top"), is_identifier("delete all records")
    (True, True, False)
    """
    return len(name) <= MAX_NAME_CHARACTERS and _IDENTIFIERS.fullmatch(name) is not None


def _object(value: Mapping[str, Json], level: int, look: _Look) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    for key in sorted(value):
        if len(fields) == MAX_NAMES or look.values_left <= 0:
            fields[_MORE] = _MORE
            break
        fields.setdefault(shown_name(key), _class(value[key], level + 1, look))
    return fields


def _properties(schema: Mapping[str, Json], look: _Look) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    required = frozenset(schema["required"])
    for name, inner in islice(schema["properties"].items(), MAX_NAMES):
        if look.values_left <= 0:
            fields[_MORE] = _MORE
            break
        look.values_left -= 1
        optional = "" if name in required else "?"
        fields.setdefault(f"{shown_name(name)}{optional}", _of_schema(inner, look))
    return fields


def _list(value: list[Json], level: int, look: _Look) -> list[Json]:
    """Return the different items of a list, each once: the length of a list is a value."""
    kinds: list[Json] = []
    for item in value:
        if look.values_left <= 0:
            break
        if (kind := _class(item, level + 1, look)) not in kinds:
            kinds.append(kind)
        if len(kinds) > MAX_KINDS_OF_ITEM:
            return [*kinds[:MAX_KINDS_OF_ITEM], _MORE]
    return kinds
