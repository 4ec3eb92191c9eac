"""The descriptions of the routes for contracts, for the control document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.http.control.descriptions.parts import JSON_ERRORS, SESSION_ERRORS, errors_of, json_of
from larst.http.control.parameters import CONTRACT_MODE, IN_SESSION
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import ANY_OBJECT, TEXT, Schema
from larst.session.contracts import CONTRACT_MODES

_CONTRACT: Schema = {
    "type": "object",
    "required": ["mode", "title", "operations"],
    "properties": {
        "mode": {"enum": list(CONTRACT_MODES)},
        "title": TEXT,
        "operations": {"type": "array", "items": TEXT},
        "document": {"type": "object", "description": "The OpenAPI document, with GET."},
        "seeded": {
            "type": "array",
            "items": TEXT,
            "description": "With PUT: the resources that got a schema from it.",
        },
    },
}
SCHEMAS: Mapping[str, Schema] = {"Contract": _CONTRACT}
"""The schemas that the operations refer to, by name."""

PUT_CONTRACT = ControlOperation(
    "put_contract",
    "sessions",
    "Give a session an OpenAPI document: planners read it, and replies are held against it",
    (ControlReply("The contract.", json_of(schema_ref("Contract"))),),
    (IN_SESSION, CONTRACT_MODE),
    body=json_of(ANY_OBJECT),
    errors=errors_of(
        *JSON_ERRORS,
        errors.BodyTooLargeError,
        errors.BodiesFullError,
        errors.QuotaFullError,
        *SESSION_ERRORS,
    ),
)
GET_CONTRACT = ControlOperation(
    "get_contract",
    "sessions",
    "Get the contract of a session",
    (ControlReply("The contract, with its document.", json_of(schema_ref("Contract"))),),
    (IN_SESSION,),
    errors=errors_of(errors.ContractNotFoundError, *SESSION_ERRORS),
)
DELETE_CONTRACT = ControlOperation(
    "delete_contract",
    "sessions",
    "Take the contract from a session; its schemas and plans remain",
    (ControlReply("The session has no contract.", status=204),),
    (IN_SESSION,),
    errors=errors_of(errors.ContractNotFoundError, *SESSION_ERRORS),
)
