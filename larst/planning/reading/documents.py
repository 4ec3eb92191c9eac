"""JSON:API documents whose type or id contradicts the path. Pure.

https://jsonapi.org/format/1.1/#crud-creating-responses-409, #crud-updating-responses-409
"""

from __future__ import annotations

from larst.dialects.jsonapi import MEDIA_TYPE
from larst.domain import Json, RequestContext
from larst.errors import DocumentConflictError
from larst.planning.reading.nouns import same_resource
from larst.planning.reading.relation import Session
from larst.planning.reading.target import Target

_SEPARATORS = ("--", ":", ".", "/")
"""What a type may have between a namespace and its name, as Drupal's `node--article`."""

_MAX_CHARACTERS = 200
"""Longer types name no resource."""


def refuse_other_document(request: RequestContext, path: Target, session: Session) -> None:
    """Refuse a document whose resource object is not the one that the path names.

    Raises:
        DocumentConflictError: its type is another resource, or its id another record.
    """
    is_document = request.headers.get("content-type", "").startswith(MEDIA_TYPE)
    is_about_records = path.field is None and not path.is_search
    if not is_document or not is_about_records or "relationships" in request.segments:
        return
    data = request.body.json.get("data") if isinstance(request.body.json, dict) else None
    for item in data if isinstance(data, list) else [data]:
        if isinstance(item, dict):
            _check_type(item.get("type"), path.resource)
    if path.identifier is not None and isinstance(data, dict) and request.method != "POST":
        identifier = request.segments[path.identifier]
        if session.has_record(path.resource, identifier):
            _check_id(data.get("id"), identifier)


def _check_type(name: Json, resource: str) -> None:
    if not isinstance(name, str):
        return
    last = name[-_MAX_CHARACTERS:]
    for separator in _SEPARATORS:
        last = last.rpartition(separator)[2]
    if len(name) <= _MAX_CHARACTERS and same_resource(last, (resource,)):
        return
    raise DocumentConflictError(
        f"the type of the document is {name[:80]!r}; the path names {resource}"
    )


def _check_id(id: Json, identifier: str) -> None:
    if id is None or str(id) == identifier:
        return
    raise DocumentConflictError(
        f"the id of the document is {str(id)[:80]!r}; the path names {identifier[:80]!r}"
    )
