"""JSON:API documents: resource objects out, attributes in. Pure.

https://jsonapi.org/format/1.1/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from larst.domain import Json, Record


MEDIA_TYPE = "application/vnd.api+json"

Link = Callable[[str], str]
"""Returns the field that links to one record of a relationship: `author_id`."""


def document(value: Json, resource: str, embeds: Mapping[str, str]) -> dict[str, Json]:
    """Return the document of a record or a list; embedded relations go to `included`."""
    included: dict[tuple[str, str], Json] = {}
    if isinstance(value, list):
        data: Json = [_resource_object(record, resource, embeds, included) for record in value]
    else:
        data = _resource_object(value, resource, embeds, included)
    body: dict[str, Json] = {"data": data}
    if embeds:
        body["included"] = list(included.values())
    return body


def errors_document(
    status: int, title: str, detail: str | None, request_id: str
) -> dict[str, Json]:
    """Return the document of an error; `detail` may be missing.

    https://jsonapi.org/format/1.1/#error-objects
    """
    error: dict[str, Json] = {"id": request_id, "status": str(status), "title": title}
    return {"errors": [{**error, "detail": detail} if detail else error]}


def identifiers(body: Mapping[str, Json]) -> dict[str, Json]:
    """Return a document with the identifiers of its resource objects alone, for relationships."""
    data = body["data"]
    items = data if isinstance(data, list) else [data]
    linkage: list[Json] = [{"type": item["type"], "id": item["id"]} for item in items]
    document = {name: value for name, value in body.items() if name not in ("data", "included")}
    return {"data": linkage if isinstance(data, list) else linkage[0], **document}


def record_of(body: Json, link: Link) -> Json:
    """Return the record of a document that a client sends; anything else as it is.

    A relationship to one becomes the field that `link` returns, one to many the field in plural.
    """
    if not isinstance(body, dict) or "data" not in body:
        return body
    data = body["data"]
    if isinstance(data, list):
        return [_flat(item, link) for item in data]
    return _flat(data, link)


def _flat(item: Json, link: Link) -> Json:
    if not isinstance(item, dict) or "type" not in item:
        return item
    record: dict[str, Json] = {}
    if item.get("id") is not None:
        record["id"] = _id(item["id"])
    attributes = item.get("attributes")
    record |= attributes if isinstance(attributes, dict) else {}
    relationships = item.get("relationships")
    for name, relation in (relationships if isinstance(relationships, dict) else {}).items():
        linked = relation.get("data") if isinstance(relation, dict) else None
        if isinstance(linked, dict) and "id" in linked:
            record[link(name)] = _id(linked["id"])
        elif isinstance(linked, list):
            record[f"{link(name)}s"] = [_id(one["id"]) for one in linked if isinstance(one, dict)]
    return record


def _id(text: Json) -> Json:
    """Return an id as records have it: JSON:API writes every id as text."""
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    return text


def _resource_object(
    record: Record,
    resource: str,
    embeds: Mapping[str, str],
    included: dict[tuple[str, str], Json],
) -> dict[str, Json]:
    attributes = {
        name: item for name, item in record.items() if name != "id" and name not in embeds
    }
    item: dict[str, Json] = {
        "type": resource,
        "id": str(record.get("id", "")),
        "attributes": attributes,
    }
    relationships: dict[str, Json] = {}
    for name, related in embeds.items():
        linked = record.get(name)
        relationships[name] = {"data": _linkage(linked, related, included)}
    if relationships:
        item["relationships"] = relationships
    return item


def _linkage(linked: Json, resource: str, included: dict[tuple[str, str], Json]) -> Json:
    if isinstance(linked, list):
        return [_linkage(one, resource, included) for one in linked if isinstance(one, dict)]
    if not isinstance(linked, dict):
        return None
    key = (resource, str(linked.get("id", "")))
    if key not in included:
        included[key] = _resource_object(linked, resource, {}, included)
    return {"type": resource, "id": key[1]}
