"""Shapes: requests without their values, so that one plan serves all requests of a shape.

Pure. Must never put a value of a request into a shape: names stay, values become classes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import orjson

from larst.domain import BodyKind, Json

IsRecord = Callable[[str, str], bool]
"""Returns whether (resource, id) names a record that exists in the session."""

MAX_SHAPE_BYTES = 4096
"""A larger shape has a plan of its own each time: it takes no room in the plan book."""

SEARCH_VERBS = frozenset({"search", "find", "query", "filter"})
"""Last path segments that request a list of matching records; none of them is a record's id."""

_CLASSES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("<int>", re.compile(r"[+-]?\d{1,20}", re.ASCII)),
    ("<number>", re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][+-]?\d+)", re.ASCII)),
    ("<bool>", re.compile(r"true|false", re.IGNORECASE)),
    ("<uuid>", re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)),
    ("<date>", re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)),
    ("<datetime>", re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\S*", re.ASCII)),
    ("<time>", re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?", re.ASCII)),
    ("<email>", re.compile(r"[^@\s*,]+@[^@\s*,][^@\s*,.]*\.[^@\s*,]+")),
    ("<url>", re.compile(r"https?://[^\s*,]+")),
)
_MAX_DIGITS = 20
_LIST = re.compile(r"[^\s,]+(,[^\s,]+)+")
MAX_CLASSIFIED = 200
"""The characters of a value that its class depends on. The patterns take time for each."""

_IDENTIFIER_CLASSES = frozenset({"<int>", "<uuid>", "<date>", "<datetime>", "<email>"})
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONG_HEX = re.compile(r"(?=.*\d)[0-9a-f]{16,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Segment:
    """A path segment: a literal name, or the class of an identifier such as `<int>`."""

    text: str
    is_identifier: bool


@dataclass(frozen=True)
class Shape:
    """The parts of a request that are the same for every request that one plan can serve.

    `asks` lists the parts that are asked for in LARST's own words (`criteria`, `limit`, `sort`, …),
    whatever the spelling. `query` holds the keys of a request that is not plain REST, sorted,
    with the class of each value, such as `<int>` or `<text>*`. HEAD has the shape of GET, because
    both run the same program.
    """

    method: str
    path: tuple[Segment, ...]
    query: tuple[tuple[str, tuple[str, ...]], ...]
    body: BodyKind
    asks: tuple[str, ...] = ()

    @cached_property
    def route(self) -> str:
        """The path with classes in place of identifiers: `/members/<int>`."""
        route = ""
        for segment in self.path:
            route += "/" + (segment.text if segment.is_identifier else escaped(segment.text))
        return route or "/"

    def public_route(self, resources: Container[str]) -> str | None:
        """Return the route for traces and metrics, or None if it does not begin with a resource.

        Unknown names become `<text>`: clients can invent any number of paths, and an id that
        does not exist looks like a name.
        """
        if not self.path or self.path[0].is_identifier or self.path[0].text not in resources:
            return None
        route = ""
        for segment in self.path:
            text = segment.text
            is_known = segment.is_identifier or text in SEARCH_VERBS or text in resources
            route += f"/{text}" if is_known else "/<text>"
        return route

    @cached_property
    def size_bytes(self) -> int:
        """The bytes of the shape in the plan book."""
        return len(orjson.dumps(self.as_json()))

    def as_json(self) -> dict[str, Json]:
        """Return the shape as the plan book stores it."""
        shape: dict[str, Json] = {
            "method": self.method,
            "path": self.route,
            "query": {key: list(classes) for key, classes in self.query} if self.query else {},
            "body": str(self.body),
        }
        if self.asks:
            shape["asks"] = list(self.asks)
        return shape


def escaped(name: str) -> str:
    """Return a literal name so that it cannot pass for a class."""
    return name.replace("<", "%3C") if "<" in name else name


def shape_key(shape: Mapping[str, Json], facts: Mapping[str, Json]) -> str:
    """Return the key of all plans of a shape: 64 hex digits."""
    identity = orjson.dumps([shape, facts], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(identity).hexdigest()


def plan_key(shape_key: str, *parts: Json) -> str:
    """Return the key of one plan, 64 hex digits: equal keys mean equal plans (SPEC section 4)."""
    identity = orjson.dumps([shape_key, *parts], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(identity).hexdigest()


def classify(value: str) -> str:
    """Return the class of a query value: `<int>`, `<email>`, …, `<text>` with its wildcards.

    A list without spaces, such as `1,2,3`, is `<int>,…`; a list of mixed classes is `<text>,…`.
    """
    if not value:
        return "<empty>"
    is_long = len(value) > MAX_CLASSIFIED
    if not is_long:
        for name, pattern in _CLASSES:
            if pattern.fullmatch(value):
                return name
    # The last item of a long list may be cut off within the limit.
    begin = value[:MAX_CLASSIFIED].rpartition(",")[0] if is_long else value
    if _LIST.fullmatch(begin):
        classes = {classify(item) for item in begin.split(",")}
        return f"{classes.pop() if len(classes) == 1 else '<text>'},…"
    starts, ends = value.startswith("*"), value.endswith("*")
    if "*" in value[1:-1]:
        return "<text>*<text>"
    return f"{'*' if starts else ''}<text>{'*' if ends and len(value) > 1 else ''}"


def identifier_class(text: str) -> str | None:
    """Return the class of a path segment that looks like an identifier, or None."""
    if len(text) <= MAX_CLASSIFIED:
        return _identifier_class(text)
    # Not cached: thousands of long texts would stay in memory.
    return "<hex>" if _LONG_HEX.fullmatch(text) else None


@lru_cache(maxsize=4096)
def _identifier_class(text: str) -> str | None:
    if (name := classify(text)) in _IDENTIFIER_CLASSES:
        return name
    if _LONG_HEX.fullmatch(text):
        return "<hex>"
    return None


def is_number_id(text: str) -> bool:
    """Return whether a path segment is of the class `<int>` and has digits only."""
    return text.isdigit() and text.isascii() and len(text) <= _MAX_DIGITS


def is_name(text: str) -> bool:
    """Return whether a path segment can be a name: of a resource or of an action."""
    return _NAME.fullmatch(text) is not None


def query_shape(
    query: Mapping[str, tuple[str, ...]],
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the keys of a query, sorted, with the class of each value."""
    return tuple((key, tuple(map(classify, values))) for key, values in sorted(query.items()))


def path_shape(
    segments: tuple[str, ...], is_record: IsRecord, start: int = 0
) -> tuple[Segment, ...]:
    """Return the segments of a path; the first `start` are a prefix, such as a version."""
    shaped = [Segment(text, is_identifier=False) for text in segments[:start]]
    for index, text in enumerate(segments[start:], start):
        # Most segments are plain words: skip the patterns for them.
        name = "<int>" if is_number_id(text) else None if text.isalpha() else identifier_class(text)
        may_be_id = index and not shaped[-1].is_identifier and text not in SEARCH_VERBS
        if name is None and may_be_id and is_record(segments[index - 1], text):
            name = "<id>"
        elif name is None and index and not is_name(text):
            name = "<ids>" if _is_list_of_ids(text) else "<text>"
        shaped.append(Segment(name or text, is_identifier=name is not None))
    return tuple(shaped)


def _is_list_of_ids(text: str) -> bool:
    items = text.split(",") if "," in text else ()
    return bool(items) and all(identifier_class(item) is not None for item in items)
