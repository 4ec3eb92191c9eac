"""Durations as people write them, such as `1h30m`. Pure."""

from __future__ import annotations

import re

MAX_CHARACTERS = 60

_MAX_SECONDS = 10_000 * 366 * 86_400
"""Beyond it, every date is out of range already."""

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}
_STEP = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|[wdhms])", re.ASCII)
_DURATION = re.compile(rf"([+-]?)((?:{_STEP.pattern})+)", re.ASCII)


def parse_duration(text: object) -> float | None:
    """Return a duration in seconds; None if the text is not one.

    >>> parse_duration("1h30m"), parse_duration("-500ms"), parse_duration("soon")
    (5400.0, -0.5, None)
    """
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or len(match[0]) > MAX_CHARACTERS:
        return None
    seconds = sum(float(count) * _UNITS[unit] for count, unit in _STEP.findall(match[2]))
    seconds = min(seconds, _MAX_SECONDS)
    return -seconds if match[1] == "-" else seconds
