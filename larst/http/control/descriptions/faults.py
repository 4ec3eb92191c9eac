"""The routes of faults, described for the control API's document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.http.control.descriptions.parts import JSON_ERRORS, errors_of, json_of
from larst.http.control.parameters import IN_SESSION
from larst.http.faults.table import MAX_RULES, MAX_SEED
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import ANY_OBJECT, COUNT, TEXT, Schema

_PROPERTIES: Schema = {
    "method": TEXT,
    "path": {**TEXT, "description": "`/orders/*` or `/orders/**`; without it, every path."},
    "query": {**ANY_OBJECT, "description": "Values that the query must have."},
    "rate": {"type": "number", "minimum": 0, "maximum": 1, "default": 1},
    "times": {**COUNT, "description": "The most requests that it strikes."},
    "skip": {**COUNT, "description": "The first matching requests, which it lets pass."},
    "phase": {
        "enum": ["before", "after"],
        "default": "before",
        "description": "`before`: the session never sees the request, if there is a status or a"
        " drop. `after`: its changes are durable.",
    },
    "delay": {
        **TEXT,
        "description": "`200ms`, `100ms..300ms`, `normal 200ms 50ms` or `lognormal 200ms 0.5`; at"
        " most 60s.",
    },
    "status": {"type": "integer", "minimum": 200, "maximum": 599},
    "body": {"description": "That of the reply with `status`: JSON, or a text."},
    "headers": ANY_OBJECT,
    "drop": {"type": "boolean", "description": "End the connection without a reply."},
    "truncate": {**COUNT, "description": "Send only so many bytes of the body."},
    "malformed": {"type": "boolean", "description": "Spoil the body: it cannot be parsed as JSON."},
    "bytes_per_s": {"type": "integer", "minimum": 1, "description": "Send the body slowly."},
}
_RULES: Schema = {"type": "array", "items": schema_ref("FaultRule"), "maxItems": MAX_RULES}
_SEED: Schema = {"type": ["integer", "null"], "minimum": 0, "maximum": MAX_SEED}
_STRUCK: Schema = {
    "type": "object",
    "required": ["matches", "strikes"],
    "properties": {**_PROPERTIES, "matches": COUNT, "strikes": COUNT},
}
SCHEMAS: Mapping[str, Schema] = {
    "FaultRule": {"type": "object", "properties": _PROPERTIES, "additionalProperties": False},
    "Faults": {
        "type": "object",
        "required": ["seed", "rules"],
        "properties": {"seed": _SEED, "rules": {"type": "array", "items": _STRUCK}},
    },
}
"""The schemas that the operations refer to, by name."""

_PUT: Schema = {
    "type": "object",
    "required": ["rules"],
    "properties": {"seed": _SEED, "rules": _RULES},
    "additionalProperties": False,
}

GET_FAULTS = ControlOperation(
    "get_faults",
    "faults",
    "Get the faults of a session, and how many requests each has struck",
    (
        ControlReply(
            "The rules, in the order in which they are tried.", json_of(schema_ref("Faults"))
        ),
    ),
    (IN_SESSION,),
    errors=errors_of(errors.BadSessionIdError),
)
PUT_FAULTS = ControlOperation(
    "put_faults",
    "faults",
    "Replace the faults of a session: which of its requests fail, and how",
    (ControlReply("The rules and their seed.", json_of(schema_ref("Faults"))),),
    (IN_SESSION,),
    body=json_of(_PUT),
    errors=errors_of(errors.BadSessionIdError, *JSON_ERRORS),
)
DELETE_FAULTS = ControlOperation(
    "delete_faults",
    "faults",
    "Remove the faults of a session",
    (ControlReply("They are removed.", status=204),),
    (IN_SESSION,),
    errors=errors_of(errors.BadSessionIdError),
)
