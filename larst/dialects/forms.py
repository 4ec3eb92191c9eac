"""The forms of replies: a template per dialect, and one reader that fills it. Pure.

A placeholder such as `$items` is replaced by its value; `?key` is left out where the value is None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from larst.dialects.jsonapi import document
from larst.domain import Json, Record


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list as it was read, and where it stands in the whole.

    `limit` None is a list that was not paged. `base_url` is the request's own URL without its
    query; `query` the raw query, for links to other pages. `embeds` names embedded relations and
    their resources.
    """

    items: Sequence[Record]
    total: int
    limit: int | None
    offset: int
    resource: str
    base_url: str
    query: Sequence[tuple[str, str]] = ()
    page_key: str | None = None
    page_base: int = 1
    has_count: bool = False
    embeds: Mapping[str, str] | None = None

    @property
    def size(self) -> int:
        """The number of records of a full page."""
        return self.limit if self.limit else max(self.total, 1)

    @property
    def number(self) -> int:
        """The number of the page, counted from 1."""
        return self.offset // self.size + 1

    @property
    def pages(self) -> int:
        """How many pages there are, at least 1."""
        return max(1, math.ceil(self.total / self.size))

    @property
    def end(self) -> int:
        """The offset behind the last record of the page."""
        return self.offset + len(self.items)

    @property
    def has_next(self) -> bool:
        """Whether records follow."""
        return self.end < self.total

    def url_at(self, offset: int) -> str:
        """Return the URL of the page that begins at an offset, in the client's own words."""
        words = dict(_position(self, offset))
        pairs = [(key, words.pop(key, text)) for key, text in self.query]
        pairs += words.items()
        text = "&".join(
            f"{quote(key, safe='[]$.:')}={quote(value, safe='[],.:*')}" for key, value in pairs
        )
        return f"{self.base_url}?{text}" if text else self.base_url

    def urls(self) -> dict[str, str]:
        """Return the URLs of the first, previous, next and last page, where they exist."""
        if self.limit is None or self.limit == 0:
            return {}
        last = (self.pages - 1) * self.size
        urls = {"first": self.url_at(0)}
        if self.offset > 0:
            urls["prev"] = self.url_at(max(0, self.offset - self.size))
        if self.has_next:
            urls["next"] = self.url_at(self.offset + self.size)
        return urls | {"last": self.url_at(max(last, 0))}


_PAGE_KEYS = frozenset(
    "page _page pagenumber pageno pageindex page[number] pagination[page] p pg".split()
)
_OFFSET_KEYS = frozenset(
    "offset skip $skip _start start page[offset] pagination[start] filter[skip] filter[offset]"
    " startindex".split()
)
_END_KEYS = frozenset({"_end", "end"})


