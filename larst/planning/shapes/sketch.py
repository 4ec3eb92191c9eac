"""Sketches: a request as a planner may see it, every value replaced by what it looks like. Pure.

Names stay, since a program has to use them: of the path, of query keys, of a body's fields. Must
never let a value through, nor anything that says who the client is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from larst.accept import preferred
from larst.domain import BodyKind, Json, RequestContext
from larst.planning.shapes.shape import Segment, Shape, classify, identifier_class, is_name

MAX_NAMES = 200
"""Fields of one object that are shown; a planner needs those that it names, not all of a map."""

MAX_KINDS_OF_ITEM = 5
"""Unlike items of one list that are shown."""

MAX_LEVELS = 8
MAX_NAME_CHARACTERS = 64

_MORE = "<more>"
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
    """Return the request context of SPEC section 3 with no value of the request in it."""
    segments = [_segment(part, is_first=not index) for index, part in enumerate(shape.path)]
    return _context(
        request,
        path="/" + "/".join(segments),
        segments=segments,
        query={
            _name(key): [classify(text) for text in values]
            for key, values in sorted(request.query.items())
        },
        body_json=sketch_of_value(request.body.json) if _has_json(request) else None,
        body_text="<text>" if request.body.text is not None else None,
    )


def context_with_values(request: RequestContext) -> dict[str, Json]:
    """Return the request context with its values, and still nothing that says who the client is."""
    return _context(
        request,
        path=request.path,
        segments=list(request.segments),
        query={key: list(values) for key, values in request.query.items()},
        body_json=request.body.json,
        body_text=request.body.text,
    )


def sketch_of_value(value: Json, level: int = 0) -> Json:
    """Return what a JSON value looks like: `<int>`, `<email>`, a list or an object of such."""
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
        return _list(value, level)
    return _object(value, level)


def sketch_of_schema(schema: Mapping[str, Json]) -> Json:
    """Return a learned JSON Schema in the words of sketches; `field?` is not in every record."""
    types = schema.get("type", ())
    kinds: list[Json] = []
    for kind in [types] if isinstance(types, str) else types:
        if kind == "object":
            kinds.append(_properties(schema))
        elif kind == "array":
            kinds.append([sketch_of_schema(schema["items"])] if schema.get("items") else [])
        else:
            kinds.append(
                _FORMATS.get(schema.get("format", ""), "<text>")
                if kind == "string"
                else _TYPES[kind]
            )
    return kinds[0] if len(kinds) == 1 else {"any of": kinds}


def preferred_media_type(headers: Mapping[str, str]) -> str:
    """Return the media type that the client prefers, as one of a few known types.

    JSON wherever the client accepts it: clients that take anything say so in different words, and
    browsers put HTML first although a program answers with JSON.
    """
    header = headers.get("accept", "")
    return preferred(header, (_JSON,)) or preferred(header, _MEDIA_TYPES) or "<other>"


def _context(request: RequestContext, **shown: Any) -> dict[str, Json]:
    return {
        "method": "GET" if request.method == "HEAD" else request.method,
        **shown,
        "headers": {
            "accept": preferred_media_type(request.headers),
            "content-type": _content_type(request),
        },
        "client": {"ip": "<ip>"},
        "session": {"id": "<session>", "token": None},
        "request_id": "<id>",
    }


def _content_type(request: RequestContext) -> str | None:
    """Return the type of what the program finds: a form has become an object by then."""
    match request.body.kind:
        case BodyKind.NONE:
            return None
        case BodyKind.PATCH:
            return "application/json-patch+json"
        case BodyKind.TEXT:
            named = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            return named if named in _MEDIA_TYPES else "text/plain"
        case _:
            return _JSON


def _has_json(request: RequestContext) -> bool:
    return request.body.kind not in (BodyKind.NONE, BodyKind.TEXT)


def _segment(part: Segment, *, is_first: bool) -> str:
    if part.is_identifier or is_name(part.text):
        return part.text
    return "<name>" if is_first else "<text>"


def _text_class(text: str) -> str:
    found = classify(text)
    if found in _TEXT_OF:
        return f"<text:{found[1:-1]}>"
    return "<text>" if "*" in found or "," in found else found


def _name(name: str) -> str:
    """Return a field's name; where it looks like a value, what it looks like."""
    if len(name) > MAX_NAME_CHARACTERS:
        return "<long name>"
    return identifier_class(name) or name


def _object(value: Mapping[str, Json], level: int) -> dict[str, Json]:
    shown: dict[str, Json] = {}
    for key in sorted(value):
        if len(shown) == MAX_NAMES:
            shown[_MORE] = _MORE
            break
        shown.setdefault(_name(key), sketch_of_value(value[key], level + 1))
    return shown


def _properties(schema: Mapping[str, Json]) -> dict[str, Json]:
    shown: dict[str, Json] = {}
    for name, inner in list(schema["properties"].items())[:MAX_NAMES]:
        optional = "" if name in schema["required"] else "?"
        shown.setdefault(f"{_name(name)}{optional}", sketch_of_schema(inner))
    return shown


def _list(value: list[Json], level: int) -> list[Json]:
    """Return the unlike items of a list, each once: how many there are is a value."""
    kinds: list[Json] = []
    for item in value:
        if (kind := sketch_of_value(item, level + 1)) not in kinds:
            kinds.append(kind)
        if len(kinds) > MAX_KINDS_OF_ITEM:
            return [*kinds[:MAX_KINDS_OF_ITEM], _MORE]
    return kinds
