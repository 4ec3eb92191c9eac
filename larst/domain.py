"""The nouns that several rooms share, as frozen values. Must never do I/O or import a room."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Json: TypeAlias = Any
"""What JSON can say: None, bool, int (64 bits), finite float, str, list or dict with text keys."""

Record: TypeAlias = dict[str, Json]
"""A JSON object with an `id`. Treated as immutable once stored: changed by replacing it whole."""

RecordId: TypeAlias = int | str
"""An id as clients write it; `1` and `"1"` name the same record."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The HTTP methods that the service takes; any other is 405."""

Criteria: TypeAlias = Mapping[str, Json]
"""`field`, or `field__op`, to the value wanted; all must hold. `*__icontains` means any field;
`AND` and `LINKED` are no fields."""

AND = "&"
"""A criterion whose value is a list of further criteria, which must hold too."""

LINKED = "|"
"""A criterion whose value maps fields to an id: one of those fields must hold it."""

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**64 - 1
"""Integers that JSON readers and the files keep exactly: signed and unsigned 64 bits."""

CRITERIA_OPERATORS = frozenset(
    {
        "contains",
        "icontains",
        "startswith",
        "istartswith",
        "endswith",
        "iendswith",
        "gt",
        "gte",
        "lt",
        "lte",
        "ne",
        "in",
        "exists",
    }
)
"""The suffixes that may follow `__` in a criterion (SPEC section 6)."""

STORE_METHODS = frozenset(
    {
        "insert",
        "get",
        "replace",
        "update",
        "delete",
        "list",
        "search",
        "count",
        "aggregate",
        "get_schema",
    }
)
"""What a program may call on `store`; `ResourceStore` has a method of each name."""

SESSION_STORE_METHODS = frozenset({"resource", "names"})
"""What a program may call on `session_store`; `SessionView` has a method of each name."""


class BodyKind(StrEnum):
    """What a request's body turned out to be."""

    NONE = "none"
    OBJECT = "object"
    LIST = "list"
    SCALAR = "scalar"
    PATCH = "patch"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body, parsed once: `json` for objects, lists, scalars and patches."""

    kind: BodyKind
    json: Json = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class TraceParent:
    """A W3C trace context (https://www.w3.org/TR/trace-context/): hex ids, lower-case."""

    trace_id: str
    span_id: str
    flags: str

    def header(self) -> str:
        """Return the value of a `traceparent` header."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request as the planner and its program may see it: no secret is in it.

    `headers` has lower-case names; `query` keeps every value of a repeated key, in order;
    `segments` are the path's non-empty parts, percent-decoded once.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    body: Body
    client_ip: str
    session_id: str
    request_id: str

    def as_json(self) -> dict[str, Json]:
        """Return the `ctx` of SPEC section 3."""
        return {
            "method": self.method,
            "path": self.path,
            "segments": list(self.segments),
            "query": {key: list(values) for key, values in self.query.items()},
            "headers": dict(self.headers),
            "body_json": self.body.json,
            "body_text": self.body.text,
            "client": {"ip": self.client_ip},
            "session": {"id": self.session_id, "token": None},
            "request_id": self.request_id,
        }


Action = Literal["create", "get", "list", "replace", "patch", "delete", "search", "custom"]


class Code(BaseModel):
    """The program inside a plan."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    language: Literal["python"] = "python"
    block: str


class Plan(BaseModel):
    """What a planner returns (SPEC section 4): what is meant, and the program that does it.

    `needs_values`: the planner cannot do with the sketch of the request, or could not; such a
    plan serves that exact request only.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    action: Action
    resource: str | None
    identifier: str | None = None
    criteria: dict[str, Json] = Field(default_factory=dict)
    payload: Json = None
    response_hints: dict[str, Json] = Field(default_factory=dict)
    needs_values: bool = False
    code: Code


@dataclass(frozen=True, slots=True)
class Usage:
    """What planning has used: calls of a planner, tokens, and US dollars where prices are known.

    `input_tokens` counts those read from the provider's cache too.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        """Return both together; a cost that is not known makes the sum unknown."""
        costs = (self.cost_usd, other.cost_usd)
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            None if None in costs else sum(cost for cost in costs if cost is not None),
        )


@dataclass(frozen=True, slots=True)
class CheckedProgram:
    """A program that the policy accepted, parsed once; only `policy.check` makes one.

    `names` are the names that it uses or assigns, `literals` its constants other than booleans
    and None. Two programs of the same source are equal.
    """

    source: str
    tree: ast.Module = field(compare=False, repr=False)
    names: frozenset[str] = field(compare=False, repr=False)
    literals: tuple[str | int | float, ...] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Violation:
    """One reason why the policy refuses a program; `line` counts from 1, 0 is the whole."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


@dataclass(frozen=True, slots=True)
class ProgramInputs:
    """What a run of a program is given besides the store: `ctx` and `plan` as JSON objects."""

    ctx: Mapping[str, Json]
    plan: Mapping[str, Json]
    resource: str | None
    """The resource that `store` is; None: the program gets no `store`."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a program answered. `body` is encoded already; None means an empty body."""

    status: int
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


class ResourceStore(Protocol):
    """One resource as a program sees it (SPEC section 6); calls are quick and never wait.

    Records given out must not be changed by the caller; records taken in are kept as they are,
    so the caller hands over objects of its own. Wrong arguments raise `ProgramFailedError`,
    what the client can mend a `CallerError` (a taken id, a patch that does not apply).
    """

    def insert(self, obj: Record) -> Record:
        """Keep a new record; give it an integer id where it has none, and return it."""

    def get(self, id: RecordId) -> Record | None:
        """Return the record, or None."""

    def replace(self, id: RecordId, obj: Record) -> Record | None:
        """Put `obj` in the record's place; the id stays. None: there is no such record."""

    def update(self, id: RecordId, changes: Record | Sequence[Json]) -> Record | None:
        """Merge top-level fields, or apply a JSON Patch (RFC 6902) given as a list."""

    def delete(self, id: RecordId) -> bool:
        """Remove the record; tell whether there was one. Its id is never given out again."""

    def list(
        self, limit: int | None = None, offset: int = 0, sort: str | None = None
    ) -> tuple[Sequence[Record], int]:
        """Return a page of the records and the number of all of them."""

    def search(
        self,
        criteria: Criteria,
        limit: int | None = None,
        offset: int = 0,
        sort: str | None = None,
    ) -> Sequence[Record]:
        """Return a page of the records that meet all criteria."""

    def count(self, criteria: Criteria | None = None) -> int:
        """Return how many records meet all criteria."""

    def aggregate(
        self, op: str, field: str, by: str | None = None, criteria: Criteria | None = None
    ) -> Json:
        """Return `sum avg min max count` of a field, or that by the values of another field."""

    def get_schema(self) -> Json | None:
        """Return what was learned, as in `.schemas/<resource>.json`, or None."""


class SessionView(Protocol):
    """A session's resources as one program run sees them: `session_store`."""

    def resource(self, name: str) -> ResourceStore:
        """Return the resource, also one that nothing was ever stored in.

        Raises:
            BadResourceNameError: `name` is not `[A-Za-z0-9_-]{1,64}`.
        """

    def names(self) -> Sequence[str]:
        """Return the names of the resources that exist, sorted."""


NewIds = Callable[[], str]
"""Gives a new unique id, as 32 hex digits; passed in, so that tests can choose."""
