"""Building blocks of the settings: one function per kind of value, and the parsers of texts.

Pure. A parser raises `ValueError` for a text that it does not accept; the operator reads the
`allowed` of the field instead of its message. Must never put a value into a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from larst.dialects.table import DIALECTS
from larst.prices import Price, parse_prices

Network: TypeAlias = IPv4Network | IPv6Network
Switch = Literal["on", "off"]

GIB = 1024**3
WEEK_S = 7 * 24 * 3600
HANDLER_PATTERN = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"

_BOOL = TypeAdapter(bool)
_TOKEN = re.compile(r"[!-~]+")
_BASE_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_HOST = re.compile(r"[a-z0-9_.:-]+")
_HOST_PATTERN = re.compile(r"\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|[0-9a-f:.]+")
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[^\s/?#@*]+")


class Group(BaseModel):
    """Settings that belong together; frozen. Created from variables or by field name."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
    )


def setting(variable: str, default: Any, allowed: str, description: str, **options: Any) -> Any:
    """Return the field of one variable; a callable `default` is called at each start.

    `note` follows `allowed` in error messages; the other options go to pydantic.
    """
    note = options.pop("note", "")
    return Field(
        **{"default_factory" if callable(default) else "default": default},
        validation_alias=variable,
        description=description,
        json_schema_extra={"allowed": allowed, "note": note},
        **options,
    )


def integer(
    variable: str, default: int | Callable[[], int | None], low: int, high: int, description: str
) -> Any:
    """Return the field of an integer from `low` to `high`."""
    allowed = f"an integer from {low} to {high}"
    return setting(variable, default, allowed, description, ge=low, le=high)


def seconds(
    variable: str, default: float | Callable[[], float | None], low: float, description: str
) -> Any:
    """Return the field of a duration in seconds, from `low` to a week."""
    allowed = f"a number of seconds from {low:g} to {WEEK_S}"
    return setting(variable, default, allowed, description, ge=low, le=WEEK_S)


def lower(value: object) -> object:
    """Return text in lower case without surrounding blanks."""
    return value.strip().lower() if isinstance(value, str) else value


def dialect(value: object) -> object:
    """Return the name of a dialect in lower case.

    Raises:
        ValueError: no dialect has that name.
    """
    name = lower(value)
    if name is not None and name not in DIALECTS:
        raise ValueError(f"must be one of {', '.join(DIALECTS)}")
    return name


def boolean(value: object) -> bool:
    """Return the boolean that a text such as `yes` or `0` stands for."""
    return _BOOL.validate_python(value)


def path(value: object) -> Path:
    """Return an absolute path, with `~` expanded."""
    if not str(value).strip():
        raise ValueError("the path is empty")
    try:
        return Path(str(value)).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("the home directory does not exist") from error


def optional_path(value: object) -> Path | None:
    """Return an absolute path, with `~` expanded; None for an empty text."""
    return path(value) if value else None


def token(value: object) -> object:
    """Refuse a token that no client could send in a header: every request would get 401."""
    if value and not _TOKEN.fullmatch(str(value)):
        raise ValueError("the token has characters that a header cannot carry")
    return value or None


def origins(value: object) -> tuple[str, ...]:
    """Return `("*",)`, or the listed origins in lower case."""
    listed = tuple(item.lower() for item in _items(value))
    if listed != ("*",) and not (listed and all(map(_ORIGIN.fullmatch, listed))):
        raise ValueError("not a list of origins")
    return listed


def base_url(value: object) -> str:
    """Return the URL of a server, without a slash at its end."""
    url = str(value).strip().rstrip("/")
    if not _BASE_URL.fullmatch(url):
        raise ValueError("not the URL of a server")
    return url


def hosts(value: object) -> tuple[str, ...]:
    """Return the listed host names in lower case."""
    listed = tuple(item.lower().strip("[]") for item in _items(value))
    if not (listed and all(map(_HOST.fullmatch, listed))):
        raise ValueError("not a list of host names")
    return listed


def host_patterns(value: object) -> tuple[str, ...]:
    """Return the listed host names in lower case; `*.` before one stands for all below it."""
    listed = tuple(item.lower().strip("[]") for item in _items(value))
    if not all(map(_HOST_PATTERN.fullmatch, listed)):
        raise ValueError("not a list of host names")
    return listed


def receivers(value: object) -> tuple[str, ...]:
    """Return the listed host names in lower case, or `("none",)`."""
    listed = host_patterns(value)
    if "*" in listed:
        raise ValueError("every host would be allowed")
    return listed


def prices(value: object) -> dict[str, Price]:
    """Return prices by model."""
    return parse_prices(str(value))


def networks(value: object) -> tuple[Network, ...]:
    """Return the listed networks; an address is a network of one."""
    return tuple(map(ip_network, _items(value)))


def _items(value: object) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    return tuple(item.strip() for item in str(value).split(",") if item.strip())
