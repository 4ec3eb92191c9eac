"""The ids that a body names: which records to delete, or to change. Pure.

`DELETE /posts {"ids": [1]}` · `DELETE /posts [1, 2]` · `PATCH /posts {"keys": [1], "data": …}`
"""

from __future__ import annotations

from dataclasses import replace

from larst.domain import Body, BodyKind, Json, RequestContext
from larst.planning.reading.target import Target

_KEYS = ("keys", "ids")
_CHANGES = ("data", "changes", "update", "updates", "values", "patch", "set")


def chosen(request: RequestContext, path: Target) -> tuple[RequestContext, list[Json] | None]:
    """Return the request without the ids that its body names, and those ids, or None."""
    is_collection = path.identifier is None and not (path.is_search or path.is_whole)
    body = request.body.json
    if not is_collection or request.method not in ("DELETE", "PATCH"):
        return request, None
    if request.method == "DELETE" and (ids := _ids(body)) is not None:
        return replace(request, body=Body(BodyKind.NONE)), ids
    if request.method == "DELETE" or not isinstance(body, dict) or len(body) != 2:
        return request, None
    changes = next((body[name] for name in _CHANGES if name in body), None)
    ids = next((_ids(body[name]) for name in _KEYS if name in body), None)
    if ids is None or not isinstance(changes, dict):
        return request, None
    return replace(request, body=replace(request.body, json=changes)), ids


def _ids(body: Json) -> list[Json] | None:
    if isinstance(body, dict) and len(body) == 1:
        body = body.get("ids", body.get("id", body.get("_ids")))
    if isinstance(body, list) and body and all(isinstance(item, int | str) for item in body):
        return body
    return None
