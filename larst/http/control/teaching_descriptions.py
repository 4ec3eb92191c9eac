"""The descriptions of the routes that teach plans, for the control document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import actors, errors
from larst.domain import METHODS
from larst.http.control.descriptions import errors_of, json_of
from larst.http.guidance import MAX_INTENT_CHARACTERS
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import Schema

_REQUEST: Schema = {
    "type": "object",
    "required": ["method", "path"],
    "properties": {
        "method": {"enum": list(METHODS)},
        "path": {"type": "string", "pattern": "^/", "description": "With its query."},
        "body": {"description": "JSON; may be missing."},
    },
    "additionalProperties": False,
}
_REPLY: Schema = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "status": {"type": "integer", "minimum": 200, "maximum": 599},
        "body": {
            "description": "The whole body. A class such as `<int>`, `<text>`, `<datetime>` or"
            " `<any>` stands for any value of that kind."
        },
    },
    "additionalProperties": False,
}
SCHEMAS: Mapping[str, Schema] = {"PlannedRequest": _REQUEST, "WantedReply": _REPLY}
"""The schemas that the operations refer to, by name."""

_EXAMPLE: Schema = {
    "type": "object",
    "required": ["request"],
    "properties": {
        "session": {"type": "string", "description": "Default: the session of your token."},
        "request": schema_ref("PlannedRequest"),
        "intent": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_INTENT_CHARACTERS,
            "description": "What the request means, in words.",
        },
        "reply": schema_ref("WantedReply"),
    },
    "additionalProperties": False,
}
_TAUGHT: Schema = {
    "type": "object",
    "required": ["plan", "reply"],
    "properties": {
        "plan": {"anyOf": [schema_ref("Plan"), {"type": "null"}]},
        "reply": {"type": "object"},
    },
}
_REQUEST_ERRORS = (
    errors.BadRequestError,
    errors.BookLockedError,
    errors.PlanPinnedError,
    errors.TargetTooLongError,
    errors.BudgetSpentError,
    errors.ProgramLimitError,
    errors.NoRuleError,
    errors.NoUsablePlanError,
    errors.PlannerUnreachableError,
    errors.ProgramTimeoutError,
    errors.BodyTooSlowError,
    errors.BodyTooLargeError,
    errors.SessionDamagedError,
    errors.DiskRefusedError,
    actors.MailboxFullError,
    actors.ActorFailedError,
    actors.StoppingError,
    actors.DeadlinePassedError,
    actors.ActorCrashedError,
)

TEACH = ControlOperation(
    "teach_plan",
    "plans",
    "Plan a request by its meaning in words, or by the reply that it should get; it has no effect",
    (ControlReply("The plan, and the reply of its program.", json_of(_TAUGHT)),),
    body=json_of(_EXAMPLE),
    errors=errors_of(*_REQUEST_ERRORS),
)
