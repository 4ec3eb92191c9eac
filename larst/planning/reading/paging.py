"""Paging in every notation, to a limit and an offset. Pure.

limit and offset · page and size (from 1, or from 0 in Spring) · start and end · a range · a cursor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from larst.errors import BadPagingError
from larst.planning.reading.options import DEFAULT_PAGE_SIZE
from larst.planning.reading.vocabulary import Meaning

MAX_NUMBER = 2**53

_RANGE = re.compile(
    r"(?:items\s?=)?\s?[\[(]?\s?(?P<first>\d{1,16})\s?[-,:]\s?(?P<last>\d{1,16})\s?[\])]?"
)
_RANGE_HEADER = re.compile(
    r"(?:(?P<unit>[\w-]+)\s?[=\s]\s?)?(?P<first>\d{1,16})-(?P<last>\d{0,16})"
)
_PAGE_AND_SIZE = re.compile(r"(?P<page>\d{1,16})\s?,\s?(?P<size>\d{1,16})")
_CURSOR = re.compile(r"[\w.:@+=/-]{1,200}")
_NO_LIMIT = frozenset({"-1", "all", "none", "null", "unlimited", "infinity", "inf", "*"})
OFFSET_CURSOR = re.compile(r"o(?P<offset>\d{1,15})")
"""A page token that the service has made: the offset of the next page."""


@dataclass(frozen=True, slots=True)
class Paging:
    """The part of a list that is asked for; see `Asked`."""

    limit: int | None = None
    offset: int = 0
    page: int | None = None
    page_base: int = 1
    after: str | None = None
    before: str | None = None


def paging_of(
    words: Mapping[Meaning, str], *, page_base: int = 1, page_size: int = DEFAULT_PAGE_SIZE
) -> Paging:
    """Return the paging that the words' values ask for; an empty value has no effect.

    Raises:
        BadPagingError: a value is not a whole number from 0, or values contradict each other.
    """
    values = {meaning: text for meaning, text in words.items() if text.strip()}
    limit = _limit(values.get(Meaning.LIMIT))
    offset = _number("offset", values.get(Meaning.OFFSET))
    if (text := values.get(Meaning.RANGE)) is not None:
        return _range(text)
    if (last := _number("end", values.get(Meaning.END))) is not None:
        return _until(offset or 0, last)
    if (text := values.get(Meaning.PAGE)) is not None:
        return _page(text, limit, page_base, page_size)
    if Meaning.AFTER in words or Meaning.BEFORE in words:
        is_limited = limit is not None or Meaning.LIMIT in values
        return _cursor(values, limit if is_limited else page_size, offset or 0)
    return Paging(limit, offset or 0)


def range_header(text: str) -> Paging | None:
    """Return the paging of a `Range: items=0-4` header; None for ranges of bytes."""
    match = _RANGE_HEADER.fullmatch(text.strip())
    if match is None or (match["unit"] or "").lower() == "bytes":
        return None
    first, last = int(match["first"]), match["last"]
    if not last:
        return Paging(None, first)
    if int(last) < first:
        raise BadPagingError(f"the range {first}-{last} ends before it begins")
    return Paging(int(last) - first + 1, first)


def is_cursor(text: str) -> bool:
    """Return whether a value can be a page token or an id."""
    return not text or _CURSOR.fullmatch(text) is not None


def _until(start: int, end: int) -> Paging:
    if end < start:
        raise BadPagingError(f"the end {end} is before the start {start}")
    return Paging(end - start, start)


def _cursor(values: Mapping[Meaning, str], limit: int | None, offset: int) -> Paging:
    cursor, before = values.get(Meaning.AFTER), values.get(Meaning.BEFORE)
    if cursor is not None and (token := OFFSET_CURSOR.fullmatch(cursor)) is not None:
        return Paging(limit, int(token["offset"]))
    return Paging(limit, offset, after=_id(cursor), before=_id(before))


def _page(text: str, size: int | None, base: int, default_size: int) -> Paging:
    if (match := _PAGE_AND_SIZE.fullmatch(text.strip())) is not None:
        text, size = match["page"], _number("size", match["size"])
    page = _number("page", text) or 0
    size = default_size if size is None else size
    if page < base:
        # Counted from 0 by a client that did not say so: the first page.
        return Paging(size, 0, base, base)
    return Paging(size, min((page - base) * size, MAX_NUMBER), page, base)


def _range(text: str) -> Paging:
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise BadPagingError(f"range={text[:40]} is not a range such as [0,9]")
    first, last = int(match["first"]), int(match["last"])
    if last < first:
        raise BadPagingError(f"range={text[:40]} ends before it begins")
    return Paging(last - first + 1, first)


def _limit(text: str | None) -> int | None:
    if text is not None and text.strip().lower() in _NO_LIMIT:
        return None
    return _number("limit", text)


def _number(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 17):
        raise BadPagingError(f"{name} must be a whole number from 0, not {text[:40]!r}")
    return min(int(digits), MAX_NUMBER)


def _id(text: str | None) -> str | None:
    if text is not None and not is_cursor(text):
        raise BadPagingError(f"{text[:40]!r} is not the id of a record or a page token")
    return text
