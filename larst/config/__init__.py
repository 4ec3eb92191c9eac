"""The settings: flags, environment variables and `.env`, parsed once at start into frozen groups.

Must never show the value of a secret, in an error or in the log.
"""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any, cast

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from larst.config.fields import Group, Network
from larst.config.groups import LogFormat, LogLevel, Settings
from larst.config.kit import FaultsUse, KitSettings
from larst.config.planners import (
    Fallback,
    ModelSettings,
    PlanMode,
    PlanningSettings,
    PromptValues,
    Provider,
    RulesUse,
)
from larst.config.quotas import QuotaSettings
from larst.config.service import ConsoleSettings, HttpSettings
from larst.config.sessions import SandboxSettings, SchemaMode, SessionSettings
from larst.errors import ConfigError

__all__ = [
    "FIELDS",
    "ConsoleSettings",
    "Fallback",
    "FaultsUse",
    "HttpSettings",
    "KitSettings",
    "LogFormat",
    "LogLevel",
    "ModelSettings",
    "Network",
    "PlanMode",
    "PlanningSettings",
    "PromptValues",
    "Provider",
    "QuotaSettings",
    "RulesUse",
    "SandboxSettings",
    "SchemaMode",
    "SessionSettings",
    "Settings",
    "env_file_variables",
    "load_settings",
]

_ENV_FILE = ".env"
_MAX_VALUE_CHARACTERS = 200

_log = logging.getLogger("larst.config")


def load_settings(overrides: Mapping[str, object]) -> Settings:
    """Return the settings; `overrides`, by variable, win over the environment and `.env`.

    An unknown LARS_ or LARST_ variable is logged, with the most similar name.

    Raises:
        ConfigError: values are wrong; the detail has a line for each of them.
    """
    try:
        variables: dict[str, object] = {**env_file_variables(), **os.environ}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{_ENV_FILE} cannot be read: {error}") from error
    # Compose files pass `${LARS_PORT:-}` on even if it is not set: empty means unset.
    variables = {name: value for name, value in variables.items() if value != ""} | dict(overrides)
    groups: dict[str, Group] = {}
    problems: list[ErrorDetails] = []
    for name, group in _GROUPS.items():
        try:
            groups[name] = group.model_validate(variables)
        except ValidationError as error:
            problems += error.errors()
    try:
        settings = Settings.model_validate(variables)
    except ValidationError as error:
        problems = error.errors() + problems
    if problems:
        # Not chained: the error of pydantic contains the values, which may be secrets.
        raise ConfigError("\n".join(_problem_line(problem, variables) for problem in problems))
    _warn_of_unknown(variables)
    return settings.model_copy(update=groups)


def env_file_variables() -> dict[str, str]:
    """Return the variables of `.env` in the working directory; none if the file does not exist.

    Raises:
        OSError, UnicodeDecodeError: the file cannot be read.
    """
    values = dotenv_values(_ENV_FILE, encoding="utf-8")
    return {name: value for name, value in values.items() if value is not None}


_GROUPS: Mapping[str, type[Group]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Group)
}
_ALL_GROUPS: tuple[type[Group], ...] = (Settings, *_GROUPS.values())
FIELDS: Mapping[str, FieldInfo] = {
    str(field.validation_alias): field
    for group in _ALL_GROUPS
    for field in group.model_fields.values()
    if field.validation_alias is not None
}
"""Every setting, by variable."""


def _problem_line(problem: ErrorDetails, variables: Mapping[str, object]) -> str:
    variable = str(problem["loc"][0])
    field = FIELDS[variable]
    texts = cast("dict[str, str]", field.json_schema_extra)
    value = repr(variables[variable])[:_MAX_VALUE_CHARACTERS]
    if "SecretStr" in str(field.annotation):
        value = "(not shown)"
    note = f" ({texts['note']})" if texts["note"] else ""
    return f"{variable}={value}: {texts['allowed']} is allowed{note}"


def _warn_of_unknown(names: Iterable[str]) -> None:
    for name in sorted(names):
        if not name.startswith(("LARS_", "LARST_")) or name in FIELDS:
            continue
        nearest: list[Any] = difflib.get_close_matches(name, FIELDS, n=1)
        suggestion = f"; did you mean {nearest[0]}?" if nearest else ""
        _log.warning("unknown setting %s is ignored%s", name, suggestion)
