"""Settings: environment variables, `.env` and flags, read once at the start into one frozen value.

The fields are the table that documentation is made from: each has its variable, its default, a
description, and the words that say what is allowed. Must never be read again after the start.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import platformdirs
from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from larst.errors import ConfigError

Network: TypeAlias = IPv4Network | IPv6Network
LogLevel = Literal["debug", "info", "warning", "error"]
PlanMode = Literal["learn", "fresh", "locked"]
Provider = Literal["rules"]
SchemaMode = Literal["learn"]

ENV_FILE = ".env"
"""Read from the working directory; the environment wins over it."""

LATER_VARIABLES = frozenset(
    {
        "LARS_FALLBACK",
        "LARS_LLM_BASE_URL",
        "LARS_LLM_CONCURRENCY",
        "LARS_LLM_TIMEOUT_S",
        "LARS_MODEL",
        "LARS_PLAN_BUDGET_PER_MINUTE",
        "LARS_PROMPT_VALUES",
        "LARS_SANDBOX_LLM_ALLOWED_HOSTS",
    }
)
"""Variables of planners that call a provider: no typing errors, but nothing reads them yet."""

_GIB = 1024**3
_WEEK_S = 7 * 24 * 3600
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[^\s/?#@*]+")
_TOKEN = re.compile(r"[!-~]+")
_SHOWN_CHARACTERS = 200

_log = logging.getLogger("larst.config")


def _setting(
    variable: str, default: Any, allowed: str, description: str, **limits: float | bool
) -> Any:
    """Return a row of the table: a default that is a function is called at each start."""
    value = {"default_factory": default} if callable(default) else {"default": default}
    extra = {"allowed": allowed}
    return Field(
        **value,
        validation_alias=variable,
        description=description,
        json_schema_extra=extra,
        **limits,
    )


def _integer(
    variable: str, default: int | Callable[[], int], low: int, high: int, description: str
) -> Any:
    allowed = f"an integer from {low} to {high}"
    return _setting(variable, default, allowed, description, ge=low, le=high)


def _seconds(variable: str, default: float, low: float, description: str) -> Any:
    allowed = f"a number of seconds from {low:g} to {_WEEK_S}"
    return _setting(variable, default, allowed, description, ge=low, le=_WEEK_S)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _items(value: object) -> tuple[str, ...]:
    return tuple(item.strip() for item in str(value).split(",") if item.strip())


def _path(value: object) -> Path:
    try:
        return Path(str(value) or "\0").expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("the home directory is not known") from error


def _secret(value: object) -> object:
    """Refuse what no client could send back: the comparison would fail for ever."""
    text = str(value)
    if text and not _TOKEN.fullmatch(text):
        raise ValueError("not a token")
    return text or None


def _origins(value: object) -> tuple[str, ...]:
    origins = tuple(item.lower() for item in _items(value))
    if origins != ("*",) and not (origins and all(map(_ORIGIN.fullmatch, origins))):
        raise ValueError("not origins")
    return origins


def _networks(value: object) -> tuple[Network, ...]:
    return tuple(map(ip_network, _items(value)))


def _only_true(value: bool) -> bool:  # noqa: FBT001 - a validator's signature
    if not value:
        raise ValueError("never")
    return value


class Settings(BaseSettings):
    """Everything that an operator can choose; a variable that is set to nothing counts as unset."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        case_sensitive=True,
        extra="ignore",
        validate_default=False,
    )
