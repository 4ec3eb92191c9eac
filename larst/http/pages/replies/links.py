"""The addresses that a page links to. Pure.

Links to the same path are queries alone (`?sort=name`): whatever path was sent, they lead nowhere
else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from larst.domain import Json
from larst.http.pages.replies.view import View
from larst.planning.reading.vocabulary import PAGING, WORDS, Meaning, compared

_SORTS = ("sort", "sortby", "orderby", "ordering")
_LIMITS = ("limit", "take", "perpage")
_OFFSETS = ("offset", "skip", "startindex")
_FORMATS = ("alt", "format")
"""Both are read as noise; `format` is a mark of Django REST framework, which changes the reply."""
_SORTABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_LINK = re.compile(r'<([^<>]*)>; rel="(first|prev|next|last)"')
_ORDER = frozenset({Meaning.SORT, Meaning.DIRECTION})


def wants_json(query: Iterable[tuple[str, str]]) -> bool:
    """Return whether a query asks for JSON, as the link on every page does."""
    return any(name in _FORMATS and value.lower() == "json" for name, value in query)


def json_query(view: View) -> str:
    """Return the query that leads to the same reply as JSON."""
    pairs = [(name, value) for name, value in _pairs(view) if not wants_json([(name, value)])]
    return _query([*pairs, (_free(_FORMATS, view.neighbours.fields) or _FORMATS[0], "json")])


def sort_query(view: View, field: str) -> str | None:
    """Return the query that sorts by a field, in the other direction if it is sorted by it."""
    word = _free(_SORTS, view.neighbours.fields)
    if word is None or not _SORTABLE.fullmatch(field):
        return None
    key = f"-{field}" if view.sort == (field,) else field
    return _query([*_without(view, _ORDER | PAGING - {Meaning.LIMIT}), (word, key)])


def part_query(view: View, offset: int, limit: int) -> str | None:
    """Return the query of a part of a list."""
    fields = view.neighbours.fields
    limit_word, offset_word = _free(_LIMITS, fields), _free(_OFFSETS, fields)
    if limit_word is None or offset_word is None:
        return None
    parameters = _without(view, PAGING)
    return _query([*parameters, (limit_word, str(limit)), (offset_word, str(offset))])


def page_queries(link: str) -> dict[str, str]:
    """Return the queries of a header `Link` by relation."""
    return {relation: f"?{urlsplit(url).query}" for url, relation in _LINK.findall(link)}


def collection_path(view: View) -> str | None:
    """Return the path of the collection that a request is about."""
    if view.rest_path is None:
        return None
    return resource_path(view, view.rest_path.resource, view.rest_path.prefix)


def resource_path(view: View, resource: str, below: str = "") -> str:
    """Return the path of a resource; `below` is what stands before it, such as `/api/v1`."""
    segments = (part for part in (*below.split("/"), resource) if part)
    return f"{view.prefix}/{'/'.join(quote(unquote(part), safe='') for part in segments)}"


def record_path(collection: str, id: Json) -> str | None:
    """Return the path of a record; None if its id cannot be that of one."""
    if isinstance(id, bool) or not isinstance(id, int | str) or id in ("", ".", ".."):
        return None
    return f"{collection}/{quote(str(id), safe='')}"


def _pairs(view: View) -> list[tuple[str, str]]:
    return parse_qsl(view.raw_query, keep_blank_values=True, errors="replace")


def _without(view: View, meanings: Collection[Meaning]) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in _pairs(view)
        if name in view.neighbours.fields
        or WORDS.get(compared(name.partition("[")[0])) not in meanings
    ]


def _free(words: Iterable[str], fields: Collection[str]) -> str | None:
    """Return the first word that no field is named after: a field would win."""
    lower = {field.lower() for field in fields}
    return next((word for word in words if word not in lower), None)


def _query(pairs: Iterable[tuple[str, str]]) -> str:
    return f"?{urlencode(list(pairs))}"
