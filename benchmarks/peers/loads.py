"""The loads: the requests of each, rendered before the measurement."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.peers.records import groups, new_record

_SAMPLE = 5000
"""At most this many different requests."""
_SEED = 7


@dataclass(frozen=True, slots=True)
class Load:
    """A kind of request; `is_once`: each request is sent at most once."""

    title: str
    method: str
    statuses: tuple[int, ...]
    is_durable: bool = False
    is_once: bool = False


LOADS: Mapping[str, Load] = {
    "get": Load("GET one", "GET", (200,)),
    "list": Load("list of 20, sorted", "GET", (200,)),
    "page": Load("page of 20", "GET", (200,)),
    "search": Load("search, 10 matches", "GET", (200,)),
    "post": Load("POST", "POST", (200, 201), is_durable=True),
    "patch": Load("PATCH", "PATCH", (200,), is_durable=True),
    "delete": Load("DELETE", "DELETE", (200, 204), is_durable=True, is_once=True),
}


@dataclass(frozen=True, slots=True)
class Routes:
    """The paths of a server. `{id}` and `{group}` are replaced, `stored_id` names the ids."""

    one: str = "/users/{id}"
    list: str = "/users?limit=20&sort=name"
    page: str = "/users?limit=20&offset=20"
    search: str = "/users?grp={group}"
    collection: str = "/users"
    stored_id: str = "{number}"
    headers: Mapping[str, str] = field(default_factory=dict)

    def record(self, number: int) -> str:
        """Return the path of the stored record of this number."""
        return self.one.format(id=self.stored_id.format(number=number))


def render(method: str, path: str, headers: Mapping[str, str], body: object | None = None) -> str:
    """Return a request as text."""
    content = "" if body is None else json.dumps(body, separators=(",", ":"))
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", content])


def requests_of(
    name: str, routes: Routes, records: int, created_ids: Sequence[str] = ()
) -> list[str]:
    """Return the requests of a load against a server with this many records."""
    load, headers = LOADS[name], routes.headers
    match name:
        case "post":
            return [render("POST", routes.collection, headers, new_record())]
        case "patch":
            return [
                render("PATCH", routes.record(number), headers, {"age": 18 + number % 60})
                for number in _sample(records)
            ]
        case "delete":
            return [render("DELETE", routes.one.format(id=key), headers) for key in created_ids]
    return [render(load.method, path, headers) for path in _paths(name, routes, records)]


def _paths(name: str, routes: Routes, records: int) -> list[str]:
    match name:
        case "get":
            return [routes.record(number) for number in _sample(records)]
        case "search":
            return [routes.search.format(group=group - 1) for group in _sample(groups(records))]
    return [{"list": routes.list, "page": routes.page}[name]]


def _sample(count: int) -> list[int]:
    generator = random.Random(_SEED)  # noqa: S311 - the same on each run, and protects nothing
    return generator.sample(range(1, count + 1), min(count, _SAMPLE))
