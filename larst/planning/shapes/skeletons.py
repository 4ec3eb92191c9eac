"""Skeletons of requests: all of a request except the values that can be exchanged. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from larst.dialects.marks import HEADERS
from larst.domain import BodyKind, RequestContext
from larst.planning.reading.relation import Session
from larst.planning.reading.vocabulary import (
    ASCENDING,
    DESCENDING,
    FALSE,
    NOISE_KEY,
    NOT_VALUES,
    NUMERIC_NOISE,
    TRUE,
    WORDS,
    Meaning,
    compared,
)
from larst.planning.shapes.shape import path_shape

MAX_VALUES = 16
_MAX_CHARACTERS = 1000
"""Longer queries are read in full."""

_NUMBER = re.compile(r"[2-9]|[1-9][0-9]{1,8}")
_LONG_NUMBER = re.compile(r"[0-9]{10,20}|0\.[0-9]{1,20}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")
_SPECIAL = frozenset(
    {*TRUE, *FALSE, *ASCENDING, *DESCENDING, *(text.lower() for text in NOT_VALUES)}
    | {"none", "all", "any", "unknown", "inf", "infinity"}
)
"""Words that mean more than themselves in the place of a value."""

_NUMBER_MARKER = 987_654_300
_WORD_MARKER = "zQmarkerW"
_HEADERS = (*sorted(HEADERS), "range", "x-larst-dialect")

Key = tuple[object, ...]


class Kind(Enum):
    """What a plain value looks like."""

    NUMBER = 1
    WORD = 2
    LONG_NUMBER = 3


def form_of(request: RequestContext, session: Session) -> Key | None:
    """Return a request without the values of its query; None if it must be read in full."""
    segments, query = request.segments, request.query
    is_read = request.method in ("GET", "HEAD") and request.body.kind is BodyKind.NONE
    if not is_read or len(segments) not in (1, 2) or segments[0] not in session.resources:
        return None
    is_plain = segments[-1].replace("-", "").replace("_", "").isalnum()
    if not is_plain or request.path.removesuffix("/") != f"/{'/'.join(segments)}":
        return None
    marks = tuple([request.headers.get(name) for name in _HEADERS])
    keys = tuple([(key, len(values)) for key, values in query.items()])
    if len(keys) > MAX_VALUES or not is_short([*query, *filter(None, marks)]):
        return None
    has_slash = request.path[-1] == "/"
    return request.method, path_shape(segments, session.has_record), has_slash, marks, keys


def skeleton_of(form: Key, texts: Sequence[str], places: frozenset[int]) -> Key:
    """Return the form with the values that cannot be exchanged."""
    return form, *[None if place in places else text for place, text in enumerate(texts)]


def kind_of(text: str) -> Kind | None:
    """Return the kind of a plain value; None for any other."""
    if _NUMBER.fullmatch(text):
        return Kind.NUMBER
    if _WORD.fullmatch(text):
        return None if text.lower() in _SPECIAL else Kind.WORD
    return Kind.LONG_NUMBER if _LONG_NUMBER.fullmatch(text) else None


def marker_of(place: int, text: str) -> str:
    """Return a value of the same kind that no client sends."""
    return f"{_WORD_MARKER}{place}" if text[0].isalpha() else str(_NUMBER_MARKER + place)


def may_be_exchanged(key: str, text: str) -> bool:
    """Return whether a value's meaning may be the same for all of its kind.

    A word of the vocabulary decides by its value what it means: `desc=title` sorts where `title` is
    a field, and is a filter otherwise.
    """
    kind = kind_of(text)
    if kind is None:
        return False
    if NOISE_KEY.fullmatch(key) or compared(key) in NUMERIC_NOISE:
        return kind is not Kind.WORD
    is_word = "[" not in key and WORDS.get(compared(key), Meaning.SEARCH) is not Meaning.SEARCH
    return kind is Kind.NUMBER or (kind is Kind.WORD and not is_word)


def is_short(texts: Sequence[str]) -> bool:
    """Return whether texts are short enough to be remembered."""
    return sum(map(len, texts)) <= _MAX_CHARACTERS
