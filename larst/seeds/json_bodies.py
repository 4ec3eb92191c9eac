"""The bodies of recorded exchanges: which are JSON, and their values."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from larst.domain import Json
from larst.errors import InvalidJsonError
from larst.exact_json import parse_json
from larst.seeds.exchange import MAX_BODY_CHARACTERS, Unused

NOT_JSON = "the body is not JSON"


def parse_loosely(text: str) -> Any:
    """Return a JSON value that is not stored as it is: numbers of any size are taken.

    Raises:
        InvalidJsonError: it is not JSON.
    """
    try:
        return from_json(text.encode(), cache_strings="keys")
    except ValueError as error:  # a lone surrogate cannot be encoded
        raise InvalidJsonError(str(error)[:200]) from error


def is_json(media_type: object) -> bool:
    """Return whether a media type is that of JSON, such as `application/hal+json`."""
    if not isinstance(media_type, str):
        return False
    name = media_type.partition(";")[0].strip().lower()
    return name in ("application/json", "text/json") or name.endswith("+json")


def parsed(text: str | None, place: str, unused: Unused) -> Json:
    """Return the value of a body; None if it cannot be used, which is noted."""
    if not text or not text.strip():
        unused.add("the body is empty, or was not recorded", place)
        return None
    if len(text) > MAX_BODY_CHARACTERS:
        unused.add(f"the body is over {MAX_BODY_CHARACTERS} characters", place)
        return None
    try:
        value = parse_json(text.encode())
    except (InvalidJsonError, UnicodeEncodeError):
        unused.add(NOT_JSON, place)
        return None
    if value is None:
        unused.add("the body is null", place)
    return value
