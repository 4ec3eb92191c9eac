"""The header Prefer (RFC 7240): what a client would like of a reply. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

Returns = Literal["minimal", "representation"]

_PREFERENCE = re.compile(r"\s*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:\"([^\"]*)\"|([^\s,;]*)))?")


@lru_cache(maxsize=256)
def preferences(header: str) -> Mapping[str, str]:
    """Return the preferences by their lower-case names; the first value of each counts.

    >>> preferences('return=minimal, count="exact"')
    {'return': 'minimal', 'count': 'exact'}
    """
    values: dict[str, str] = {}
    for part in re.split(r"[,;]", header):
        if (match := _PREFERENCE.match(part)) is not None:
            values.setdefault(match[1].lower(), (match[2] or match[3] or "").lower())
    return values


def returns(headers: Mapping[str, str]) -> Returns | None:
    """Return what the reply to a change shall hold; None if the client does not say."""
    value = _preference(headers, "return")
    if value == "minimal":
        return "minimal"
    return "representation" if value == "representation" else None


def resolution(headers: Mapping[str, str]) -> str | None:
    """Return what to do with a new record whose id is taken, as PostgREST's clients say it."""
    return _preference(headers, "resolution")


def _preference(headers: Mapping[str, str], name: str) -> str | None:
    header = headers.get("prefer")
    return preferences(header).get(name) if header else None
