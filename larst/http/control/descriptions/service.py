"""The routes of documents, state, metrics and health, described for the control API's document.

Data.
"""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.http.control.descriptions.parts import SESSION_ERRORS, errors_of, json_of
from larst.http.control.limits import LIMITS
from larst.http.control.parameters import OF_SESSION
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import ANY_OBJECT, TEXT, Schema

_FLAG: Schema = {"type": "boolean"}
_AMOUNT: Schema = {
    "type": "object",
    "required": ["used", "limit"],
    "properties": {
        "used": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "Null: unknown until the session wakes.",
        },
        "limit": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "Null: no limit.",
        },
    },
}
_USAGE: Schema = {
    "type": "object",
    "description": "What your tenant uses of its quotas, and one of its sessions.",
    "required": ["tenant", "sessions", "session"],
    "properties": {
        "tenant": TEXT,
        "sessions": _AMOUNT,
        "session": {
            "type": "object",
            "required": ["id", "records", "resources", "size_bytes"],
            "properties": {
                "id": TEXT,
                "records": _AMOUNT,
                "resources": _AMOUNT,
                "size_bytes": _AMOUNT,
            },
        },
    },
}
_SERVICE: Schema = {
    "type": "object",
    "description": "An admin of a tenant gets only `usage`.",
    "required": ["usage"],
    "properties": {
        "usage": _USAGE,
        "planner": {
            "type": "object",
            "required": ["name", "model", "mode", "is_ready"],
            "properties": {
                "name": TEXT,
                "model": {"type": ["string", "null"]},
                "mode": TEXT,
                "is_ready": {
                    **_FLAG,
                    "description": "False: calls of the model are suspended after failures.",
                },
            },
        },
        "sandbox": {
            "type": "object",
            "required": ["jail", "is_ready"],
            "properties": {"jail": TEXT, "is_ready": _FLAG},
        },
        "metrics": {
            "type": "object",
            "description": "The current value of each counter and gauge, by its labels.",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": "number"},
            },
        },
        "limits": {
            "type": "object",
            "description": "Budgets, quotas and rates by their variable. Null: no limit.",
            "required": [*LIMITS],
            "properties": {name: {"type": ["integer", "null"], "minimum": 0} for name in LIMITS},
        },
    },
}
SCHEMAS: Mapping[str, Schema] = {"Status": _SERVICE}
"""The schemas that the operations refer to, by name."""

_ALIVE: Schema = {"type": "object", "required": ["status"], "properties": {"status": TEXT}}

_READINESS: Schema = {
    "type": "object",
    "required": ["status", "not_ready", "sandbox"],
    "properties": {
        "status": TEXT,
        "not_ready": {"type": "array", "items": TEXT},
        "sandbox": {"type": "object", "required": ["jail"], "properties": {"jail": TEXT}},
        "data_root": {"type": "object", "properties": {"problem": TEXT}},
    },
}

GET_CONTROL_DOCUMENT = ControlOperation(
    "get_control_document",
    "documents",
    "Get this document",
    (ControlReply("The document.", json_of(ANY_OBJECT)),),
    errors=errors_of(),
)

GET_SESSION_DOCUMENT = ControlOperation(
    "get_session_document",
    "documents",
    "Get the OpenAPI document of a session",
    (ControlReply("The document.", json_of(ANY_OBJECT)),),
    (OF_SESSION,),
    errors={status: text for status, text in errors_of(*SESSION_ERRORS).items() if status != 403},
)

GET_METRICS = ControlOperation(
    "get_metrics",
    "service",
    "Get the metrics in the Prometheus format",
    (ControlReply("The metrics.", {"text/plain": TEXT, "application/openmetrics-text": TEXT}),),
    errors={**errors_of(), 404: "Metrics are off."},
)

GET_HEALTH = ControlOperation(
    "get_health",
    "service",
    "Check that the process responds",
    (ControlReply("The process responds.", json_of(_ALIVE)),),
    is_public=True,
)

GET_READINESS = ControlOperation(
    "get_readiness",
    "service",
    "Check that the service can serve requests",
    (
        ControlReply("The service can serve requests.", json_of(_READINESS)),
        ControlReply("It cannot; `not_ready` lists the reasons.", json_of(_READINESS), 503),
    ),
    is_public=True,
)

GET_STATUS = ControlOperation(
    "get_status",
    "service",
    "Get the usage of quotas; for the operator, also planner, sandbox, counters and limits",
    (ControlReply("The state.", json_of(schema_ref("Status"))),),
    (OF_SESSION,),
    errors=errors_of(errors.BadSessionIdError),
)
