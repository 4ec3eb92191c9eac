"""The descriptions of the routes that fill sessions with data. Data; routes.py uses it."""

from __future__ import annotations

from larst import errors
from larst.fake import MAX_RECORDS, MAX_RESOURCES
from larst.http.control.descriptions.parts import (
    COUNTS,
    JSON_ERRORS,
    SESSION_ERRORS,
    errors_of,
    json_of,
)
from larst.http.control.parameters import IN_SESSION, SEED
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.schemas import ANY_OBJECT, COUNT, TEXT, Schema

_COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_RECORDS}
_ORDER: Schema = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": MAX_RESOURCES,
    "description": "The number of records by resource. Fields come from the schema or the names"
    " that are given here, else from the records of the session, else from the resource's name.",
    "additionalProperties": {
        "anyOf": [
            _COUNT,
            {
                "type": "object",
                "required": ["count"],
                "properties": {
                    "count": _COUNT,
                    "schema": {**ANY_OBJECT, "description": "A JSON Schema of the records."},
                    "fields": {"type": "array", "items": TEXT},
                },
                "additionalProperties": False,
            },
        ]
    },
    "example": {"users": 50, "books": {"count": 20, "fields": ["title", "author", "price"]}},
}
_CREATED: Schema = {
    "type": "object",
    "required": ["created", "records", "seed"],
    "properties": {
        "created": COUNTS,
        "records": COUNT,
        "seed": {**COUNT, "description": "Makes the same data in a session of the same state."},
        "warnings": {"type": "array", "items": TEXT},
    },
}

FAKE_DATA = ControlOperation(
    "fake_data",
    "sessions",
    f"Fill resources with fake records that link to each other: at most {MAX_RECORDS} at once",
    (ControlReply("The number of new records.", json_of(_CREATED)),),
    (IN_SESSION, SEED),
    body=json_of(_ORDER),
    errors=errors_of(
        *SESSION_ERRORS,
        *JSON_ERRORS,
        errors.BodyTooLargeError,
        errors.IdTakenError,
        errors.ValueTakenError,
        errors.FieldRefusedError,
        errors.ProgramTimeoutError,
        errors.QuotaFullError,
        errors.ExtraMissingError,
    ),
)
PACK_SESSION = ControlOperation(
    "pack_session",
    "sessions",
    "Pack a session: its data, schemas and settings, and the plans that served it",
    (
        ControlReply(
            "A ZIP archive that `larst serve` serves. Its bytes depend on the contents only.",
            {"application/zip": {"type": "string", "format": "binary"}},
        ),
    ),
    (IN_SESSION,),
    errors=errors_of(*SESSION_ERRORS, errors.SessionNotFoundError, errors.DeadlineError),
)
GET_GUIDE = ControlOperation(
    "get_guide",
    "documents",
    "Get one page for agents: how to use this service, its session and its control API",
    (ControlReply("The page, in Markdown.", {"text/plain": TEXT}),),
)
