"""The header Prefer (RFC 7240): what a client would like of a reply. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

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
