"""The descriptions of the routes for webhooks, for the control document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.http.control.descriptions.parts import (
    ID_ERRORS,
    JSON_ERRORS,
    SESSION_ERRORS,
    TEXT_OR_NULL,
    TIME,
    errors_of,
    json_of,
)
from larst.http.control.parameters import IN_SESSION, WEBHOOK
from larst.http.webhooks.addresses import MAX_URL_CHARACTERS
from larst.http.webhooks.definitions import MAX_CRITERIA, MAX_RESOURCES
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import COUNT, TEXT, Schema

_URL: Schema = {
    "type": "string",
    "maxLength": MAX_URL_CHARACTERS,
    "description": "Of a loopback address, or of a host in `LARS_WEBHOOK_HOSTS`.",
}
_FILTER: Schema = {
    "type": "object",
    "maxProperties": MAX_CRITERIA,
    "description": 'What a record must meet: `{"status":"open","price__gte":100}`.',
}
_RESOURCES: Schema = {"type": "array", "items": TEXT, "maxItems": MAX_RESOURCES}
_OR_NULL: Schema = {"anyOf": [TIME, {"type": "null"}]}
_SECRET: Schema = {
    "type": "string",
    "description": "Signs the messages, by Standard Webhooks: `whsec_` and 24 to 64 bytes in"
    " Base64.",
}
_STATUS: Schema = {
    "state": {
        "enum": ["active", "retrying", "disabled"],
        "description": "`disabled`: after too many failures; put it again to enable it.",
    },
    "delivered": {**COUNT, "description": "Messages since the start of the service."},
    "failures": {**COUNT, "description": "Failed attempts in a row."},
    "reason": {**TEXT_OR_NULL, "description": "Why the latest attempt has failed."},
    "last_delivered_at": _OR_NULL,
    "next_attempt_at": _OR_NULL,
}
SCHEMAS: Mapping[str, Schema] = {
    "Webhook": {
        "type": "object",
        "required": ["name", "url", "resources", "filter", *_STATUS],
        "properties": {
            "name": TEXT,
            "url": _URL,
            "resources": _RESOURCES,
            "filter": _FILTER,
            **_STATUS,
            "secret": {**_SECRET, "description": "Only in the reply to the request that made it."},
        },
    }
}
"""The schemas that the operations refer to, by name."""

_PUT: Schema = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "url": _URL,
        "resources": {**_RESOURCES, "minItems": 1, "description": "Default: all."},
        "filter": _FILTER,
        "secret": _SECRET,
    },
    "additionalProperties": False,
}

LIST_WEBHOOKS = ControlOperation(
    "list_webhooks",
    "webhooks",
    "List the webhooks of a session, and how their deliveries go",
    (
        ControlReply(
            "The webhooks, by name.",
            json_of(
                {
                    "type": "object",
                    "required": ["items"],
                    "properties": {"items": {"type": "array", "items": schema_ref("Webhook")}},
                }
            ),
        ),
    ),
    (IN_SESSION,),
    errors=errors_of(errors.SessionDamagedError, *ID_ERRORS),
)
PUT_WEBHOOK = ControlOperation(
    "put_webhook",
    "webhooks",
    "Send each change of a session to an address, signed and in order",
    (ControlReply("The webhook, with its secret if it is new.", json_of(schema_ref("Webhook"))),),
    (IN_SESSION, WEBHOOK),
    body=json_of(_PUT),
    errors=errors_of(
        errors.BadResourceNameError, errors.QuotaFullError, *JSON_ERRORS, *SESSION_ERRORS
    ),
)
DELETE_WEBHOOK = ControlOperation(
    "delete_webhook",
    "webhooks",
    "Delete a webhook: nothing is sent afterwards",
    (ControlReply("It is deleted.", status=204),),
    (IN_SESSION, WEBHOOK),
    errors=errors_of(
        errors.WebhookNotFoundError,
        errors.BadRequestError,
        errors.SessionDamagedError,
        errors.DiskRefusedError,
        *ID_ERRORS,
    ),
)
