"""The routes of the console's login, described for the control API's document. Data."""

from __future__ import annotations

from larst.http.control.descriptions.parts import JSON_ERRORS, errors_of, json_of
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.schemas import TEXT, Schema
from larst.tokens import SCOPES

_LOGIN: Schema = {
    "type": "object",
    "required": ["has_login", "requires_token", "scopes"],
    "properties": {
        "has_login": {"type": "boolean"},
        "requires_token": {"type": "boolean"},
        "scopes": {"type": "array", "items": {"enum": [*SCOPES]}},
    },
}
_TOKEN: Schema = {"type": "object", "required": ["token"], "properties": {"token": TEXT}}

GET_LOGIN = ControlOperation(
    "get_login",
    "console",
    "Get whether the console is logged in, and whether a token is required",
    (ControlReply("The state.", json_of(_LOGIN)),),
    is_public=True,
)
LOG_IN = ControlOperation(
    "log_in",
    "console",
    "Log in to the console with a token; the reply sets a cookie",
    (ControlReply("The state.", json_of(_LOGIN)),),
    body=json_of(_TOKEN),
    errors={
        **errors_of(*JSON_ERRORS),
        401: "The token is wrong.",
    },
    is_public=True,
)
LOG_OUT = ControlOperation(
    "log_out",
    "console",
    "Log out of the console",
    (ControlReply("The state.", json_of(_LOGIN)),),
    errors=errors_of(),
    is_public=True,
)
