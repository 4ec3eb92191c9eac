"""The settings of a resource: timestamps, kind of ids, unique and required fields, and so on.

Pure: what a client declares becomes a `ResourceSettings`, which the session's settings file keeps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast, get_args

import orjson

from larst.domain import Json
from larst.domain.durations import parse_duration
from larst.errors import BadRequestError
from larst.store.records import validate_record

IdKind: TypeAlias = Literal["integer", "uuid", "nanoid"]
ID_KINDS: tuple[IdKind, ...] = get_args(IdKind)

MAX_FIELDS = 20
"""The most unique and the most required fields of one resource."""

MAX_RESOURCES = 200
"""The most resources with settings in one session."""

MAX_SETTINGS_BYTES = 256 * 1024
"""The settings of all resources of a session, as JSON."""

_MAX_NAME_CHARACTERS = 100
_CREATED, _UPDATED, _EXPIRY = "createdAt", "updatedAt", "expiresAt"
_NAMES = ("id", "timestamps", "unique", "required", "defaults", "ttl", "expiry")


@dataclass(frozen=True, slots=True)
class ResourceSettings:
    """The settings of one resource, as they were declared.

    `created`, `updated` and `expiry` name the fields that hold these times. A new record expires
    `ttl` after it was made, unless it has its own time.
    """

    id: IdKind | None = None
    created: str | None = None
    updated: str | None = None
    unique: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Json] = field(default_factory=dict)
    ttl: str | None = None
    expiry: str | None = None

    @property
    def ttl_s(self) -> float | None:
        """The time that a new record has, in seconds; None: it does not expire by itself."""
        return parse_duration(self.ttl)

    @property
    def stamped(self) -> Collection[str]:
        """The fields that LARST sets itself, whatever a client sends."""
        return [name for name in (self.created, self.updated) if name is not None]

    @property
    def times(self) -> Collection[str]:
        """The fields that hold times: those that LARST sets, and that of the expiry."""
        names = (self.created, self.updated, self.expiry)
        return [name for name in names if name is not None]

    def as_json(self) -> dict[str, Json]:
        """Return the settings as a client declares them; only those that are set."""
        times = {"created": self.created, "updated": self.updated}
        times = {name: value for name, value in times.items() if value is not None}
        values: dict[str, Json] = {
            "id": self.id,
            "timestamps": times,
            "unique": list(self.unique),
            "required": list(self.required),
            "defaults": dict(self.defaults),
            "ttl": self.ttl,
            "expiry": self.expiry,
        }
        return {name: value for name, value in values.items() if value}


def parse_resource_settings(value: Json) -> ResourceSettings:
    """Return the settings that a client declares.

    Raises:
        BadRequestError: a name or a value is not allowed.
    """
    if not isinstance(value, dict) or not value.keys() <= set(_NAMES):
        raise BadRequestError(
            'the settings of a resource are an object such as {"timestamps":true,"id":"uuid",'
            '"unique":["email"],"required":["name"],"defaults":{"role":"user"},"ttl":"1h"};'
            f" it may have {', '.join(_NAMES)}"
        )
    kind = value.get("id")
    if kind is not None and kind not in ID_KINDS:
        raise BadRequestError(f"id must be null or one of {', '.join(ID_KINDS)}")
    created, updated = _timestamps(value.get("timestamps"))
    ttl, expiry = _expiry(value.get("ttl"), value.get("expiry"))
    settings = ResourceSettings(
        id=cast("IdKind | None", kind),
        created=created,
        updated=updated,
        unique=_field_names(value.get("unique"), "unique"),
        required=_field_names(value.get("required"), "required"),
        defaults=_defaults(value.get("defaults")),
        ttl=ttl,
        expiry=expiry,
    )
    _check_times(settings)
    return settings


def parse_all(value: Json) -> dict[str, ResourceSettings]:
    """Return the settings of all resources of a session, by resource, from a file.

    Raises:
        BadRequestError: they are not as LARST writes them.
    """
    if not isinstance(value, dict):
        raise BadRequestError("the settings of resources must be an object")
    return {name: parse_resource_settings(item) for name, item in value.items()}


def check_size(resources: Mapping[str, ResourceSettings]) -> None:
    """Check that a session may keep the settings of these resources.

    Raises:
        BadRequestError: they are too many, or too large.
    """
    content = orjson.dumps({name: item.as_json() for name, item in resources.items()})
    if len(resources) > MAX_RESOURCES or len(content) > MAX_SETTINGS_BYTES:
        raise BadRequestError(
            f"a session keeps settings for at most {MAX_RESOURCES} resources, of"
            f" {MAX_SETTINGS_BYTES} bytes in all; delete some, or declare shorter defaults"
        )


def _timestamps(value: Json) -> tuple[str | None, str | None]:
    """Return the names of the fields of the creation and of the last change."""
    if value is None or value is False:
        return None, None
    if value is True:
        return _CREATED, _UPDATED
    if not isinstance(value, dict) or not value.keys() <= {"created", "updated"}:
        raise BadRequestError(
            'timestamps must be true, or name the fields: {"created":"createdAt",'
            '"updated":"updatedAt"}'
        )
    created, updated = value.get("created"), value.get("updated")
    return (
        None if created is None else _field_name(created, "timestamps.created"),
        None if updated is None else _field_name(updated, "timestamps.updated"),
    )


def _expiry(ttl: Json, name: Json) -> tuple[str | None, str | None]:
    if ttl is not None and (parse_duration(ttl) or 0) <= 0:
        raise BadRequestError("ttl must be a duration such as 30m, 1h or 7d")
    if name is None:
        return ttl, None if ttl is None else _EXPIRY
    return ttl, _field_name(name, "expiry")


def _defaults(value: Json) -> dict[str, Json]:
    if value is None:
        return {}
    if not isinstance(value, dict) or "id" in value:
        raise BadRequestError(
            'defaults must be an object of values by field, such as {"done":false}'
        )
    return validate_record(value)


def _field_names(value: Json, setting: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_FIELDS:
        raise BadRequestError(f"{setting} must be a list of at most {MAX_FIELDS} fields")
    return tuple(dict.fromkeys(_field_name(name, setting) for name in value))


def _field_name(value: Json, setting: str) -> str:
    is_name = isinstance(value, str) and 0 < len(value) <= _MAX_NAME_CHARACTERS
    if not is_name or value == "id":
        raise BadRequestError(
            f"{setting} must name a field other than id, of at most {_MAX_NAME_CHARACTERS}"
            " characters"
        )
    return str(value)


def _check_times(settings: ResourceSettings) -> None:
    times = settings.times
    if len({*times}) < len(times):
        raise BadRequestError("created, updated and expiry must be three different fields")
    if both := {*times} & settings.defaults.keys():
        raise BadRequestError(f"{min(both)} holds a time that LARST sets; it has no other default")
