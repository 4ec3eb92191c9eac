"""The route of the service's state, described for the control API's document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst.http.control.descriptions import errors_of, json_of
from larst.http.control.status import LIMITS
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import TEXT, Schema

_FLAG: Schema = {"type": "boolean"}
_STATUS: Schema = {
    "type": "object",
    "required": ["planner", "sandbox", "metrics", "limits"],
    "properties": {
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
SCHEMAS: Mapping[str, Schema] = {"Status": _STATUS}
"""The schemas that the operations refer to, by name."""

GET_STATUS = ControlOperation(
    "get_status",
    "service",
    "Get the state of the service: planner, sandbox, counters and limits",
    (ControlReply("The state.", json_of(schema_ref("Status"))),),
    errors=errors_of(),
)
