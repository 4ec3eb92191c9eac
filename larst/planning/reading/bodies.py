"""Bodies in the wrappings of other servers, brought to the record that they mean. Pure.

`{"data": {…}}` of Strapi, `{"post": {…}}` of Rails, JSON:API documents, `_method` of forms.
"""

from __future__ import annotations

from larst.dialects.jsonapi import MEDIA_TYPE, record_of
from larst.domain import Body, BodyKind, Json, RequestContext
from larst.planning.reading.fields import Fields
from larst.planning.reading.nouns import folded, singulars


def unwrapped(request: RequestContext, resource: str, prefix: str, fields: Fields) -> Body:
    """Return the body with the record that it means, without its wrapping."""
    body = request.body
    if body.kind not in (BodyKind.OBJECT, BodyKind.LIST):
        return body
    value: Json = body.json
    if request.headers.get("content-type", "").startswith(MEDIA_TYPE):
        value = record_of(value)
    elif isinstance(value, dict):
        value = _record(value, resource, prefix, fields)
    if value is body.json:
        return body
    return Body(BodyKind.LIST if isinstance(value, list) else BodyKind.OBJECT, json=value)


def _record(value: dict[str, Json], resource: str, prefix: str, fields: Fields) -> Json:
    if "_method" in value and not fields.has("_method"):
        value = {name: item for name, item in value.items() if name != "_method"}
    if len(value) != 1:
        return value
    ((name, inner),) = value.items()
    if not isinstance(inner, dict | list) or fields.has(name):
        return value
    is_data = name == "data" and (bool(fields.names) or "api" in prefix.lower())
    is_named = folded(name) in {folded(form) for form in singulars(resource)}
    is_named = is_named and isinstance(inner, dict) and folded(name) != folded(resource)
    return inner if is_data or is_named else value
