"""A reply as a page: a table of records, one record, any other value, or an error. Pure.

Must never contain a script or a style of its own: its Content-Security-Policy allows none.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from larst.domain import Json, Record
from larst.http.pages.replies.links import (
    collection_path,
    json_query,
    part_query,
    record_path,
    resource_path,
    sort_query,
)
from larst.http.pages.replies.markup import Content, Html, element, joined
from larst.http.pages.replies.values import Budget, Link, cell, fields, table_cell
from larst.http.pages.replies.view import View

MAX_ROWS = 100
MAX_COLUMNS = 12
MAX_LISTED = 30
"""The resources that a page lists."""

_PATH_CHARACTERS = 200
_DETAIL_CHARACTERS = 2_000
_RELATIONS = {"first": "First", "prev": "Previous", "next": "Next", "last": "Last"}
_ERROR_KEYS = ("detail", "message", "details")
_ARROWS = {"ascending": " ↑", "descending": " ↓"}


def reply_page(view: View) -> str:
    """Return the page of a reply."""
    name = view.path[:_PATH_CHARACTERS]
    if view.status >= HTTPStatus.BAD_REQUEST:
        name, main = _error(view)
    elif view.is_too_long:
        main = element("p", f"This reply has {view.body:,} bytes, too many for a page.")
    elif (rows := _rows(view)) is not None:
        main = _table(view, rows)
    elif isinstance(view.body, dict):
        main = _record(view, view.body)
    else:
        main = _value(view)
    heading = element("h1", name)
    notes = [element("p", note, class_="note") for note in view.notes]
    body = joined(_bar(view), element("main", heading, *notes, main), _footer(view))
    return f"<!doctype html>\n{_document(name, body)}\n"


def _document(title: str, body: Html) -> Html:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} · LARST"),
        element("link", rel="icon", href="/_larst/ui/favicon.png"),
        element("link", rel="stylesheet", href="/_larst/ui/replies.css"),
    )
    return element("html", head, element("body", body), lang="en")


def _bar(view: View) -> Html:
    prefix = view.prefix
    links = [("Docs", f"{prefix}/docs")]
    if view.has_console:
        links.append(("Console", "/_larst/"))
    links.append(("As JSON", json_query(view)))
    items = [element("li", element("a", text, href=address)) for text, address in links]
    brand = element("a", element("strong", "LARST"), href=f"{prefix}/")
    return element("header", brand, element("nav", element("ul", *items), aria_label="This page"))


def _footer(view: View) -> Html:
    session = () if view.session_id is None else (element("p", "Session ", _id(view.session_id)),)
    return element("footer", *session, element("p", "Request ", _id(view.request_id)))


def _id(text: str) -> Html:
    return element("code", text)


def _rows(view: View) -> list[Json] | None:
    """Return the items of a list, in whatever envelope they are; None for other replies."""
    body = view.body
    if isinstance(body, list):
        return body
    if view.total is None or not isinstance(body, dict):
        return None
    inner = [value for value in body.values() if isinstance(value, dict)]
    lists = [
        value
        for part in (body, *inner)
        for value in part.values()
        if isinstance(value, list) and (not value or isinstance(value[0], dict))
    ]
    return max(lists, key=len, default=None)


def _table(view: View, rows: list[Json]) -> Html:
    records = [_flat(row) for row in rows[:MAX_ROWS]]
    if not records:
        return joined(_empty(view), _pages(view, len(rows)))
    columns = _columns(records)
    visible_columns = columns[:MAX_COLUMNS]
    collection, link = collection_path(view), _link_of(view)
    head = [_column(view, name) for name in visible_columns]
    lines = [_row(record, visible_columns, collection, link) for record in records]
    table = element(
        "table",
        element("caption", _caption(view, len(records), len(rows))),
        element("thead", element("tr", *head)),
        element("tbody", *lines),
    )
    # It scrolls, so the keyboard must reach it (WCAG 2.2, 2.1.1).
    region = element(
        "div", table, class_="scroll", tabindex="0", role="region", aria_label="Records"
    )
    hidden_columns = [f"{name[:60]}" for name in columns[MAX_COLUMNS:]]
    return joined(region, _hidden_columns(hidden_columns), _pages(view, len(rows)))


def _flat(row: Json) -> Record:
    """Return an item as a record; JSON:API has the fields below `attributes`."""
    if not isinstance(row, dict):
        return {"value": row}
    attributes = row.get("attributes")
    if isinstance(attributes, dict) and "type" in row:
        return {"id": row.get("id"), **attributes}
    return row


def _columns(records: list[Record]) -> list[str]:
    """Return the fields of the records, the id first, and those of the most records next."""
    counts: dict[str, int] = {}
    for record in records:
        for name in record:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: (name != "id", -counts[name]))


def _column(view: View, name: str) -> Html:
    label, direction = name[:60] or "(empty name)", None
    if view.sort:
        order = {f"-{name}": "descending", name: "ascending"}
        direction = order.get(view.sort[0])
    query = sort_query(view, name) if _may_sort(view) else None
    text = f"{label}{_ARROWS.get(direction or '', '')}"
    content: Content = text if query is None else element("a", text, href=query)
    return element("th", content, scope="col", aria_sort=direction)


def _may_sort(view: View) -> bool:
    return view.rest_path is not None and view.total is not None


def _row(record: Record, columns: list[str], collection: str | None, link: Link) -> Html:
    address = None if collection is None else record_path(collection, record.get("id"))
    cells = []
    for name in columns:
        if name == "id" and address is not None:
            head = cell(name, record[name], lambda _name, _value: address)
            cells.append(element("th", head, scope="row"))
        else:
            cells.append(table_cell(name, record, link))
    return element("tr", *cells)


def _caption(view: View, rows: int, count: int) -> str:
    """Return which records of how many a table shows."""
    total = count if view.total is None else view.total
    if rows == total:
        return "1 record" if total == 1 else f"{total:,} records"
    return f"Records {view.offset + 1:,} to {view.offset + rows:,} of {total:,}"


def _hidden_columns(names: list[str]) -> Html:
    if not names:
        return Html()
    listed = ", ".join(names[:MAX_LISTED]) + (", …" if len(names) > MAX_LISTED else "")
    text = f"{len(names):,} more fields, shown on the page of each record: {listed}"
    return element("p", text, class_="more")


def _pages(view: View, count: int) -> Html:
    """Return links to the other parts of a list, in the order in which they are read."""
    links = dict(view.pages)
    if count > MAX_ROWS:
        links = _parts(view, count)
    items = [
        element("li", element("a", text, href=links[relation], rel=relation))
        for relation, text in _RELATIONS.items()
        if relation in links
    ]
    left_out = count - MAX_ROWS
    note = Html()
    if left_out > 0:
        text = f"This reply has {left_out:,} more records. As JSON, it has them all."
        note = element("p", text, class_="more")
    nav = element("nav", element("ul", *items), aria_label="Pages") if items else Html()
    return joined(note, nav)


def _parts(view: View, count: int) -> dict[str, str]:
    """Return links to parts of a list that is too long for a page."""
    total = count if view.total is None else view.total
    offsets = {"next": view.offset + MAX_ROWS, "last": (total - 1) // MAX_ROWS * MAX_ROWS}
    if view.offset:
        offsets |= {"first": 0, "prev": max(0, view.offset - MAX_ROWS)}
    if view.rest_path is None:
        return {}
    queries = {name: part_query(view, offset, MAX_ROWS) for name, offset in offsets.items()}
    return {name: query for name, query in queries.items() if query is not None}


def _empty(view: View) -> Html:
    if view.total or view.raw_query:
        return element("p", "No record matches.")
    text = "No records yet. The first POST to this path creates one; try it in the "
    return element("p", text, element("a", "docs", href=f"{view.prefix}/docs"), ".")


def _record(view: View, record: Record) -> Html:
    budget = Budget()
    record = _flat(record)
    table = fields(record, _link_of(view), budget)
    left_out = Html()
    if budget.left_out:
        text = "This page shows a part of the record. As JSON, it is complete."
        left_out = element("p", text, class_="more")
    return joined(table, left_out, _around(view, record.get("id")))


def _around(view: View, id: Json) -> Html:
    """Return the links of a record: its collection, and the records that link to it."""
    collection = collection_path(view)
    if collection is None or view.rest_path is None or not view.is_record:
        return Html()
    links = [(f"All {view.rest_path.resource}", collection)]
    if (here := record_path(collection, id)) is not None:
        children = view.neighbours.children[:MAX_LISTED]
        links += [(f"Its {name}", f"{here}/{quote(name)}") for name in children]
    return _links("Related records", links)


def _links(label: str, links: list[tuple[str, str]]) -> Html:
    items = [element("li", element("a", text, href=address)) for text, address in links]
    return element("nav", element("ul", *items), aria_label=label)


def _value(view: View) -> Html:
    return fields({"value": view.body}, _no_link, Budget())


def _error(view: View) -> tuple[str, Html]:
    """Return the title of an error, and its facts with ways on."""
    title, detail, rest = _facts(view.body if isinstance(view.body, dict) else {})
    title = title or _phrase(view.status)
    parts = [element("p", f"Status {view.status} for {view.path[:_PATH_CHARACTERS]}")]
    if detail:
        parts.append(element("p", detail[:_DETAIL_CHARACTERS], class_="detail"))
    if rest:
        parts.append(fields(rest, _no_link, Budget(parts=100)))
    parts += [element("h2", "Continue with"), _ways_on(view)]
    return title[:1].upper() + title[1:_PATH_CHARACTERS], joined(*parts)


def _facts(body: Mapping[str, Json]) -> tuple[str, str, dict[str, Json]]:
    """Return the title and the detail of an error in any dialect, and what else it says."""
    listed = body.get("errors")
    if isinstance(listed, list) and listed and isinstance(listed[0], dict):
        body = listed[0]  # JSON:API
    rest = {name: value for name, value in body.items() if name not in ("request_id", "status")}
    title, detail = "", ""
    if isinstance(rest.get("error"), str):
        title = str(rest.pop("error"))
    elif isinstance(rest.get("title"), str):
        title = str(rest.pop("title"))
    for name in _ERROR_KEYS:
        if not detail and isinstance(rest.get(name), str):
            detail = str(rest.pop(name))
    return title, detail, rest


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _ways_on(view: View) -> Html:
    links: list[tuple[str, str]] = []
    if view.status == HTTPStatus.UNAUTHORIZED:
        links.append(("Type the token in the docs", f"{view.prefix}/docs"))
    elif view.is_record and (collection := collection_path(view)) is not None:
        assert view.rest_path is not None  # noqa: S101 - it has a collection
        links.append((f"All {view.rest_path.resource}", collection))
    resources = list(view.neighbours.counts)
    for name in resources[:MAX_LISTED]:
        way = (f"All {name}", resource_path(view, name))
        if way not in links:
            links.append(way)
    links.append(("Start page", f"{view.prefix}/"))
    return _links("Continue with", links)


def _link_of(view: View) -> Link:
    return functools.partial(_related, view)


def _related(view: View, name: str, value: Json) -> str | None:
    """Return the address of the record whose id a field holds."""
    resource = view.neighbours.links.get(name)
    if resource is None or name == "id":
        return None
    is_bare = not name.lower().endswith("id")
    if is_bare and not isinstance(value, int):
        return None  # the field `author` may hold a name
    below = "" if view.rest_path is None else view.rest_path.prefix
    return record_path(resource_path(view, resource, below), value)


def _no_link(_name: str, _value: Json) -> None:
    return None
