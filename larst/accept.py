"""The Accept header: which of several media types a client prefers (RFC 9110, section 12.5.1).

Pure, and linear in the header's length. Must never raise: a header that makes no sense is ignored
where it makes none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

MAX_CHARACTERS = 8192
"""Longer headers are cut; aiohttp refuses them earlier."""

MAX_RANGES = 100
"""Media ranges after these are ignored; browsers send fewer than ten."""

_WEIGHT = re.compile(r"0?\.\d{1,3}|0\.?|1(?:\.0{0,3})?")
_EXACT, _WITH_PARAMETERS, _TYPE, _ANY = 3, 2, 1, 0


class _Range(NamedTuple):
    """How precisely a media range was written, and how much the client wants it (0 to 1)."""

    specificity: int
    weight: float


@lru_cache(maxsize=256)
def preferred(header: str, offers: tuple[str, ...], *, default: str | None = None) -> str | None:
    """Return the offer that the client wants most, or None if it accepts none of them.

    Of equally wanted offers, the one that the header names more precisely wins, then the earlier
    one. An empty header accepts everything. With a `default`, wildcards select only that offer, so
    a client gets any other offer only by naming it.

    >>> preferred("text/html, */*;q=0.8", ("application/json", "text/html"))
    'text/html'
    >>> preferred("*/*", ("text/html", "application/json"), default="application/json")
    'application/json'
    >>> preferred("text/html;q=0", ("text/html",)) is None
    True
    """
    ranges = _parse(header) if header.strip() else {"*/*": _Range(_ANY, 1.0)}
    best, best_rank = None, (0.0, 0)
    for offer in offers:
        match = _match(ranges, offer, has_wildcards=default in (None, offer))
        rank = (match.weight, match.specificity)
        if match.weight and (best is None or rank > best_rank):
            best, best_rank = offer, rank
    return best


def _match(ranges: Mapping[str, _Range], offer: str, *, has_wildcards: bool) -> _Range:
    """Return the most specific range that the offer falls into."""
    if (exact := ranges.get(offer)) is not None:
        return exact
    wildcards = (f"{offer.partition('/')[0]}/*", "*/*") if has_wildcards else ()
    matches = (ranges[wildcard] for wildcard in wildcards if wildcard in ranges)
    return next(matches, _Range(_ANY, 0.0))


def _parse(header: str) -> dict[str, _Range]:
    """Return the media ranges by name; parameters other than the weight only make one less exact.

    Clients write `application/json; charset=utf-8` and mean any JSON.
    """
    ranges: dict[str, _Range] = {}
    for _, text in zip(range(MAX_RANGES), _split(header[:MAX_CHARACTERS], ","), strict=False):
        name, *parameters = (part.strip().lower() for part in _split(text, ";"))
        name = "*/*" if name == "*" else name  # as old Java clients write it
        if "/" not in name:
            continue
        media_range = _Range(_specificity(name, parameters), _weight(parameters))
        if name not in ranges or media_range > ranges[name]:
            ranges[name] = media_range
    return ranges


def _split(text: str, separator: str) -> Iterator[str]:
    """Split at separators outside quoted strings."""
    if '"' not in text:
        yield from text.split(separator)
        return
    start, is_quoted, is_escaped = 0, False, False
    for index, character in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif is_quoted and character == "\\":
            is_escaped = True
        elif character == '"':
            is_quoted = not is_quoted
        elif character == separator and not is_quoted:
            yield text[start:index]
            start = index + 1
    yield text[start:]


def _specificity(name: str, parameters: Sequence[str]) -> int:
    if name == "*/*":
        return _ANY
    if name.endswith("/*"):
        return _TYPE
    has_own = any(parameter and not parameter.startswith("q=") for parameter in parameters)
    return _WITH_PARAMETERS if has_own else _EXACT


def _weight(parameters: Sequence[str]) -> float:
    """Return the weight; a malformed one counts as 1, the default."""
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        if name == "q":
            return float(text) if _WEIGHT.fullmatch(text) else 1.0
    return 1.0
