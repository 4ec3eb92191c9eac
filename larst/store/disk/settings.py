"""A session's settings file: how its requests are read and answered.

::

    .settings   {"dialect":"json-server","unknown_query":null,"learned_dialect":"postgrest"}

It is beside the documented files, and independent of the journal but in one case: a snapshot's
settings become durable with its records, in the journal, and are written here afterwards.
`restored` identifies the load of a snapshot that they follow; if the journal has a later one, the
journal is right. `resources` has the settings of each resource.
It is not a `.json` file, so that no LARST takes it for a resource. Must never hold anything about
records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from larst.domain import Json
from larst.errors import BadRequestError
from larst.store.disk.files import FileOps, put_in_place
from larst.store.disk.journal_v1 import Line
from larst.store.resource_settings import ResourceSettings, parse_all

SETTINGS = ".settings"

_MAX_CHARACTERS = 100
_OPTIONAL = ("restored", "clock")
_TEXTS = ("dialect", "unknown_query", "learned_dialect", *_OPTIONAL)


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """The settings of a session: those that were set, and the dialect that its requests taught.

    The names are texts: `larst.session` knows which of them have a meaning.
    """

    dialect: str | None = None
    unknown_query: str | None = None
    learned_dialect: str | None = None
    restored: str | None = None
    clock: str | None = None
    """The session's clock, if it does not have real time."""
    resources: Mapping[str, ResourceSettings] = field(default_factory=dict)


NO_SETTINGS = StoredSettings()


def encode_settings(settings: StoredSettings) -> bytes:
    """Return the content of the settings file."""
    return orjson.dumps(settings_as_json(settings)) + b"\n"


def settings_as_json(settings: StoredSettings) -> dict[str, Json]:
    """Return the settings as the file has them."""
    value: dict[str, Json] = {name: getattr(settings, name) for name in _TEXTS}
    for name in _OPTIONAL:
        if value[name] is None:
            del value[name]
    if settings.resources:
        value["resources"] = {name: item.as_json() for name, item in settings.resources.items()}
    return value


def settings_after(lines: Sequence[Line], stored: StoredSettings) -> StoredSettings:
    """Return the settings of the last snapshot in the journal, unless the file follows it."""
    for line in reversed(lines):
        if (value := line.get("settings")) is not None:
            restored = settings_from_json(value)
            return stored if restored.restored == stored.restored else restored
    return stored


def decode_settings(content: bytes | None) -> StoredSettings:
    """Return the settings in a file; None if the file does not exist. Unknown names are ignored.

    Raises:
        ValueError: it is not as LARST writes it.
    """
    if content is None:
        return NO_SETTINGS
    return settings_from_json(orjson.loads(content))


def settings_from_json(value: Any) -> StoredSettings:
    """Return the settings of a JSON object; unknown names are ignored.

    Raises:
        ValueError: it is not as LARST writes it.
    """
    if not isinstance(value, dict):
        raise ValueError("it must hold an object")  # noqa: TRY004 - orjson raises ValueError, too
    try:
        resources = parse_all(value.get("resources", {}))
    except BadRequestError as error:
        raise ValueError(error.detail) from error
    texts = {name: _text(name, value.get(name)) for name in _TEXTS}
    return StoredSettings(**texts, resources=resources)


def write_settings(files: FileOps, directory: Path, settings: StoredSettings) -> None:
    """Write the settings file, durably; the session's directory may not exist yet.

    Raises:
        OSError: the old file or the new one is in place, each of them whole.
    """
    files.make_directory(directory)
    put_in_place(files, directory / SETTINGS, [encode_settings(settings)])
    files.sync_directory(directory)
    files.sync_directory(directory.parent)


def _text(name: str, value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and len(value) <= _MAX_CHARACTERS):
        raise ValueError(f"{name} must be a short text or null")
    return value
