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

from larst.domain import METHODS, RequestContext
from larst.planning.reading.nouns import same_resource

VERBS = frozenset(
    "login logout signin signout signup register auth authenticate authorize token refresh"
    " verify graphql batch rpc upload webhook webhooks subscribe unsubscribe checkout"
    " forgot-password forgotpassword reset-password resetpassword change-password".split()
)
"""Names that are actions: never a resource, unless one of that name exists."""

API_PREFIX = re.compile(
    r"api|rest|services|odata|wp-json|v\d{1,3}(?:\.\d{1,3}){0,2}(?:alpha|beta|rc)?\d{0,2}",
    re.IGNORECASE,
)
"""Segments before a resource that only name the API and its version."""

_VERB_NAME = re.compile(
    r"(?:create|update|delete|remove|get|list|add|set|fetch|find|send|process|run|do|make|save"
    r"|edit)[A-Z]\w*"
)
_KEYED = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,64})\((?P<key>'[^']*'|[^()']+)\)")
_OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")
_OVERRIDABLE = frozenset({"PUT", "PATCH", "DELETE", "GET", "HEAD"})


class Names(Protocol):
    """The resources of a session."""

    @property
    def resources(self) -> Container[str]:
        """The resources that exist."""

    def names(self) -> Sequence[str]:
        """Return the names of the resources."""


@dataclass(frozen=True, slots=True)
class Normalized:
    """A request in LARST's own form; `notes` say what was read in another way."""

    request: RequestContext
    notes: tuple[str, ...] = ()


def is_verb(name: str) -> bool:
    """Return whether a name is an action and no resource."""
    return name.lower() in VERBS or _VERB_NAME.fullmatch(name) is not None


def normalize(request: RequestContext, session: Names) -> Normalized:
    """Return the request with its method and path in LARST's own form."""
    segments, method = request.segments, _method(request)
    if method == request.method and _is_plain(segments, session.resources):
        return Normalized(request)
    notes: list[str] = []
    if method != request.method:
        notes.append(f"method {method}")
        request = replace(request, method=method)
    path = _unwrapped(list(segments), session)
    start = prefix_length(path, session.resources)
    path = _without_namespace(path, start, session, notes)
    start = prefix_length(path, session.resources)
    for index in range(start, len(path), 2):
        path[index] = _resource(path[index], session, notes)
    if tuple(path) != segments:
        request = replace(request, segments=tuple(path))
    return Normalized(request, tuple(notes))


def prefix_length(path: Sequence[str], resources: Container[str]) -> int:
    """Return how many segments are a prefix such as `/api/v1`."""
    length = 0
    while (
        length < len(path) - 1
        and path[length] not in resources
        and API_PREFIX.fullmatch(path[length])
        and not path[length + 1].isdecimal()
    ):
        length += 1
    return length


def _is_plain(segments: tuple[str, ...], resources: Container[str]) -> bool:
    """Return whether a path is in LARST's own form already: the usual case, decided at once."""
    if not segments or segments[0] not in resources or len(segments) > 2:
        return False
    return "(" not in segments[0] and not segments[-1].endswith(".json")


def _method(request: RequestContext) -> str:
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
    return text.upper() if text.upper() in METHODS else request.method


def _unwrapped(path: list[str], session: Names) -> list[str]:
    """Return the path without the notations of OData, PocketBase, Directus, Parse and `.json`."""
    resources = session.resources
    if path and path[-1].endswith(".json") and path[-1] != ".json":
        path[-1] = path[-1].removesuffix(".json")
    keyed: list[str] = []
    for segment in path:
        match = _KEYED.fullmatch(segment)
        keyed += [match["name"], match["key"].strip("'")] if match is not None else [segment]
    path = keyed
    for index, segment in enumerate(path):
        tail = path[index + 1 :]
        if segment == "collections" and len(tail) > 1 and tail[1] == "records":
            return [*path[:index], tail[0], *tail[2:]]
        is_wrapper = segment in ("items", "classes") and segment not in resources
        if is_wrapper and tail and (tail[0] in resources or same_resource(tail[0], session.names())):
            return [*path[:index], *tail]
    return path


def _without_namespace(
    path: list[str], start: int, session: Names, notes: list[str]
) -> list[str]:
    """Return the path without `/admin` before a known resource."""
    if len(path) <= start + 1:
        return path
    first, second = path[start], path[start + 1]
    if first in session.resources or second not in session.resources:
        return path
    if same_resource(first, session.names()) is not None:
        return path
    notes.append(f"{first} is a namespace")
    return [*path[:start], *path[start + 1 :]]


def _resource(name: str, session: Names, notes: list[str]) -> str:
    if name in session.resources or is_verb(name):
        return name
    known = same_resource(name, session.names())
    if known is None:
        return name
    notes.append(f"{name} is {known}")
    return known
