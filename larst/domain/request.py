"""A request as the planner and its program see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeAlias

from larst.domain.guidance import NO_GUIDANCE, Guidance
from larst.domain.json_values import Json
from larst.domain.tenants import DEFAULT_TENANT, SessionKey, Tenant
from larst.domain.value_objects import value_object

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The HTTP methods that the service accepts; any other gets 405."""

NewIds: TypeAlias = Callable[[], str]
"""Returns a new unique id of 32 hex digits; passed in, so that tests can choose the ids."""


MERGE = "merge"
"""The operation, in a JSON Patch, that stands for a merge patch (RFC 7396) of the whole record."""


class BodyKind(StrEnum):
    """The form of a request's body."""

    NONE = "none"
    OBJECT = "object"
    LIST = "list"
    SCALAR = "scalar"
    PATCH = "patch"
    TEXT = "text"


class Notation(StrEnum):
    """How a body was written. Values of a form and of CSV are texts until the schema is known."""

    JSON = "json"
    FORM = "form"
    CSV = "csv"
    NDJSON = "ndjson"


@value_object
class Body:
    """A parsed body: `json` is set for objects, lists, scalars and patches, `text` for text.

    `lines`: the line of each item of a list that was sent as lines.
    """

    kind: BodyKind
    json: Json = None
    text: str | None = None
    notation: Notation = Notation.JSON
    lines: tuple[int, ...] = ()


NO_BODY = Body(BodyKind.NONE)
"""The body of a request without one."""


@value_object
class TraceParent:
    """A W3C trace context (https://www.w3.org/TR/trace-context/): lower-case hex ids."""

    trace_id: str
    span_id: str
    flags: str

    def header(self) -> str:
        """Return the value of a `traceparent` header."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


@value_object
class RequestContext:
    """One request as the planner and its program may see it; contains no secret.

    `headers` has lower-case names. `query` maps each key to all of its values, in order.
    `segments` are the non-empty parts of the path, percent-decoded once. `session_id` is the name
    of the session within its `tenant`; neither `path` nor `segments` have a `prefix` (`/@shop`)
    that named it. `guidance` is for its planner alone.
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
    tenant: Tenant = DEFAULT_TENANT
    prefix: str = ""
    guidance: Guidance = NO_GUIDANCE

    @property
    def session_key(self) -> SessionKey:
        """The key of the session among those of all tenants."""
        return self.tenant.key_of(self.session_id)

    def as_json(self) -> dict[str, Json]:
        """Return the `ctx` of SPEC section 3."""
        return {
            "method": self.method,
            "path": self.path,
            "segments": list(self.segments),
            "query": {key: list(values) for key, values in self.query.items()}
            if self.query
            else {},
            "headers": dict(self.headers),
            "body_json": self.body.json,
            "body_text": self.body.text,
            "client": {"ip": self.client_ip},
            "session": {"id": self.session_id, "token": None},
            "request_id": self.request_id,
        }
