"""The routes of recordings, described for the control API's document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.http.control.descriptions.parts import (
    JSON_ERRORS,
    TEXT_OR_NULL,
    TIME,
    errors_of,
    json_of,
)
from larst.http.control.parameters import (
    AT_PATH,
    IN_SESSION,
    RECORDED_COUNT,
    RECORDED_LIMIT,
    RECORDED_OFFSET,
    RECORDED_STATUS,
    REQUEST_METHOD,
    WAIT,
)
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import ANY_OBJECT, COUNT, TEXT, Schema, page_of

_SWITCH: Schema = {"enum": ["on", "off"]}
_BODY: Schema = {"description": "The JSON value of the body, or else its text; null without one."}
_DROPPED: Schema = {**COUNT, "description": "Requests that had to make room: see the limits."}

RECORDED: Schema = {
    "type": "object",
    "required": [
        *("number", "id", "at", "ms", "method", "path", "query", "parameters", "headers"),
        *("body", "body_bytes", "fault", "reply"),
    ],
    "properties": {
        "number": {**COUNT, "description": "Counts the requests of the session."},
        "id": {**TEXT, "description": "The X-Request-ID of the reply."},
        "at": TIME,
        "ms": {"type": "number", "minimum": 0},
        "method": TEXT,
        "path": {**TEXT, "description": "Decoded, without the prefix of the session."},
        "query": {**TEXT, "description": "As sent."},
        "parameters": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": TEXT},
        },
        "headers": {**ANY_OBJECT, "description": "Those that a program can read."},
        "body": _BODY,
        "body_bytes": COUNT,
        "fault": {**TEXT_OR_NULL, "description": "What struck it on demand."},
        "reply": {
            "type": ["object", "null"],
            "required": ["status", "headers", "body", "body_bytes"],
            "properties": {
                "status": {"type": "integer"},
                "headers": ANY_OBJECT,
                "body": _BODY,
                "body_bytes": COUNT,
            },
            "description": "Null: the client has left, or its connection was dropped.",
        },
    },
}
_STATE: Schema = {
    "type": "object",
    "required": ["recording", "requests", "dropped"],
    "properties": {"recording": _SWITCH, "requests": COUNT, "dropped": _DROPPED},
}
SCHEMAS: Mapping[str, Schema] = {"RecordedRequest": RECORDED, "Recording": _STATE}
"""The schemas that the operations refer to, by name."""

_PAGE = page_of(schema_ref("RecordedRequest"))
_LIST: Schema = {
    **_PAGE,
    "required": [*_PAGE["required"], "recording", "dropped"],
    "properties": {**_PAGE["properties"], "recording": _SWITCH, "dropped": _DROPPED},
}
_PUT: Schema = {
    "type": "object",
    "required": ["recording"],
    "properties": {"recording": _SWITCH},
    "additionalProperties": False,
}

LIST_RECORDED = ControlOperation(
    "list_recorded_requests",
    "recordings",
    "List the recorded requests of a session, in the order of their arrival",
    (ControlReply("The requests that match all filters.", json_of(_LIST)),),
    (
        *(IN_SESSION, REQUEST_METHOD, AT_PATH, RECORDED_STATUS, WAIT, RECORDED_COUNT),
        *(RECORDED_LIMIT, RECORDED_OFFSET),
    ),
    errors={
        **errors_of(errors.BadRequestError, errors.BadSessionIdError),
        503: "Too many requests wait at the same time.",
    },
)
CLEAR_RECORDED = ControlOperation(
    "clear_recorded_requests",
    "recordings",
    "Forget the recorded requests of a session, which stays recorded",
    (ControlReply("They are forgotten.", status=204),),
    (IN_SESSION,),
    errors=errors_of(errors.BadSessionIdError),
)
GET_RECORDING = ControlOperation(
    "get_recording",
    "recordings",
    "Get whether a session is recorded",
    (ControlReply("The state.", json_of(schema_ref("Recording"))),),
    (IN_SESSION,),
    errors=errors_of(errors.BadSessionIdError),
)
PUT_RECORDING = ControlOperation(
    "put_recording",
    "recordings",
    "Begin or end to record the requests of a session, in memory",
    (ControlReply("The state.", json_of(schema_ref("Recording"))),),
    (IN_SESSION,),
    body=json_of(_PUT),
    errors=errors_of(errors.BadSessionIdError, *JSON_ERRORS),
)
