"""The path and method of a request, brought to LARST's own form. Pure.

`/posts.json`, `/posts(3)`, `/api/collections/posts/records/3`, `/items/posts`, `/admin/posts`,
`/post` and `/blog_posts` name known resources in other ways; `X-HTTP-Method-Override` and
`_method` name the method. What the session does not know stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from larst.domain import BodyKind, RequestContext
from larst.errors import UnknownPathError
from larst.planning.reading.nouns import is_restyled, link_fields_of, same_resource, singular
from larst.planning.reading.verbs import is_verb

BULK = frozenset({"bulk", "batch", "_bulk", "bulk-create", "bulkCreate", "many", "createMany"})
"""Words behind a collection that announce a list of new records."""

API_PREFIX = re.compile(
    r"_?api|rest|services|odata|wp-json|v\d{1,3}(?:\.\d{1,3}){0,2}(?:(?:alpha|beta|rc)\d{0,2})?"
    r"|\d{4}-\d{2}(?:-\d{2})?",
    re.IGNORECASE,
)
"""Segments before a resource that only name the API and its version."""

_VERSION = re.compile(
    r"v?\d{1,3}(?:\.\d{1,3}){0,2}(?:(?:alpha|beta|rc)\d{0,2})?|\d{4}-\d{2}(?:-\d{2})?",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?=[\w-]*[A-Za-z])[A-Za-z_][\w-]{0,63}", re.ASCII)
_SUFFIX = re.compile(r"(?<=[\w)])(?:\.json|\.csv)\Z")
_CUSTOM_VERB = re.compile(r"(?P<name>[^:]+):(?P<verb>[a-z][A-Za-z]*)")
_KEYED = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,64})\((?:id=)?(?P<key>'[^']*'|[^()']+)\)", re.I)
_OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")
_OVERRIDABLE = frozenset({"PUT", "PATCH", "DELETE", "GET", "HEAD"})


class Names(Protocol):
    """The resources of a session."""

    @property
    def resources(self) -> Container[str]:
        """The resources that exist."""

    def names(self) -> Sequence[str]:
        """Return the names of the resources."""

    def fields(self, resource: str) -> frozenset[str]:
        """Return the top-level fields that records of the resource ever had."""


@dataclass(frozen=True, slots=True)
class Normalized:
    """A request in LARST's own form; `notes` name the parts that were read in another way."""

    request: RequestContext
    notes: tuple[str, ...] = ()


def normalize(request: RequestContext, session: Names) -> Normalized:
    """Return the request with its method and path in LARST's own form.

    Raises:
        UnknownPathError: a change names a path that only resembles a known one.
    """
    segments, method = request.segments, _method(request, session)
    if method == request.method and _is_plain(segments, session.resources):
        return Normalized(request)
    notes: list[str] = []
    if method != request.method:
        notes.append(f"method {method}")
        request = replace(request, method=method)
    is_post = method == "POST"
    path = _unwrapped(list(segments), session, is_post=is_post)
    if is_post and len(path) > 1 and path[-1] in BULK and _known(path[-2], session) is not None:
        path, request = _without_bulk(path, request)
    start = prefix_length(path, session.resources)
    path = _without_namespaces(path, start, session, notes, method)
    start = prefix_length(path, session.resources)
    for index in range(start, len(path), 2):
        parent = path[index - 2] if index > start else None
        path[index] = _resource(path[index], parent, session, notes, method)
    if tuple(path) != segments:
        request = replace(request, segments=tuple(path))
    return Normalized(request, tuple(notes))


def _without_bulk(path: list[str], request: RequestContext) -> tuple[list[str], RequestContext]:
    """Return `POST /posts/bulk` with a list as that of the collection, also `{"bulk": […]}`."""
    value = request.body.json
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return path, request
    body = replace(request.body, kind=BodyKind.LIST, json=value)
    return path[:-1], replace(request, body=body)


def prefix_length(path: Sequence[str], resources: Container[str]) -> int:
    """Return how many segments are a prefix such as `/api/v1`, `/api/1.1` or `/2024-01-01`."""
    length = 0
    while length < len(path) - 1 and path[length] not in resources:
        step = _prefix_step(path, length)
        if not step:
            break
        length += step
    return length


def _prefix_step(path: Sequence[str], place: int) -> int:
    """Return how many segments from there on belong to a prefix: 2 for a name and its version."""
    first, second = path[place], path[place + 1]
    third = path[place + 2] if place + 2 < len(path) else ""
    is_version_next = _VERSION.fullmatch(second) is not None and _NAME.fullmatch(third) is not None
    if API_PREFIX.fullmatch(first):
        if second.isdecimal() or (second[:1].isdigit() and _VERSION.fullmatch(second)):
            return 2 if is_version_next and not first[-1].isdigit() else 0
        return 1
    if is_version_next and second[0] in "vV" and _NAME.fullmatch(first):
        return 2  # /services/data/v58.0/accounts
    return 0


