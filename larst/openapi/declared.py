"""The settings of a resource, added to its learned schema. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from larst.domain import Json
from larst.store.resource_settings import ResourceSettings
from larst.store.schema.learning import infer_schema

DECLARED = "x-larst-settings"
"""The member of a schema with the settings as they were declared."""

Schema = Mapping[str, Any]

_TIME: Schema = {"type": "string", "format": "date-time"}
_NOTHING_LEARNED: Mapping[str, Json] = {
    "fields": [],
    "example": {},
    "json_schema": {"type": "object", "properties": {}, "required": []},
}


def with_settings(
    learned: Mapping[str, Json] | None, settings: ResourceSettings
) -> Mapping[str, Json]:
    """Return the content of `.schemas/<resource>.json` with what the settings say.

    A resource without records has only that. Records from before may lack timestamps and defaults.
    """
    learned = _NOTHING_LEARNED if learned is None else learned
    schema = learned["json_schema"]
    properties: dict[str, Any] = {**schema["properties"]}
    for name, note in _notes(settings):
        properties[name] = note({**properties.get(name, {})})
    required = sorted({*schema["required"], *(settings.required if learned["example"] else ())})
    declared = {**schema, "properties": properties, "required": required}
    declared[DECLARED] = settings.as_json()
    return {**learned, "json_schema": declared}


def required_of_new(schema: Schema, learned: list[str]) -> list[str]:
    """Return the fields that a body needs: those that were declared, or else `learned`."""
    if (declared := schema.get(DECLARED)) is None:
        return learned
    needed = {*declared.get("required", ())} - declared.get("defaults", {}).keys()
    return sorted(name for name in needed if name in schema["properties"])


def _notes(settings: ResourceSettings) -> list[tuple[str, Any]]:
    """Return the fields that the settings name, each with what they add to its schema."""
    notes: list[tuple[str, Any]] = [("id", partial(_id, settings))] if settings.id else []
    notes += [(name, partial(_plus, {})) for name in settings.required if "." not in name]
    notes += [(name, partial(_plus, _UNIQUE)) for name in settings.unique if "." not in name]
    notes += [(name, partial(_default, value)) for name, value in settings.defaults.items()]
    notes += [(name, _stamp) for name in settings.stamped]
    if settings.expiry is not None:
        notes.append((settings.expiry, _expiry))
    return notes


_UNIQUE: Schema = {"x-unique": True}


def _plus(addition: Schema, schema: Schema) -> Schema:
    return {**schema, **addition}


def _id(settings: ResourceSettings, schema: Schema) -> Schema:
    if settings.id == "integer":
        return {**schema, "type": "integer"}
    return {"type": "string", **({"format": "uuid"} if settings.id == "uuid" else {})}


def _default(value: Json, schema: Schema) -> Schema:
    return {**(schema or infer_schema(value)), "default": value}


def _stamp(schema: Schema) -> Schema:
    return {**(schema or _TIME), "readOnly": True, "description": "Set by the service."}


def _expiry(schema: Schema) -> Schema:
    nullable = {"type": ["string", "null"], "format": "date-time"}
    return {**(schema or nullable), "description": "The record is deleted at this time."}
