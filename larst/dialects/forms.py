"""The forms of replies: a template per dialect, and one reader that fills it. Pure.

A placeholder such as `$items` is replaced by its value; `?key` is left out where the value is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from larst.dialects.jsonapi import document
from larst.dialects.pages import ListPage

if TYPE_CHECKING:
    from larst.domain import Json, Record

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
        "totalItems": "$total_unless_skipped",
        "totalPages": "$pages_unless_skipped",
        "items": "$items",
    },
    "stripe": {"object": "list", "url": "$path", "has_more": "$has_next", "data": "$items"},
    "google": {"items": "$items", "?nextPageToken": "$next_token", "totalSize": "$total"},
    "cursor": {"items": "$items", "next_cursor": "$next_token", "total": "$total"},
    "datatables": {
        "draw": "$draw",
        "recordsTotal": "$total",
        "recordsFiltered": "$total",
        "data": "$items",
    },
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


_CUTS = frozenset({"_limit", "_start", "_end"})


def list_body(form: str, page: ListPage) -> Json:
    """Return a list in a form."""
    is_plain = page.limit is None
    if form == "json-server-1":
        keys = {key for key, _ in page.query}  # without _page, _limit cuts a plain list
        is_plain = is_plain or ("_page" not in keys and not keys.isdisjoint(_CUTS))
    name = PLAIN_FORMS.get(form, form) if is_plain else form
    if form == "pocketbase" and page.embeds:
        page = replace(page, items=[_expanded(item, page.embeds) for item in page.items])
    return _filled(FORMS[name], page, {})


def record_body(form: str, record: Json, resource: str, embeds: Mapping[str, str]) -> Json:
    """Return one record in a form; `embeds` names embedded relations and their resources."""
    if form == "data":
        return {"data": record}
    if form == "strapi":
        return {"data": record, "meta": {}}
    if form == "jsonapi":
        return document(record, resource, embeds)
    if form == "pocketbase" and embeds and isinstance(record, dict):
        return _expanded(record, embeds)
    return record


def _expanded(record: Record, embeds: Mapping[str, str]) -> Record:
    """Return a record with its embedded relations below `expand`, where PocketBase has them."""
    fields = {name: value for name, value in record.items() if name not in embeds}
    relations = {name: record[name] for name in embeds if name in record}
    return {**fields, "expand": relations}


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
        rows = enumerate(page.items, page.offset)
        return {str(record.get("id", place)): record for place, record in rows}
    if name == "document":
        return _jsonapi(page)
    return cache[name]


def _values(page: ListPage) -> dict[str, Json]:
    """Return the value of every placeholder."""
    urls = page.urls()
    is_counted = page.has_count
    is_skipped = any(pair in page.query for pair in _SKIPS)
    return {
        "items": list(page.items),
        "total": page.total,
        "asked_total": page.total if is_counted else None,
        "total_unless_skipped": -1 if is_skipped else page.total,
        "pages_unless_skipped": -1 if is_skipped else page.pages,
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
        "draw": next((int(text) for key, text in page.query if _is_draw(key, text)), 0),
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


def _is_draw(key: str, text: str) -> bool:
    return key == "draw" and text.isdecimal() and len(text) < 16


_SKIPS = (("skipTotal", "1"), ("skipTotal", "true"))
"""Parameters by which PocketBase's clients do without a count."""


def _link(url: str | None, title: str) -> Json:
    return None if url is None else {"title": title, "href": url}


def _jsonapi(page: ListPage) -> Json:
    body = document(list(page.items), page.resource, page.embeds or {})
    links = page.urls()
    if links:
        body["links"] = {"self": page.url_at(page.offset), **links}
    return {**body, "meta": {"total": page.total}}
