"""The routes of sessions, described for the control API's document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.http.control.descriptions.parts import (
    COUNTS,
    ID_ERRORS,
    JSON_ERRORS,
    SESSION_ERRORS,
    TEXT_OR_NULL,
    TIME,
    errors_of,
    json_of,
)
from larst.http.control.parameters import (
    AFTER,
    IN_SESSION,
    LENIENT,
    OFFSET,
    REPLACE,
    SESSION_LIMIT,
    SET_DIALECT,
)
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import COUNT, TEXT, Schema, page_of
from larst.session.settings import CHOICES

SESSION_SETTINGS: Schema = {
    "type": "object",
    "properties": {
        name: {
            "enum": [*values, None],
            "default": None,
            "description": f"Null: the service's own, `LARS_{name.upper()}`.",
        }
        for name, values in CHOICES.items()
    },
    "additionalProperties": False,
}

EDIT: Schema = {
    "type": "object",
    "required": ["at", "resource", "taken_in", "detail", "kept_as"],
    "properties": {
        "at": TIME,
        "resource": TEXT,
        "taken_in": {"type": "boolean", "description": "False: some of it is set aside."},
        "detail": TEXT,
        "kept_as": {
            "type": "array",
            "items": TEXT,
            "description": "The copies of edits that are set aside, beside the edited file.",
        },
    },
}

SESSION: Schema = {
    "type": "object",
    "required": [
        *("id", "state", "problem", "records", "resources", "size_bytes", "last_used_at"),
        *("settings", "learned_dialect", "edits"),
    ],
    "properties": {
        "id": TEXT,
        "state": {"enum": ["awake", "asleep", "busy", "damaged", "failed"]},
        "problem": {**TEXT_OR_NULL, "description": "The damage, and how to repair it."},
        "records": {**COUNT, "type": ["integer", "null"]},
        "resources": {
            **COUNTS,
            "type": ["object", "null"],
            "description": "The number of records of each resource. Null: not known until the"
            " session wakes, since its process was killed or its files came from elsewhere.",
        },
        "size_bytes": COUNT,
        "last_used_at": {**TIME, "type": ["string", "null"]},
        "settings": schema_ref("SessionSettings"),
        "learned_dialect": {
            **TEXT_OR_NULL,
            "description": "The dialect that requests showed; it counts where none is set.",
        },
        "edits": {
            "type": "array",
            "items": EDIT,
            "description": "The latest edits of its files since the session woke, oldest first.",
        },
    },
}
SCHEMAS: Mapping[str, Schema] = {"Session": SESSION, "SessionSettings": SESSION_SETTINGS}
"""The schemas that the operations refer to, by name."""

_IMPORTED: Schema = {
    "type": "object",
    "required": ["imported", "records"],
    "properties": {
        "imported": COUNTS,
        "records": COUNT,
        "changed": {"type": "array", "items": TEXT},
        "warnings": {"type": "array", "items": TEXT},
    },
}

LIST_SESSIONS = ControlOperation(
    "list_sessions",
    "sessions",
    "List the sessions that have data",
    (ControlReply("A page of sessions.", json_of(page_of(schema_ref("Session")))),),
    (SESSION_LIMIT, OFFSET, AFTER),
    errors=errors_of(errors.BadRequestError),
)

GET_SESSION = ControlOperation(
    "get_session",
    "sessions",
    "Get the state and the contents of a session",
    (ControlReply("The session.", json_of(schema_ref("Session"))),),
    (IN_SESSION,),
    errors=errors_of(*ID_ERRORS),
)

ERASE_SESSION = ControlOperation(
    "erase_session",
    "sessions",
    "Erase a session; its next request starts with no data",
    (ControlReply("The session is erased.", status=204),),
    (IN_SESSION,),
    errors=errors_of(*ID_ERRORS, *SESSION_ERRORS),
)

GET_SESSION_SETTINGS = ControlOperation(
    "get_session_settings",
    "sessions",
    "Get the settings of a session",
    (ControlReply("The settings.", json_of(schema_ref("SessionSettings"))),),
    (IN_SESSION,),
    errors=errors_of(*ID_ERRORS, *SESSION_ERRORS),
)

PUT_SESSION_SETTINGS = ControlOperation(
    "put_session_settings",
    "sessions",
    "Set the dialect of a session's replies, and how unknown filters are read",
    (ControlReply("The settings.", json_of(schema_ref("SessionSettings"))),),
    (IN_SESSION,),
    body=json_of(schema_ref("SessionSettings")),
    errors=errors_of(*SESSION_ERRORS, *JSON_ERRORS),
)

EXPORT_SESSION = ControlOperation(
    "export_session",
    "sessions",
    "Export a session",
    (
        ControlReply(
            "A JSON value per line; the last line has a checksum.", {"application/x-ndjson": TEXT}
        ),
    ),
    (IN_SESSION,),
    errors=errors_of(*ID_ERRORS, *SESSION_ERRORS),
)

_DATABASE: Schema = {
    "type": "object",
    "description": "A db.json: lists of records by resource. Or a HAR, Postman or OpenAPI file.",
    "examples": [{"users": [{"id": 1, "name": "Ann"}]}],
}
IMPORT_SESSION = ControlOperation(
    "import_session",
    "sessions",
    "Import an export, a db.json, or a HAR, Postman or OpenAPI file: all of it or nothing",
    (ControlReply("The number of imported records.", json_of(_IMPORTED)),),
    (IN_SESSION, REPLACE, LENIENT, SET_DIALECT),
    body={"application/x-ndjson": TEXT, "application/json": _DATABASE},
    errors=errors_of(
        *SESSION_ERRORS,
        errors.BadRequestError,
        errors.SessionNotEmptyError,
        errors.ValueTakenError,
        errors.FieldRefusedError,
        errors.BodyTooLargeError,
        errors.BodyTooSlowError,
        errors.DeadlineError,
    ),
)