def _position(page: ListPage, offset: int) -> list[tuple[str, str]]:
    """Return the query pairs that move to an offset, by the words that the client used."""
    moved: list[tuple[str, str]] = []
    for key, _ in page.query:
        word = key.lower()
        if word in _PAGE_KEYS:
            moved.append((key, str(offset // page.size + page.page_base)))
        elif word in _OFFSET_KEYS:
            moved.append((key, str(offset)))
        elif word in _END_KEYS:
            moved.append((key, str(offset + page.size)))
    return moved or [("offset", str(offset))]


FORMS: Mapping[str, Json] = {
    "bare": "$items",
    "larst": {
        "items": "$items",
        "page": {"total": "$total", "limit": "$limit", "offset": "$offset"},
    },
    "data": {"data": "$items", "?meta": "$count_meta"},
    "json-server-1": {
        "first": 1,
        "prev": "$previous_number",
        "next": "$next_number",
        "last": "$pages",
        "pages": "$pages",
        "items": "$total",
        "data": "$items",
    },
    "odata": {
        "@odata.context": "$context",
        "?@odata.count": "$asked_total",
        "value": "$items",
        "?@odata.nextLink": "$next_url",
    },
    "drf": {
        "count": "$total",
        "next": "$next_url",
        "previous": "$previous_url",
        "results": "$items",
    },
    "spring": {
        "content": "$items",
        "pageable": {
            "pageNumber": "$index",
            "pageSize": "$size",
            "offset": "$offset",
            "paged": True,
            "unpaged": False,
        },
        "totalElements": "$total",
        "totalPages": "$pages",
        "last": "$is_last",
        "first": "$is_first",
        "size": "$size",
        "number": "$index",
        "numberOfElements": "$length",
        "empty": "$is_empty",
    },
    "strapi": {
        "data": "$items",
        "meta": {
            "pagination": {
                "page": "$number",
                "pageSize": "$size",
                "pageCount": "$pages",
                "total": "$total",
            }
        },
    },
    "feathers": {"total": "$total", "limit": "$size", "skip": "$offset", "data": "$items"},
    "eve": {
        "_items": "$items",
        "_meta": {"page": "$number", "max_results": "$size", "total": "$total"},
        "_links": {
            "self": {"title": "$resource", "href": "$resource"},
            "?next": "$next_link",
            "?prev": "$previous_link",
        },
    },
    "parse": {"results": "$items", "?count": "$asked_total"},
    "nestjsx": {
        "data": "$items",
        "count": "$length",
        "total": "$total",
        "page": "$number",
        "pageCount": "$pages",
    },
    "laravel": {
        "data": "$items",
        "links": {
            "first": "$first_url",
            "last": "$last_url",
            "prev": "$previous_url",
            "next": "$next_url",
        },
        "meta": {
            "current_page": "$number",
            "from": "$from",
            "last_page": "$pages",
            "path": "$base_url",
            "per_page": "$size",
            "to": "$to",
            "total": "$total",
        },
    },
    "pocketbase": {
        "page": "$number",
        "perPage": "$size",
        "totalItems": "$total",
        "totalPages": "$pages",
        "items": "$items",
    },
    "stripe": {"object": "list", "url": "$path", "has_more": "$has_next", "data": "$items"},
    "google": {"items": "$items", "?nextPageToken": "$next_token", "totalSize": "$total"},
    "cursor": {"items": "$items", "next_cursor": "$next_token", "total": "$total"},
    "by-id": "$by_id",
    "jsonapi": "$document",
}
"""The form of a list, by the name that the table of dialects uses."""

PLAIN_FORMS: Mapping[str, str] = {
    "json-server-1": "bare",
    "nestjsx": "bare",
    "feathers": "feathers",
}
"""The form of a list that no paging was asked for, where it differs."""


def list_body(form: str, page: ListPage) -> Json:
    """Return a list in a form."""
    name = PLAIN_FORMS.get(form, form) if page.limit is None else form
    return _filled(FORMS[name], page, {})


def record_body(form: str, record: Json, resource: str, embeds: Mapping[str, str]) -> Json:
    """Return one record in a form; `embeds` names embedded relations and their resources."""
    if form == "data":
        return {"data": record}
    if form == "jsonapi":
        return document(record, resource, embeds)
    return record


def _filled(template: Json, page: ListPage, cache: dict[str, Any]) -> Json:
    if isinstance(template, str) and template.startswith("$"):
        return _value(template[1:], page, cache)
    if isinstance(template, dict):
        filled: dict[str, Json] = {}
        for key, part in template.items():
            value = _filled(part, page, cache)
            if not key.startswith("?"):
                filled[key] = value
            elif value is not None:
                filled[key[1:]] = value
        return filled
    return template


def _value(name: str, page: ListPage, cache: dict[str, Any]) -> Json:
    if not cache:
        cache.update(_values(page))
    if name == "by_id":
        return {str(record["id"]): record for record in page.items}
    if name == "document":
        return _jsonapi(page)
    return cache[name]


def _values(page: ListPage) -> dict[str, Json]:
    """Return the value of every placeholder."""
    urls = page.urls()
    is_counted = page.has_count
    return {
        "items": list(page.items),
        "total": page.total,
        "asked_total": page.total if is_counted else None,
        "count_meta": {"total_count": page.total} if is_counted else None,
        "limit": page.limit,
        "offset": page.offset,
        "size": page.size,
        "length": len(page.items),
        "number": page.number,
        "index": page.number - 1,
        "pages": page.pages,
        "next_number": page.number + 1 if page.has_next else None,
        "previous_number": page.number - 1 if page.number > 1 else None,
        "has_next": page.has_next,
        "is_first": page.offset == 0,
        "is_last": not page.has_next,
        "is_empty": not page.items,
        "from": page.offset + 1 if page.items else None,
        "to": page.end if page.items else None,
        "first_url": urls.get("first", page.base_url),
        "last_url": urls.get("last", page.base_url),
        "next_url": urls.get("next"),
        "previous_url": urls.get("prev"),
        "next_link": _link(urls.get("next"), "next page"),
        "previous_link": _link(urls.get("prev"), "previous page"),
        "next_token": f"o{page.end}" if page.has_next else None,
        "base_url": page.base_url,
        "path": "/" + page.base_url.partition("://")[2].partition("/")[2],
        "resource": page.resource,
        "context": f"$metadata#{page.resource}",
    }


def _link(url: str | None, title: str) -> Json:
    return None if url is None else {"title": title, "href": url}


def _jsonapi(page: ListPage) -> Json:
    body = document(list(page.items), page.resource, page.embeds or {})
    links = page.urls()
    if links:
        body["links"] = {"self": page.url_at(page.offset), **links}
    return {**body, "meta": {"total": page.total}}
