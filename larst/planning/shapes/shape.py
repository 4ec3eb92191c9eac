"""Shapes: a request with its values taken out, so that one plan serves all requests like it.

Pure. Must never put a value of a request into a shape: names stay, values become classes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import orjson

from larst.domain import BodyKind, Json, RequestContext

IsRecord = Callable[[str, str], bool]
"""Tells whether (resource, id) names a record that exists in the session."""

SEARCH_VERBS = frozenset({"search", "find", "query", "filter"})
"""Last segments that ask for a plain list of the matching records, never a record of that id."""

_CLASSES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("<int>", re.compile(r"[+-]?\d{1,20}", re.ASCII)),
    ("<number>", re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][+-]?\d+)", re.ASCII)),
    ("<bool>", re.compile(r"true|false", re.IGNORECASE)),
    ("<uuid>", re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)),
    ("<date>", re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)),
    ("<datetime>", re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\S*", re.ASCII)),
    ("<time>", re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?", re.ASCII)),
    ("<email>", re.compile(r"[^@\s*,]+@[^@\s*,]+\.[^@\s*,]+")),
    ("<url>", re.compile(r"https?://[^\s*,]+")),
)
_LIST = re.compile(r"[^\s,]+(,[^\s,]+)+")
_IDENTIFIER_CLASSES = frozenset({"<int>", "<uuid>", "<date>", "<datetime>", "<email>"})
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONG_HEX = re.compile(r"(?=.*\d)[0-9a-f]{16,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Segment:
    """A path segment: a name as it stands, or the class of an identifier."""

    text: str
    is_identifier: bool

    def __str__(self) -> str:
        return self.text if self.is_identifier else self.text.replace("<", "%3C")


@dataclass(frozen=True)
class Shape:
    """What stays the same among requests that one plan can serve.

    `query` is sorted by key; each value is a class such as `<int>` or `<text>*`. HEAD has the
    shape of GET, since it means the same.
    """

    method: str
    path: tuple[Segment, ...]
    query: tuple[tuple[str, tuple[str, ...]], ...]
    body: BodyKind

    @cached_property
    def route(self) -> str:
        """The path for people, `/members/<int>`, without any identifier."""
        return "/" + "/".join(map(str, self.path))

    def public_route(self, is_resource: Callable[[str], bool]) -> str | None:
        """Return the route for those who watch; None where it begins with no resource.

        Other names become `<text>`: clients can make up paths without end, and an id that no
        record has looks like a name.
        """
        first, *rest = self.path or (None,)
        if first is None or first.is_identifier or not is_resource(first.text):
            return None
        told = [str(first)]
        for one in rest:
            is_known = one.is_identifier or one.text in SEARCH_VERBS or is_resource(one.text)
            told.append(str(one) if is_known else "<text>")
        return "/" + "/".join(told)

    def as_json(self) -> dict[str, Json]:
        """Return the shape as a person reads it in the plan book."""
        return {
            "method": self.method,
            "path": self.route,
            "query": {key: list(classes) for key, classes in self.query} if self.query else {},
            "body": str(self.body),
        }


def shape_of(request: RequestContext, is_record: IsRecord) -> Shape:
    """Return the request's shape; `is_record` finds identifiers that look like names."""
    return Shape(
        method="GET" if request.method == "HEAD" else request.method,
        path=_path_shape(request.segments, is_record),
        query=_query_shape(request.query) if request.query else (),
        body=request.body.kind,
    )


def shape_key(shape: Mapping[str, Json], facts: Mapping[str, Json]) -> str:
    """Return the key, 64 hex digits, under which the plans of a shape are found."""
    return _digest([shape, facts])


def plan_key(shape_key: str, *parts: Json) -> str:
    """Return a plan's own key, 64 hex digits: equal key, equal plan (SPEC section 4)."""
    return _digest([shape_key, *parts])


def _digest(identity: Json) -> str:
    return hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()


def classify(value: str) -> str:
    """Return the class of a query value: `<int>`, `<email>`, …, `<text>` with its wildcards.

    A list without spaces, such as `1,2,3`, is `<int>,…`; of unlike items, `<text>,…`.
    """
    if not value:
        return "<empty>"
    for name, pattern in _CLASSES:
        if pattern.fullmatch(value):
            return name
    if _LIST.fullmatch(value):
        classes = {classify(item) for item in value.split(",")}
        return f"{classes.pop() if len(classes) == 1 else '<text>'},…"
    starts, ends = value.startswith("*"), value.endswith("*")
    if "*" in value[1:-1]:
        return "<text>*<text>"
    return f"{'*' if starts else ''}<text>{'*' if ends and len(value) > 1 else ''}"


@lru_cache(maxsize=4096)
def identifier_class(text: str) -> str | None:
    """Return the class of a path segment that looks like an identifier, else None."""
    if (name := classify(text)) in _IDENTIFIER_CLASSES:
        return name
    if _LONG_HEX.fullmatch(text):
        return "<hex>"
    return None


def is_name(text: str) -> bool:
    """Tell whether a path segment can be a name: of a resource, or of something to do."""
    return _NAME.fullmatch(text) is not None


def _query_shape(
    query: Mapping[str, tuple[str, ...]],
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((key, tuple(map(classify, values))) for key, values in sorted(query.items()))


def _path_shape(segments: tuple[str, ...], is_record: IsRecord) -> tuple[Segment, ...]:
    shaped: list[Segment] = []
    for index, text in enumerate(segments):
        # Most names are words, most identifiers numbers: no pattern is needed to see that.
        name = None if text.isalpha() else identifier_class(text)
        may_be_id = index and not shaped[-1].is_identifier and text not in SEARCH_VERBS
        if name is None and may_be_id and is_record(segments[index - 1], text):
            name = "<id>"
        elif name is None and index and not is_name(text):
            name = "<text>"
        shaped.append(Segment(name or text, is_identifier=name is not None))
    return tuple(shaped)
