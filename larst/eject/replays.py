"""The nouns of a project's tests: requests, cases, and the answers that LARST gave. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from larst.domain import Json, Record

MAX_SAMPLE = 25
"""The records of each resource that the tests have."""

MISSING_ID = 999_999_999


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a test. `body` is JSON; `has_body` False: it has none."""

    method: str
    path: str
    body: Json = None
    has_body: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """Requests that a test sends one after the other; `module` is the test module.

    `is_timed`: the replies depend on the time, so that only their statuses can be expected.
    """

    name: str
    module: str
    requests: tuple[Request, ...]
    is_timed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """LARST's reply: the headers are those that the project has too."""

    status: int
    body: Json
    has_body: bool
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replay:
    """A case with the answer to each of its requests."""

    case: Case
    answers: tuple[Answer, ...]


def get(path: str, **query: Json) -> Request:
    """Return a GET with a query."""
    return Request("GET", f"{path}?{urlencode(query)}" if query else path)


def send(method: str, path: str, body: Json) -> Request:
    """Return a request with a JSON body."""
    return Request(method, path, body, has_body=True)


def at(path: str, id: Json) -> str:
    """Return the path of a record."""
    return f"{path}/{quote(str(id), safe='')}"


def without(record: Record, *names: str) -> Record:
    """Return the record without these fields."""
    return {name: value for name, value in record.items() if name not in names}
