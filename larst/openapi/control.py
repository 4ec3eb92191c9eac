"""The document of the service's own paths: the control API, and what watches over it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from larst import __version__
from larst.openapi import operations as to
from larst.openapi import schemas
from larst.planning.book.files import PlanState

_STATES = list(get_args(PlanState))
_TEXT: Mapping[str, Any] = {"type": "string"}
_TEXT_OR_NULL: Mapping[str, Any] = {"type": ["string", "null"]}
_TIME: Mapping[str, Any] = {"type": "string", "format": "date-time"}
_COUNTS: Mapping[str, Any] = {"type": "object", "additionalProperties": schemas.COUNT}

_PLAN: Mapping[str, Any] = {
    "type": "object",
    "required": ["key", "state", "method", "path", "action", "planner", "uses", "made_at"],
    "properties": {
        "key": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "state": {"enum": _STATES},
        "reason": _TEXT_OR_NULL,
        "method": _TEXT,
        "path": {**_TEXT, "description": "With identifiers taken out: `/orders/<int>/cancel`."},
        "query": {"type": "object"},
        "action": _TEXT,
        "resource": _TEXT_OR_NULL,
        "planner": _TEXT,
        "model": _TEXT_OR_NULL,
        "uses": schemas.COUNT,
        "attempts": schemas.COUNT,
        "tokens": {"type": ["object", "null"], "additionalProperties": schemas.COUNT},
        "cost_usd": {"type": ["number", "null"]},
        "made_at": _TIME,
        "last_used_at": {**_TIME, "type": ["string", "null"]},
    },
}
_SESSION: Mapping[str, Any] = {
    "type": "object",
    "required": ["id", "state", "problem", "records", "resources", "size_bytes", "last_used_at"],
    "properties": {
        "id": _TEXT,
        "state": {"enum": ["awake", "asleep", "busy", "damaged", "failed"]},
        "problem": {**_TEXT_OR_NULL, "description": "What is damaged, and what to do."},
        "records": schemas.COUNT,
        "resources": {**_COUNTS, "description": "Records by resource."},
        "size_bytes": {"type": "integer", "minimum": 0},
        "last_used_at": _TIME,
    },
}
_IMPORTED: Mapping[str, Any] = {
    "type": "object",
    "required": ["imported", "records"],
    "properties": {"imported": _COUNTS, "records": schemas.COUNT},
}
_REASON: Mapping[str, Any] = {
    "type": "object",
    "required": ["reason"],
    "properties": {
        "reason": {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": r"\S"}
    },
}
_KEY: Mapping[str, Any] = {
    "name": "key",
    "in": "path",
    "required": True,
    "description": "The plan's key, or at least six of the digits that it begins with.",
    "schema": {"type": "string", "pattern": "^[0-9a-fA-F]{6,64}$"},
}
_ID: Mapping[str, Any] = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"},
}


def control_document(url: str, *, has_auth: bool) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of all that the service answers itself."""
    describe = _Describing(has_auth=has_auth)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LARST, the control API",
            "version": __version__,
            "description": "What the service answers itself and never plans. Pages of other"
            " origins may not use what is below `/_larst`.",
        },
        "servers": [{"url": url}],
        "security": [{"token": []}] if has_auth else [],
        "tags": [{"name": name} for name in ("plans", "sessions", "documents", "service")],
        "paths": describe.paths(),
        "components": {
            "schemas": {
                "Page": schemas.PAGE,
                "Plan": _PLAN,
                "Problem": schemas.PROBLEM,
                "Rfc9457Problem": schemas.RFC9457_PROBLEM,
                "Session": _SESSION,
            },
            "responses": to.error_responses(has_auth=has_auth),
            **({"securitySchemes": {"token": to.BEARER}} if has_auth else {}),
        },
    }


