"""The routes of plans, described for the control API's document. Data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from larst import errors
from larst.http.control.descriptions.parts import (
    JSON_ERRORS,
    TEXT_OR_NULL,
    TIME,
    errors_of,
    json_of,
)
from larst.http.control.parameters import (
    FORCE,
    MAX_REASON_CHARACTERS,
    OF_TENANT,
    OFFSET,
    PLAN_KEY,
    PLAN_LIMIT,
    PLAN_STATE,
)
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import ANY_OBJECT, COUNT, TEXT, Schema, page_of
from larst.planning.book import PlanState

PLAN: Schema = {
    "type": "object",
    "required": ["key", "state", "method", "path", "action", "planner", "uses", "made_at"],
    "properties": {
        "key": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "state": {"enum": list(get_args(PlanState))},
        "reason": {**TEXT_OR_NULL, "description": "Why the plan was rejected."},
        "cases": {**COUNT, "description": "How many cases another program must pass."},
        "intent": {**TEXT_OR_NULL, "description": "What a user said that the request means."},
        "method": TEXT,
        "path": {**TEXT, "description": "Identifiers are replaced: `/orders/<int>/cancel`."},
        "query": {"type": "object"},
        "action": TEXT,
        "resource": TEXT_OR_NULL,
        "planner": TEXT,
        "has_older_prompt": {
            "type": "boolean",
            "description": "Made with other prompts than those of this version of LARST.",
        },
        "model": TEXT_OR_NULL,
        "uses": COUNT,
        "attempts": COUNT,
        "tokens": {"type": ["object", "null"], "additionalProperties": COUNT},
        "cost_usd": {"type": ["number", "null"]},
        "made_at": TIME,
        "last_used_at": {**TIME, "type": ["string", "null"]},
    },
}
SCHEMAS: Mapping[str, Schema] = {"Plan": PLAN}
"""The schemas that the operations refer to, by name."""

_REASON: Schema = {
    "type": "object",
    "required": ["reason"],
    "properties": {
        "reason": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_REASON_CHARACTERS,
            "pattern": r"\S",
        }
    },
}

_PROGRAM: Schema = {
    "type": "object",
    "required": ["program"],
    "properties": {"program": {"type": "string", "minLength": 1, "pattern": r"\S"}},
}

_PLAN_ERRORS = (errors.BadRequestError, errors.PlanNotFoundError)

LIST_PLANS = ControlOperation(
    "list_plans",
    "plans",
    "List plans, the most used first",
    (ControlReply("A page of plans.", json_of(page_of(schema_ref("Plan")))),),
    (PLAN_STATE, PLAN_LIMIT, OFFSET, OF_TENANT),
    errors=errors_of(errors.BadRequestError),
)

GET_PLAN = ControlOperation(
    "get_plan",
    "plans",
    "Get a plan with its program",
    (
        ControlReply(
            "The plan, as the plan book stores it, and in `versions` the other plans of its shape.",
            json_of(ANY_OBJECT),
        ),
    ),
    (PLAN_KEY, OF_TENANT),
    errors=errors_of(*_PLAN_ERRORS),
)

DELETE_PLAN = ControlOperation(
    "delete_plan",
    "plans",
    "Delete a plan; the next request of its shape is planned again",
    (ControlReply("The plan is deleted.", status=204),),
    (PLAN_KEY, OF_TENANT),
    errors=errors_of(*_PLAN_ERRORS),
)

PIN_PLAN = ControlOperation(
    "pin_plan",
    "plans",
    "Approve a plan: it is used from now on, whatever planner is configured",
    (ControlReply("The plan.", json_of(schema_ref("Plan"))),),
    (PLAN_KEY, OF_TENANT),
    errors=errors_of(*_PLAN_ERRORS),
)

REJECT_PLAN = ControlOperation(
    "reject_plan",
    "plans",
    "Reject a plan: it is never used again, and the planner gets the reason",
    (ControlReply("The plan.", json_of(schema_ref("Plan"))),),
    (PLAN_KEY, OF_TENANT),
    body=json_of(_REASON),
    errors=errors_of(*_PLAN_ERRORS, *JSON_ERRORS),
)

PUT_PROGRAM = ControlOperation(
    "put_program",
    "plans",
    "Replace the program of a plan by your own; the new version is pinned",
    (ControlReply("The new version.", json_of(schema_ref("Plan"))),),
    (PLAN_KEY, FORCE, OF_TENANT),
    body=json_of(_PROGRAM),
    errors=errors_of(*_PLAN_ERRORS, errors.CaseFailedError, *JSON_ERRORS),
)
