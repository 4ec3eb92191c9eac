"""Who may reach a path: the access of each route, and the other spellings of reserved paths.

Must never decide by a path as it was sent: a server in front, a client and aiohttp may each
decode it once more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote

from aiohttp import web

from larst.http.keys import Handler
from larst.http.parsing import MAX_TARGET_BYTES


class Access(Enum):
    """The rule for a route.

    `OPEN`: everyone, for health checks. `PAGE`: everyone; the page itself asks the visitor for the
    token, and contains no data. `CONTROL`: with the token of an admin, and no pages of other
    origins. `VIEW`: the same, and any token that may read may read there. `CLIENT`: with the token,
    and pages of the allowed origins. `PLANNED`: the same, and a planner reads it.
    """

    OPEN = "open"
    PAGE = "page"
    CONTROL = "control"
    VIEW = "view"
    CLIENT = "client"
    PLANNED = "planned"

    @property
    def is_control(self) -> bool:
        """Whether it is for the control API, which pages of other origins cannot use."""
        return self in (Access.CONTROL, Access.VIEW)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a matched route leads to: its handler, and who may reach it.

    `is_traced` is False where machines ask every few seconds: their spans would hide all others.
    """

    handler: Handler
    access: Access
    is_traced: bool = True


PREFIX = "_larst"
"""The begin of every reserved first segment, case-insensitive."""

SESSION = "/@{session}"
"""The begin of a path that names a session; below it, the same paths are reserved."""

_REST = "/{path:.*}"
_DECODINGS = 5
_ESCAPED_PERCENT = re.compile(r"%(?:25)+")
_END = re.compile(r"[?#]")
_INVISIBLE = "".join(map(chr, range(0x21))) + "\x7f"
_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~@:-][A-Za-z0-9_.~@:!$&'()*+,=-]*)+/?")
"""Paths that have no second reading but their case and a slash at the end."""

_OF_SESSION = re.compile(r"/@[^/]")
"""The begin of a plain path that names a session."""


class RouteTable:
    """The endpoint of each request, decided once, from the route that it matches."""

    def __init__(
        self, reserved: Mapping[str, Endpoint], planned: Endpoint, unknown: Endpoint
    ) -> None:
        """`planned` serves all paths but the reserved ones, `unknown` other spellings of those."""
        self._routes = {**reserved, _REST: planned}
        self._planned, self._unknown = planned, unknown
        self._reserved = ReservedPaths([path for path in reserved if "{" not in path])
        self._by_canonical: dict[str, Endpoint] = {}

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes to a router, in order of precedence."""
        for path, endpoint in self._routes.items():
            resource = router.add_route("*", path, endpoint.handler).resource
            assert resource is not None  # noqa: S101 - every route that is added has one
            self._by_canonical[resource.canonical] = endpoint

    def endpoint_of(self, request: web.Request) -> Endpoint:
        """Return the endpoint of a request; for another spelling of a reserved path, its 404."""
        resource = request.match_info.route.resource
        endpoint = self._planned if resource is None else self._by_canonical[resource.canonical]
        if endpoint is self._planned and not self.is_planned(request.rel_url.raw_path):
            return self._unknown
        return endpoint

    def serves(self, path: str) -> bool:
        """Return whether a reserved path, as the table spells it, has an endpoint."""
        return self._by_canonical.get(path, self._unknown) is not self._unknown

    def is_planned(self, raw_path: str) -> bool:
        """Return whether a path, as sent, is neither reserved nor a spelling of such a path."""
        return not self._reserved.contains(raw_path)


class ReservedPaths:
    """The paths that are never planned, in any spelling."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(path.casefold() for path in paths)

    def contains(self, raw_path: str) -> bool:
        """Return whether a path as sent is reserved, or would be for some other reader of it.

        Such a reader decodes several times, takes a backslash for a slash, resolves dots, merges
        slashes, drops parameters (`;a=b`), or ignores case.
        """
        if len(raw_path) > MAX_TARGET_BYTES:
            return False  # refused as too long
        if _PLAIN.fullmatch(raw_path):
            path = raw_path.rstrip("/").casefold()
            if _OF_SESSION.match(path):
                path = f"/{path[1:].partition('/')[2]}"
            return path in self._paths or path.startswith(f"/{PREFIX}")
        segments = _parts(_END.split(_decoded(raw_path), maxsplit=1)[0])
        resolved = _resolved(segments)
        begins = [names[0] for names in map(_below_session, (segments, resolved)) if names]
        if any(name.startswith(PREFIX) for name in begins):
            return True
        if segments and not resolved:
            return False  # `/..` does not spell the root: it has a segment, which is a bad name
        return f"/{'/'.join(_below_session(resolved))}" in self._paths


def _decoded(text: str) -> str:
    """Return a path without any percent-encoding, as far as a chain of servers would go."""
    for _ in range(_DECODINGS):
        decoded = unquote(_ESCAPED_PERCENT.sub("%", text))
        if decoded == text:
            break
        text = decoded
    return text


def _parts(path: str) -> list[str]:
    """Return the segments that are not empty, without parameters."""
    segments = (part.partition(";")[0] for part in _slashed(path).split("/"))
    # A segment of nothing else is a bad name, and no part of a reserved path.
    visible = (segment.strip(_INVISIBLE) or segment for segment in segments)
    return [segment.casefold() for segment in visible if segment not in ("", ".")]


def _below_session(parts: list[str]) -> list[str]:
    """Return the segments without the one that names the session."""
    return parts[1:] if parts and parts[0][:1] == "@" != parts[0] else parts


def _slashed(path: str) -> str:
    return path.replace("\\", "/")


def _resolved(parts: list[str]) -> list[str]:
    resolved: list[str] = []
    for part in parts:
        if part != "..":
            resolved.append(part)
        elif resolved:
            resolved.pop()
    return resolved


ROUTE_TABLE: web.AppKey[RouteTable] = web.AppKey("route_table")