class _Describing:
    def __init__(self, *, has_auth: bool) -> None:
        self._has_auth = has_auth

    def paths(self) -> dict[str, Any]:
        return {
            "/_larst/plans": {"get": self._list("plans", "Plan", "state")},
            "/_larst/plans/{key}": {
                "parameters": [_KEY],
                "get": self._one("plans", "get_plan", "Show a plan, whole", {"type": "object"}),
                "delete": self._gone("plans", "delete_plan", "Forget a plan: it is planned anew"),
            },
            "/_larst/plans/{key}/pin": {
                "parameters": [_KEY],
                "post": self._one(
                    "plans", "pin_plan", "Approve a plan: it is served ever after", _ref("Plan")
                ),
            },
            "/_larst/plans/{key}/reject": {
                "parameters": [_KEY],
                "post": self._one(
                    "plans",
                    "reject_plan",
                    "Rule a plan out, and tell the planner why",
                    _ref("Plan"),
                    body=to.json_body(_REASON),
                ),
            },
            "/_larst/sessions": {"get": self._list("sessions", "Session")},
            "/_larst/sessions/{id}": {
                "parameters": [_ID],
                "get": self._one("sessions", "get_session", "Look at a session", _ref("Session")),
                "delete": self._gone(
                    "sessions", "erase_session", "Erase a session: it begins anew"
                ),
            },
            "/_larst/sessions/{id}/export": {"parameters": [_ID], "get": self._export()},
            "/_larst/sessions/{id}/import": {"parameters": [_ID], "post": self._import()},
            "/_larst/metrics": {
                "get": self._text("service", "get_metrics", "Metrics, as Prometheus reads them")
            },
            "/_larst/openapi.json": {
                "get": self._one(
                    "documents", "get_control_document", "This document", {"type": "object"}
                )
            },
            "/swagger.json": {"get": self._document()},
            "/healthz": {"get": self._watched("get_health", "Whether the process answers")},
            "/readyz": {
                "get": self._watched(
                    "get_readiness", "Whether it can serve; 503 names what is not ready"
                )
            },
        }

    def _list(self, tag: str, item: str, *narrowing: str) -> to.Operation:
        query = [_query("limit", {**schemas.COUNT, "maximum": 500}), _query("offset", _OFFSET)]
        query += [_query(name, {"enum": _STATES}) for name in narrowing]
        page = to.page_of(_ref(item))
        told = self._operation(tag, f"list_{tag}", f"List {tag}", to.json_reply("A page.", page))
        return {**told, "parameters": query}

    def _one(
        self,
        tag: str,
        operation_id: str,
        summary: str,
        schema: Mapping[str, Any],
        *,
        body: Mapping[str, Any] | None = None,
    ) -> to.Operation:
        told = self._operation(tag, operation_id, summary, to.json_reply("It is this.", schema))
        return told if body is None else {**told, "requestBody": body}

    def _gone(self, tag: str, operation_id: str, summary: str) -> to.Operation:
        return self._operation(tag, operation_id, summary, {"description": "Gone."}, status="204")

    def _text(self, tag: str, operation_id: str, summary: str) -> to.Operation:
        types = ("text/plain", "application/openmetrics-text")
        reply = {"description": "Text.", "content": {one: {"schema": _TEXT} for one in types}}
        return self._operation(tag, operation_id, summary, reply)

    def _export(self) -> to.Operation:
        content = {"application/x-ndjson": {"schema": _TEXT}}
        reply = {"description": "JSON a line; the last has a checksum.", "content": content}
        return self._operation("sessions", "export_session", "Export a session", reply)

    def _import(self) -> to.Operation:
        told = self._operation(
            "sessions",
            "import_session",
            "Import an export, or a json-server db.json: all of it or nothing",
            to.json_reply("It is there.", _IMPORTED),
            failing=("Conflict", "TooLarge", "DiskRefused"),
        )
        content = {
            "application/x-ndjson": {"schema": _TEXT},
            "application/json": {"schema": {"type": "object"}},
        }
        query = [_query("replace", {"type": "boolean"})]
        return {**told, "parameters": query, "requestBody": {"required": True, "content": content}}

    def _document(self) -> to.Operation:
        told = self._operation(
            "documents",
            "get_session_document",
            "The OpenAPI document of a session's own API",
            to.json_reply("The document.", {"type": "object"}),
        )
        return {**told, "parameters": [_query("session", _ID["schema"])]}

    def _watched(self, operation_id: str, summary: str) -> to.Operation:
        state = {"type": "object", "required": ["status"], "properties": {"status": _TEXT}}
        return {
            "operationId": operation_id,
            "summary": summary,
            "tags": ["service"],
            "security": [],
            "responses": {
                "200": to.json_reply("It does.", state),
                "503": to.json_reply("It cannot.", state),
                "default": to.json_reply("Anything else that went wrong.", _ref("Problem")),
            },
        }

    def _operation(
        self,
        tag: str,
        operation_id: str,
        summary: str,
        reply: Mapping[str, Any],
        *,
        status: str = "200",
        failing: tuple[str, ...] = (),
    ) -> to.Operation:
        errors = to.errors("NotFound", *failing, writes=False, has_auth=self._has_auth)
        return {
            "operationId": operation_id,
            "summary": summary,
            "tags": [tag],
            "responses": {status: reply, **errors},
        }


_OFFSET: Mapping[str, Any] = {"type": "integer", "minimum": 0, "maximum": 10**9}


def _query(name: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _ref(name: str) -> Mapping[str, str]:
    return to.schema_ref(name)
