"""The descriptions of the routes that teach plans, for the control document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.domain import METHODS
from larst.http.control.descriptions.parts import COUNTS, SESSION_ERRORS, errors_of, json_of
from larst.http.control.parameters import OF_SESSION, OF_TENANT, PLAN_KEY
from larst.http.guidance import MAX_INTENT_CHARACTERS
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import COUNT, TEXT, Schema

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
    *SESSION_ERRORS,
)

_TESTED: Schema = {
    "type": "object",
    "required": ["items", "passed", "failed", "not_run"],
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key", "method", "path", "passed", "differences"],
                "properties": {
                    "key": TEXT,
                    "method": TEXT,
                    "path": TEXT,
                    "passed": {"type": "boolean"},
                    "differences": {"type": "array", "items": TEXT},
                },
            },
        },
        "passed": COUNT,
        "failed": COUNT,
        "not_run": {**COUNT, "description": "Cases that were left out when the time was up."},
    },
}
TEST_PLAN = ControlOperation(
    "test_plan",
    "plans",
    "Run the cases of a plan, each in a session of its own in memory",
    (ControlReply("The results.", json_of(_TESTED)),),
    (PLAN_KEY, OF_TENANT),
    errors=errors_of(errors.BadRequestError, errors.PlanNotFoundError),
)
TEST_PLANS = ControlOperation(
    "test_plans",
    "plans",
    "Run the cases of all plans that may serve",
    (ControlReply("The results.", json_of(_TESTED)),),
    (OF_TENANT,),
    errors=errors_of(errors.BadRequestError),
)
_UNDONE: Schema = {
    "type": "object",
    "required": ["undone"],
    "properties": {"undone": COUNTS},
}
UNDO_PLAN = ControlOperation(
    "undo_plan",
    "plans",
    "Take back what the latest run of a plan changed in a session, as one transaction",
    (ControlReply("How many records were taken back, by resource.", json_of(_UNDONE)),),
    (PLAN_KEY, OF_SESSION),
    errors=errors_of(errors.PlanNotFoundError, errors.UndoRefusedError, *SESSION_ERRORS),
)
TEACH = ControlOperation(
    "teach_plan",
    "plans",
    "Plan a request by its meaning in words, or by the reply that it should get; it has no effect",
    (ControlReply("The plan, and the reply of its program.", json_of(_TAUGHT)),),
    body=json_of(_EXAMPLE),
    errors=errors_of(*_REQUEST_ERRORS),
)
