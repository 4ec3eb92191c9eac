"""The descriptions of the control API's routes for its document. Data; routes.py uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from larst import actors, errors
from larst.http.control.parameters import (
    AFTER,
    FORCE,
    IN_SESSION,
    LENIENT,
    MAX_REASON_CHARACTERS,
    OF_SESSION,
    OF_TENANT,
    OFFSET,
    PLAN_KEY,
    PLAN_LIMIT,
    PLAN_STATE,
    REPLACE,
    SESSION_LIMIT,
    SET_DIALECT,
    SNAPSHOT,
    TO_SNAPSHOT,
)
from larst.http.problems import STATUS, title_of
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import ANY_OBJECT, COUNT, TEXT, Schema, page_of
from larst.planning.book import PlanState
from larst.session.settings import CHOICES

_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_TIME: Schema = {"type": "string", "format": "date-time"}
_COUNTS: Schema = {"type": "object", "additionalProperties": COUNT}

PLAN: Schema = {
    "type": "object",
    "required": ["key", "state", "method", "path", "action", "planner", "uses", "made_at"],
    "properties": {
        "key": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "state": {"enum": list(get_args(PlanState))},
        "reason": {**_TEXT_OR_NULL, "description": "Why the plan was rejected."},
        "cases": {**COUNT, "description": "How many cases another program must pass."},
        "intent": {**_TEXT_OR_NULL, "description": "What a user said that the request means."},
        "method": TEXT,
        "path": {**TEXT, "description": "Identifiers are replaced: `/orders/<int>/cancel`."},
        "query": {"type": "object"},
        "action": TEXT,
        "resource": _TEXT_OR_NULL,
        "planner": TEXT,
        "has_older_prompt": {
            "type": "boolean",
            "description": "Made with other prompts than those of this version of LARST.",
        },
        "model": _TEXT_OR_NULL,
        "uses": COUNT,
        "attempts": COUNT,
        "tokens": {"type": ["object", "null"], "additionalProperties": COUNT},
        "cost_usd": {"type": ["number", "null"]},
        "made_at": _TIME,
        "last_used_at": {**_TIME, "type": ["string", "null"]},
    },
}
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
        "at": _TIME,
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
        "problem": {**_TEXT_OR_NULL, "description": "The damage, and how to repair it."},
        "records": {**COUNT, "type": ["integer", "null"]},
        "resources": {
            **_COUNTS,
            "type": ["object", "null"],
            "description": "The number of records of each resource. Null: not known until the"
            " session wakes, since its process was killed or its files came from elsewhere.",
        },
        "size_bytes": COUNT,
        "last_used_at": {**_TIME, "type": ["string", "null"]},
        "settings": schema_ref("SessionSettings"),
        "learned_dialect": {
            **_TEXT_OR_NULL,
            "description": "The dialect that requests showed; it counts where none is set.",
        },
        "edits": {
            "type": "array",
            "items": EDIT,
            "description": "The latest edits of its files since the session woke, oldest first.",
        },
    },
}
SNAPSHOT_SCHEMA: Schema = {
    "type": "object",
    "required": ["name", "size_bytes", "saved_at"],
    "properties": {"name": TEXT, "size_bytes": COUNT, "saved_at": _TIME},
}
SCHEMAS: Mapping[str, Schema] = {
    "Plan": PLAN,
    "Session": SESSION,
    "SessionSettings": SESSION_SETTINGS,
    "Snapshot": SNAPSHOT_SCHEMA,
}
"""The schemas that the operations refer to, by name."""

_IMPORTED: Schema = {
    "type": "object",
    "required": ["imported", "records"],
    "properties": {
        "imported": _COUNTS,
        "records": COUNT,
        "changed": {"type": "array", "items": TEXT},
        "warnings": {"type": "array", "items": TEXT},
    },
}
_RESTORED: Schema = {
    "type": "object",
    "required": ["snapshot", "records", "resources"],
    "properties": {
        "snapshot": {**_TEXT_OR_NULL, "description": "Null: the session has no data now."},
        "records": COUNT,
        "resources": _COUNTS,
    },
}
_SNAPSHOTS: Schema = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": schema_ref("Snapshot")}},
}
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
_STATUS: Schema = {"type": "object", "required": ["status"], "properties": {"status": TEXT}}
_READINESS: Schema = {
    "type": "object",
    "required": ["status", "not_ready", "sandbox"],
    "properties": {
        "status": TEXT,
        "not_ready": {"type": "array", "items": TEXT},
        "sandbox": {"type": "object", "required": ["jail"], "properties": {"jail": TEXT}},
        "data_root": {"type": "object", "properties": {"problem": TEXT}},
    },
}


def json_of(schema: Schema) -> Mapping[str, Schema]:
    """Return the content of a JSON body."""
    return {"application/json": schema}


def errors_of(*classes: type[Exception]) -> Mapping[int, str]:
    """Return the statuses of the errors, each with a description."""
    titles: dict[int, dict[str, None]] = {}
    all_classes: tuple[type[Exception], ...] = (errors.ForbiddenError, *classes)
    for error in all_classes:
        titles.setdefault(STATUS[error], {})[title_of(error)] = None
    return {status: f"The error is `{'` or `'.join(texts)}`." for status, texts in titles.items()}


_PLAN_ERRORS = (errors.BadRequestError, errors.PlanNotFoundError)
_ID_ERRORS = (errors.BadSessionIdError, errors.SessionNotFoundError)
SESSION_ERRORS = (
    errors.BadSessionIdError,
    errors.SessionDamagedError,
    errors.DiskRefusedError,
    actors.MailboxFullError,
    actors.ActorFailedError,
    actors.StoppingError,
    actors.DeadlinePassedError,
    actors.ActorCrashedError,
)
"""The errors of work that runs inside a session."""

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
    errors=errors_of(*_PLAN_ERRORS, errors.InvalidJsonError, errors.BodyTooSlowError),
)
PUT_PROGRAM = ControlOperation(
    "put_program",
    "plans",
    "Replace the program of a plan by your own; the new version is pinned",
    (ControlReply("The new version.", json_of(schema_ref("Plan"))),),
    (PLAN_KEY, FORCE, OF_TENANT),
    body=json_of(_PROGRAM),
    errors=errors_of(
        *_PLAN_ERRORS, errors.CaseFailedError, errors.InvalidJsonError, errors.BodyTooSlowError
    ),
)
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
    errors=errors_of(*_ID_ERRORS),
)
ERASE_SESSION = ControlOperation(
    "erase_session",
    "sessions",
    "Erase a session; its next request starts with no data",
    (ControlReply("The session is erased.", status=204),),
    (IN_SESSION,),
    errors=errors_of(*_ID_ERRORS, *SESSION_ERRORS),
)
GET_SESSION_SETTINGS = ControlOperation(
    "get_session_settings",
    "sessions",
    "Get the settings of a session",
    (ControlReply("The settings.", json_of(schema_ref("SessionSettings"))),),
    (IN_SESSION,),
    errors=errors_of(*_ID_ERRORS, *SESSION_ERRORS),
)
PUT_SESSION_SETTINGS = ControlOperation(
    "put_session_settings",
    "sessions",
    "Set the dialect of a session's replies, and how unknown filters are read",
    (ControlReply("The settings.", json_of(schema_ref("SessionSettings"))),),
    (IN_SESSION,),
    body=json_of(schema_ref("SessionSettings")),
    errors=errors_of(
        *SESSION_ERRORS, errors.BadRequestError, errors.InvalidJsonError, errors.BodyTooSlowError
    ),
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
    errors=errors_of(*_ID_ERRORS, *SESSION_ERRORS),
)
IMPORT_SESSION = ControlOperation(
    "import_session",
    "sessions",
    "Import an export, a db.json, or a HAR, Postman or OpenAPI file: all of it or nothing",
    (ControlReply("The number of imported records.", json_of(_IMPORTED)),),
    (IN_SESSION, REPLACE, LENIENT, SET_DIALECT),
    body={"application/x-ndjson": TEXT, "application/json": ANY_OBJECT},
    errors=errors_of(
        *SESSION_ERRORS,
        errors.BadRequestError,
        errors.SessionNotEmptyError,
        errors.BodyTooLargeError,
        errors.BodyTooSlowError,
        errors.DeadlineError,
    ),
)
_SNAPSHOT_ERRORS = (*_ID_ERRORS, *SESSION_ERRORS, errors.BadRequestError)
_RESTORE_ERRORS = (
    *_SNAPSHOT_ERRORS,
    errors.SnapshotNotFoundError,
    errors.QuotaFullError,
    errors.DeadlineError,
)
RESET_SESSION = ControlOperation(
    "reset_session",
    "sessions",
    "Go back to a snapshot, to the file that the service was started with, or to no data",
    (ControlReply("What the session has now.", json_of(_RESTORED)),),
    (IN_SESSION, TO_SNAPSHOT),
    errors=errors_of(*_RESTORE_ERRORS),
)
LIST_SNAPSHOTS = ControlOperation(
    "list_snapshots",
    "snapshots",
    "List the snapshots of a session",
    (ControlReply("All snapshots, by name.", json_of(_SNAPSHOTS)),),
    (IN_SESSION,),
    errors=errors_of(*_ID_ERRORS, *SESSION_ERRORS),
)
SAVE_SNAPSHOT = ControlOperation(
    "save_snapshot",
    "snapshots",
    "Save a snapshot of a session; it replaces one of its name",
    (ControlReply("The snapshot.", json_of(schema_ref("Snapshot"))),),
    (IN_SESSION, SNAPSHOT),
    errors=errors_of(*_SNAPSHOT_ERRORS, errors.QuotaFullError),
)
DELETE_SNAPSHOT = ControlOperation(
    "delete_snapshot",
    "snapshots",
    "Delete a snapshot",
    (ControlReply("The snapshot is deleted.", status=204),),
    (IN_SESSION, SNAPSHOT),
    errors=errors_of(*_SNAPSHOT_ERRORS, errors.SnapshotNotFoundError),
)
LOAD_SNAPSHOT = ControlOperation(
    "load_snapshot",
    "snapshots",
    "Replace all that a session has with a snapshot: all of it or nothing",
    (ControlReply("What the session has now.", json_of(_RESTORED)),),
    (IN_SESSION, SNAPSHOT),
    errors=errors_of(*_RESTORE_ERRORS),
)
GET_CONTROL_DOCUMENT = ControlOperation(
    "get_control_document",
    "documents",
    "Get this document",
    (ControlReply("The document.", json_of(ANY_OBJECT)),),
    errors=errors_of(),
)
GET_SESSION_DOCUMENT = ControlOperation(
    "get_session_document",
    "documents",
    "Get the OpenAPI document of a session",
    (ControlReply("The document.", json_of(ANY_OBJECT)),),
    (OF_SESSION,),
    errors={status: text for status, text in errors_of(*SESSION_ERRORS).items() if status != 403},
)
GET_METRICS = ControlOperation(
    "get_metrics",
    "service",
    "Get the metrics in the Prometheus format",
    (ControlReply("The metrics.", {"text/plain": TEXT, "application/openmetrics-text": TEXT}),),
    errors={**errors_of(), 404: "Metrics are off."},
)
GET_HEALTH = ControlOperation(
    "get_health",
    "service",
    "Check that the process responds",
    (ControlReply("The process responds.", json_of(_STATUS)),),
    is_public=True,
)
GET_READINESS = ControlOperation(
    "get_readiness",
    "service",
    "Check that the service can serve requests",
    (
        ControlReply("The service can serve requests.", json_of(_READINESS)),
        ControlReply("It cannot; `not_ready` lists the reasons.", json_of(_READINESS), 503),
    ),
    is_public=True,
)