def _is_plain(segments: tuple[str, ...], resources: Container[str]) -> bool:
    """Return whether a path is in LARST's own form already: the usual case, decided at once."""
    if not segments or segments[0] not in resources or len(segments) > 2:
        return False
    last = segments[-1]
    if last in BULK or last == "_size":
        return False
    return "(" not in segments[0] and _SUFFIX.search(last) is None and not _is_marked(last)


def _is_marked(segment: str) -> bool:
    return ":" in segment or segment[:1] == "$"


def _method(request: RequestContext, session: Names) -> str:
    """Return the method; a POST may name another one, unless records have such a field."""
    if request.method != "POST":
        return request.method
    for name in _OVERRIDES:
        if (text := request.headers.get(name, "").upper()) in _OVERRIDABLE:
            return text
    body = request.body.json
    text = ""
    if isinstance(body, dict) and isinstance(body.get("_method"), str):
        text = body["_method"]
    elif "_method" in request.query:
        text = request.query["_method"][-1]
    is_field = bool(text) and any("_method" in session.fields(name) for name in request.segments)
    return text.upper() if text.upper() in _OVERRIDABLE and not is_field else request.method


def _unwrapped(path: list[str], session: Names, *, is_post: bool) -> list[str]:
    """Return the path without the notations of OData, PocketBase, Directus, Parse and `.json`."""
    resources = session.resources
    if path and (suffix := _SUFFIX.search(path[-1])) is not None:
        path[-1] = path[-1][: suffix.start()]
    path = _split_last(_split_keys(path), is_post=is_post)
    if len(path) > 2 and path[-2] == "relationships" and path[-2] not in resources and not is_post:
        path = [*path[:-2], path[-1]]  # /posts/1/relationships/comments
    for index, segment in enumerate(path):
        tail = path[index + 1 :]
        if segment == "collections" and len(tail) > 1 and tail[1] == "records":
            return [*path[:index], tail[0], *tail[2:]]
        is_wrapper = segment in ("items", "classes") and segment not in resources
        if is_wrapper and tail and _known(tail[0], session) is not None:
            return [*path[:index], *tail]
    return path


def _split_keys(path: list[str]) -> list[str]:
    """Return the path with `posts(3)` as `posts`, `3`."""
    keyed: list[str] = []
    for segment in path:
        match = _KEYED.fullmatch(segment)
        keyed += [match["name"], match["key"].strip("'")] if match is not None else [segment]
    return keyed


def _split_last(path: list[str], *, is_post: bool) -> list[str]:
    """Return the path with `3:publish` as `3`, `publish`, and `$count`, `_size` as `count`."""
    if not path:
        return path
    if len(path) > 1 and path[-1] in ("$count", "_size"):
        return [*path[:-1], "count"]
    if len(path) > 3 and path[-1] == "$value":
        return path[:-1]  # /posts(3)/title/$value
    match = _CUSTOM_VERB.fullmatch(path[-1])
    if match is None or not (is_post or len(path) == 1):
        return path
    return [*path[:-1], match["name"], match["verb"]]


def _without_namespaces(
    path: list[str], start: int, session: Names, notes: list[str], method: str
) -> list[str]:
    """Return the path without `/admin` before a known resource.

    A plural and a word are a record instead: `/users/ann/posts` are the posts of one user.
    """
    if len(path) <= start + 1 or _known(path[start], session) is not None:
        return path
    for place in range(start + 1, min(len(path), start + _MAX_NAMESPACES + 1)):
        is_record = place > start + 1 and singular(path[place - 2]) is not None
        above = path[place - 1]
        if is_record or not (_NAME.fullmatch(above) or API_PREFIX.fullmatch(above)):
            return path
        if _known(path[place], session) is not None:
            words = [word for word in path[start:place] if API_PREFIX.fullmatch(word) is None]
            if len(words) > 1 and method in _WRITES:
                _refuse_change(method, "/".join(path[start:place]), "/".join(path[place:]))
                return path
            notes.append(f"{'/'.join(path[start:place])} is a namespace")
            return [*path[:start], *path[place:]]
    return path


_MAX_NAMESPACES = 3
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def _refuse_change(method: str, unknown: str, nearest: str) -> None:
    """Refuse a path that only resembles a known one; a create begins a resource of its own."""
    if method != "POST":
        raise UnknownPathError(f"/{unknown[:80]} is unknown; did you mean /{nearest[:80]}?")


def _known(name: str, session: Names) -> str | None:
    return name if name in session.resources else same_resource(name, session.names())


def _resource(name: str, parent: str | None, session: Names, notes: list[str], method: str) -> str:
    """Return the known resource that a name means, or the name."""
    if name in session.resources or is_verb(name):
        return name
    known = same_resource(name, session.names())
    if known is None or (parent is not None and _is_own(name, parent, known, session)):
        return name
    if method in _WRITES and not is_restyled(name, known):
        _refuse_change(method, name, known)
        return name
    notes.append(f"{name} is {known}")
    return known


def _is_own(name: str, parent: str, known: str, session: Names) -> bool:
    """Return whether a name below a record is its own field, or the record that it links to."""
    fields = session.fields(parent)
    if name in fields:
        return True
    is_child = bool(link_fields_of(parent, session.fields(known)))
    return not is_child and bool(link_fields_of(known, fields))
