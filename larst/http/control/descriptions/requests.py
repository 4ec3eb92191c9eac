"""The routes of requests, described for the control API's document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.http.control.descriptions.parts import TEXT_OR_NULL, TIME, errors_of, json_of
from larst.http.control.parameters import (
    IN_REQUESTS,
    OF_PATH,
    REQUEST_ID,
    REQUEST_LIMIT,
    REQUEST_METHOD,
    REQUEST_STATUS,
)
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import ANY_OBJECT, COUNT, TEXT, Schema, page_of

_MS: Schema = {"type": "number", "minimum": 0, "description": "In milliseconds."}

REQUEST: Schema = {
    "type": "object",
    "required": [
        *("number", "id", "at", "session", "method", "path", "query", "status", "ms"),
        *("plan", "plan_key", "route", "error"),
    ],
    "properties": {
        "number": {**COUNT, "description": "Counts the kept requests since the start."},
        "id": {**TEXT, "description": "The X-Request-ID of the reply."},
        "at": TIME,
        "session": TEXT,
        "method": TEXT,
        "path": TEXT,
        "query": {**TEXT, "description": "Without values where these may not be kept."},
        "status": {"type": ["integer", "null"], "description": "Null: the client has left."},
        "ms": _MS,
        "plan": {**TEXT_OR_NULL, "description": "Where the plan came from, such as `hit`."},
        "plan_key": TEXT_OR_NULL,
        "route": {**TEXT_OR_NULL, "description": "The path with identifiers replaced."},
        "error": TEXT_OR_NULL,
    },
}
_DETAILS: Schema = {
    "type": "object",
    "required": [
        *REQUEST["required"],
        *("trace_id", "trace_url", "stages", "understood", "program", "policy"),
        *("store_calls", "changes", "request", "reply", "has_values", "curl"),
    ],
    "properties": {
        **REQUEST["properties"],
        "trace_id": TEXT,
        "trace_url": {**TEXT_OR_NULL, "description": "Below `LARS_TRACE_URL`, if it is set."},
        "hint": TEXT_OR_NULL,
        "is_recalled": {
            "type": "boolean",
            "description": "The reply was remembered, so no stage ran.",
        },
        "fault": {**TEXT_OR_NULL, "description": "What struck it on demand."},
        "stages": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "start_ms", "ms", "error"],
                "properties": {"name": TEXT, "start_ms": _MS, "ms": _MS, "error": TEXT_OR_NULL},
            },
        },
        "understood": ANY_OBJECT,
        "planner": TEXT_OR_NULL,
        "program": TEXT_OR_NULL,
        "policy": {
            "type": "object",
            "required": ["verdict", "refusals"],
            "properties": {
                "verdict": {"enum": ["accepted", "refused", None]},
                "refusals": {"type": "array", "items": TEXT},
            },
        },
        "store_calls": ANY_OBJECT,
        "changes": {**ANY_OBJECT, "description": "Records before and after, as JSON texts."},
        "request": ANY_OBJECT,
        "reply": ANY_OBJECT,
        "has_values": {
            "type": "boolean",
            "description": "Whether bodies, records and query values are kept"
            " (`LARS_CONSOLE_BODIES`).",
        },
        "curl": {**TEXT_OR_NULL, "description": "A command that repeats the request."},
    },
}
SCHEMAS: Mapping[str, Schema] = {"Request": REQUEST, "RequestDetails": _DETAILS}
"""The schemas that the operations refer to, by name."""

_PAGE = page_of(schema_ref("Request"))
_LIST: Schema = {
    **_PAGE,
    "required": [*_PAGE["required"], "seen", "sampled"],
    "properties": {**_PAGE["properties"], "seen": COUNT, "sampled": COUNT},
}

LIST_REQUESTS = ControlOperation(
    "list_requests",
    "requests",
    "List the latest requests, or follow them as an event stream",
    (
        ControlReply(
            "The requests, the newest first; under load, a sample of them. For"
            " `text/event-stream`: an event `request` for each new one, and an event `missed` with"
            " a count if the reader was too slow.",
            {"application/json": _LIST, "text/event-stream": TEXT},
        ),
    ),
    (IN_REQUESTS, REQUEST_METHOD, REQUEST_STATUS, OF_PATH, REQUEST_LIMIT),
    errors={
        **errors_of(errors.BadRequestError, errors.BadSessionIdError),
        503: "Too many event streams are open.",
    },
)
GET_REQUEST = ControlOperation(
    "get_request",
    "requests",
    "Get everything that is known about a request",
    (ControlReply("The request.", json_of(schema_ref("RequestDetails"))),),
    (REQUEST_ID,),
    errors=errors_of(errors.RequestNotFoundError),
)
