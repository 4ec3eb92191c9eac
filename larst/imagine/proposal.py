"""A proposed backend, and the export that it is imported as. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from larst.domain import Json, Record
from larst.store.collection import Collection
from larst.store.resource_settings import ResourceSettings
from larst.store.transfer.exporting import export_lines

TYPES: Mapping[str, Mapping[str, str]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email"},
    "url": {"type": "string", "format": "uri"},
}
"""The types of fields, and the JSON Schema of each."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a resource; `links_to` is the resource whose ids it holds."""

    name: str
    type: str
    is_required: bool = False
    is_unique: bool = False
    links_to: str | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its values."""
        schema: dict[str, Any] = dict(TYPES[self.type])
        return schema if self.is_required else {**schema, "type": [schema["type"], "null"]}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource with its records, whose ids are 1, 2, and so on."""

    name: str
    fields: Sequence[Field]
    records: Sequence[Record]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its records."""
        properties = {"id": {"type": "integer"}} | {
            field.name: field.schema for field in self.fields
        }
        required = ["id", *self.settings.required]
        return {"type": "object", "properties": properties, "required": sorted(required)}

    @property
    def settings(self) -> ResourceSettings:
        """What its fields declare."""
        return ResourceSettings(
            required=tuple(field.name for field in self.fields if field.is_required),
            unique=tuple(field.name for field in self.fields if field.is_unique),
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """The resources of a backend."""

    resources: Sequence[Resource]

    def as_json(self) -> dict[str, Json]:
        """Return the schemas, settings and records by resource."""
        return {
            resource.name: {
                "schema": resource.schema,
                "settings": resource.settings.as_json(),
                "links": {
                    field.name: field.links_to for field in resource.fields if field.links_to
                },
                "records": list(resource.records),
            }
            for resource in self.resources
        }


def export_of(proposal: Proposal, now: datetime) -> bytes:
    """Return a proposal as an export of a session: what `larst import` and `larst serve` read."""
    collections = {item.name: _collection(item, now) for item in proposal.resources}
    declared = {item.name: item.settings for item in proposal.resources}
    declared = {name: settings for name, settings in declared.items() if settings.as_json()}
    return b"".join(export_lines(collections, declared=declared))


def _collection(resource: Resource, now: datetime) -> Collection:
    schema = {
        "fields": sorted(resource.schema["properties"]),
        "example": resource.records[0],
        "updated_at": now.isoformat(),
        "json_schema": resource.schema,
    }
    records = {str(record["id"]): record for record in resource.records}
    return Collection(records, len(records) + 1, schema)
