"""The descriptions of the routes of a session's clock, for the control document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.http.control.descriptions.parts import JSON_ERRORS, SESSION_ERRORS, errors_of, json_of
from larst.http.control.parameters import IN_SESSION
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import Schema

_CLOCK: Schema = {
    "type": "object",
    "required": ["now", "frozen", "offset_s"],
    "properties": {
        "now": {"type": "string", "format": "date-time"},
        "frozen": {"type": "boolean"},
        "offset_s": {"type": "number", "description": "Seconds ahead of real time."},
    },
}
_SETTING: Schema = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "now": {"type": "string", "description": "An instant in ISO 8601; in UTC by default."},
        "offset": {"type": "string", "description": "From real time: `+1d`, `-2h30m`, `500ms`."},
        "advance": {"type": "string", "description": "From where the clock is: `+1d`."},
        "frozen": {"type": "boolean", "description": "Whether the clock stands still."},
    },
    "additionalProperties": False,
}
SCHEMAS: Mapping[str, Schema] = {"SessionClock": _CLOCK}
"""The schemas that the operations refer to, by name."""

_REPLY = (ControlReply("The time of the session.", json_of(schema_ref("SessionClock"))),)

GET_CLOCK = ControlOperation(
    "get_session_clock",
    "sessions",
    "Get the time of a session",
    _REPLY,
    (IN_SESSION,),
    errors=errors_of(errors.SessionNotFoundError, *SESSION_ERRORS),
)
PUT_CLOCK = ControlOperation(
    "put_session_clock",
    "sessions",
    "Set, freeze or move the clock that a session's programs see",
    _REPLY,
    (IN_SESSION,),
    body=json_of(_SETTING),
    errors=errors_of(*SESSION_ERRORS, *JSON_ERRORS),
)
DELETE_CLOCK = ControlOperation(
    "delete_session_clock",
    "sessions",
    "Return a session to real time",
    (ControlReply("The session has real time.", status=204),),
    (IN_SESSION,),
    errors=errors_of(errors.SessionNotFoundError, *SESSION_ERRORS),
)
