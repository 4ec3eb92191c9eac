"""The descriptions of the routes for the settings of resources, for the control document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.http.control.descriptions.parts import (
    ID_ERRORS,
    JSON_ERRORS,
    SESSION_ERRORS,
    errors_of,
    json_of,
)
from larst.http.control.parameters import IN_SESSION, RESOURCE
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import ANY_OBJECT, TEXT, Schema
from larst.store.resource_settings import ID_KINDS, MAX_FIELDS

_FIELDS: Schema = {"type": "array", "items": TEXT, "maxItems": MAX_FIELDS}
_SETTINGS: Schema = {
    "type": "object",
    "properties": {
        "id": {
            "enum": [*ID_KINDS],
            "description": "The kind of ids: others are refused, and new ones are generated.",
        },
        "timestamps": {
            "description": "`true`, or the names of the fields. LARST sets them by the session's"
            " clock, whatever a client sends.",
            "oneOf": [
                {"type": "boolean"},
                {
                    "type": "object",
                    "properties": {"created": TEXT, "updated": TEXT},
                    "additionalProperties": False,
                },
            ],
        },
        "unique": {
            **_FIELDS,
            "description": "Fields whose value only one record may have; null, lists and objects"
            " are not compared.",
        },
        "required": {**_FIELDS, "description": "Fields that are neither missing nor null."},
        "defaults": {**ANY_OBJECT, "description": "What a record gets that lacks the field."},
        "ttl": {"type": "string", "description": "How long a new record stays: `30m`, `7d`."},
        "expiry": {
            "type": "string",
            "description": "The field with the instant at which a record is deleted (default with"
            " `ttl`: `expiresAt`).",
        },
    },
    "additionalProperties": False,
}
SCHEMAS: Mapping[str, Schema] = {"ResourceSettings": _SETTINGS}
"""The schemas that the operations refer to, by name."""

_REPLY = (ControlReply("The settings of the resource.", json_of(schema_ref("ResourceSettings"))),)

LIST_RESOURCE_SETTINGS = ControlOperation(
    "list_resource_settings",
    "sessions",
    "List the settings of resources",
    (
        ControlReply(
            "The settings by resource.",
            json_of(
                {"type": "object", "additionalProperties": schema_ref("ResourceSettings")},
            ),
        ),
    ),
    (IN_SESSION,),
    errors=errors_of(errors.SessionNotFoundError, *SESSION_ERRORS),
)
GET_RESOURCE_SETTINGS = ControlOperation(
    "get_resource_settings",
    "sessions",
    "Get the settings of a resource",
    _REPLY,
    (IN_SESSION, RESOURCE),
    errors=errors_of(errors.ResourceSettingsNotFoundError, *ID_ERRORS, *SESSION_ERRORS),
)
PUT_RESOURCE_SETTINGS = ControlOperation(
    "put_resource_settings",
    "sessions",
    "Declare timestamps, kind of ids, unique and required fields, defaults and expiry",
    _REPLY,
    (IN_SESSION, RESOURCE),
    body=json_of(schema_ref("ResourceSettings")),
    errors=errors_of(
        errors.BadResourceNameError,
        errors.ValueTakenError,
        errors.FieldRefusedError,
        *JSON_ERRORS,
        *SESSION_ERRORS,
    ),
)
DELETE_RESOURCE_SETTINGS = ControlOperation(
    "delete_resource_settings",
    "sessions",
    "Take the settings from a resource; its records stay as they are",
    (ControlReply("The resource has no settings of its own.", status=204),),
    (IN_SESSION, RESOURCE),
    errors=errors_of(errors.ResourceSettingsNotFoundError, *ID_ERRORS, *SESSION_ERRORS),
)
