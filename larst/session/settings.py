"""The settings of a session: what a client can set, and what they mean for its requests. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast, get_args

from larst.dialects import DIALECTS
from larst.domain import Json
from larst.errors import BadRequestError
from larst.planning.reading.options import UnknownMode
from larst.planning.reading.request import ReadingSettings
from larst.store import StoredSettings

CHOICES: Mapping[str, Sequence[str]] = {
    "dialect": tuple(DIALECTS),
    "unknown_query": get_args(UnknownMode),
}
"""The settings that a client can set, and the allowed values of each beside null."""


def with_values(stored: StoredSettings, value: Json) -> StoredSettings:
    """Return the settings that a client sent; a setting that it leaves out is unset.

    Raises:
        BadRequestError: a name or a value is not allowed.
    """
    if not isinstance(value, dict):
        raise BadRequestError(f"the settings must be a JSON object of {', '.join(CHOICES)}")
    for name, item in value.items():
        if name not in CHOICES:
            raise BadRequestError(
                f"{name[:40]!r} is not a setting of a session; use {' or '.join(CHOICES)}"
            )
        if item is not None and item not in CHOICES[name]:
            raise BadRequestError(f"{name} must be null or one of {', '.join(CHOICES[name])}")
    return replace(stored, dialect=value.get("dialect"), unknown_query=value.get("unknown_query"))


def client_settings(stored: StoredSettings) -> dict[str, Json]:
    """Return the settings as a client sets and sees them."""
    return {name: getattr(stored, name) for name in CHOICES}


def applied_settings(defaults: ReadingSettings, stored: StoredSettings) -> ReadingSettings:
    """Return how requests are read: a session's setting wins over the service's.

    A name that this version does not know counts as unset: another version may have written it.
    """
    unknown = _known("unknown_query", stored.unknown_query)
    return ReadingSettings(
        dialect=_known("dialect", stored.dialect) or defaults.dialect,
        learned=_known("dialect", stored.learned_dialect),
        unknown=defaults.unknown if unknown is None else cast("UnknownMode", unknown),
        has_model=defaults.has_model,
    )


def _known(setting: str, value: str | None) -> str | None:
    return value if value in CHOICES[setting] else None
