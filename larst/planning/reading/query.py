"""One reading of a query string, whatever dialect it is written in. Pure.

Each key is, in this order: a learned field of the resource, a word of the vocabulary, a filter in
some spelling, or unknown. Unknown keys match nothing with a hint, or are refused; they are never
dropped in silence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import Asked, QueryReading
from larst.planning.reading.assembly import assemble
from larst.planning.reading.clients import translated
from larst.planning.reading.fields import Fields
from larst.planning.reading.options import ReadingOptions

MAX_KEYS = 500
MAX_VALUES = 2000
"""Keys and values of one query: a table of 60 columns sends 400 keys."""

MAX_LEVELS = 40
"""Levels of a body that is read as a query; a filter in it nests less."""


_EVERYTHING = QueryReading(Asked())


def read_query(
    query: Mapping[str, tuple[str, ...]], fields: Fields, options: ReadingOptions
) -> QueryReading:
    """Return what the query asks for.

    Raises:
        QueryNotUnderstoodError: a key or value is not understood; the detail names the nearest.
        BadPagingError: paging makes no sense, or does not apply to a change.
    """
    if not query and options.range_header is None:
        return _EVERYTHING
    if len(query) > MAX_KEYS or sum(map(len, query.values())) > MAX_VALUES:
        raise QueryNotUnderstoodError(
            f"a query has at most {MAX_KEYS} keys and {MAX_VALUES} values; send ids as one list"
        )
    return assemble(translated(query, fields), fields, options)


def read_body(body: Mapping[str, Json], fields: Fields, options: ReadingOptions) -> QueryReading:
    """Return what a JSON body asks for, as `POST /posts/search` sends one.

    Its keys mean the same as in a query; see `read_query`.

    Raises:
        QueryNotUnderstoodError: also if it is nested too deeply.
    """
    if not _is_shallow(body):
        raise QueryNotUnderstoodError(f"the body nests deeper than {MAX_LEVELS} levels")
    query = {key: tuple(_texts(value)) for key, value in body.items()}
    return read_query(query, fields, options)


def _is_shallow(body: Json) -> bool:
    level: list[Json] = [body]
    for _ in range(MAX_LEVELS + 1):
        parts = [
            part.values() if isinstance(part, dict) else part
            for part in level
            if isinstance(part, dict | list)
        ]
        level = [item for part in parts for item in part]
    return not level


def _texts(value: Json) -> list[str]:
    """Return the values of a body's field as a query would have them."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and value and not any(isinstance(v, dict | list) for v in value):
        return [text for item in value for text in _texts(item)]
    return [json.dumps(value)]
