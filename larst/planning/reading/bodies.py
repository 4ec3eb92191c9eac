"""Bodies in the wrappings of other servers, brought to the record that they mean. Pure.

`{"data": {…}}` of Strapi, `{"post": {…}}` of Rails, JSON:API documents, `_method` of forms, merge
patches, and the texts of forms and tables.
"""

from __future__ import annotations

from dataclasses import replace

from larst.dialects.jsonapi import MEDIA_TYPE, record_of
from larst.domain import MERGE, Body, BodyKind, Json, Notation, RequestContext
from larst.errors import BadRequestError, QueryNotUnderstoodError
from larst.planning.reading.fields import Fields
from larst.planning.reading.form_values import FormValues, with_nested_names
from larst.planning.reading.nouns import (
    folded,
    is_camel_case,
    link_fields_of,
    new_link,
    singulars,
)

MERGE_PATCH = "application/merge-patch+json"
"""The media type of RFC 7396; with plain JSON, PATCH replaces whole fields and stores null."""

_TEXT_NOTATIONS = frozenset({Notation.FORM, Notation.CSV})
_TOKENS = frozenset(
    "_token _csrf csrf_token _csrf_token csrfmiddlewaretoken authenticity_token utf8"
    " __RequestVerificationToken".split()
)
"""Fields that frameworks add to each form of a page: Laravel, Express, Rails, Django, ASP.NET."""


def unwrapped(request: RequestContext, resource: str, fields: Fields, *, has_data: bool) -> Body:
    """Return the body with the record that it means, without its wrapping.

    `has_data`: clients of this dialect, or of this path, wrap records in `data`.

    Raises:
        BadRequestError: a merge patch is not an object.
    """
    body, content_type = request.body, request.headers.get("content-type", "")
    if request.method == "PATCH" and content_type.lower().startswith(MERGE_PATCH):
        return _merge_patch(body)
    if body.kind not in (BodyKind.OBJECT, BodyKind.LIST):
        return body
    value: Json = body.json
    if content_type.startswith(MEDIA_TYPE):
        value = record_of(value, lambda name: _link(name, fields))
    elif isinstance(value, dict):
        is_form = body.notation is Notation.FORM
        value = _record(value, request.method, resource, fields, has_data=has_data, is_form=is_form)
    if body.notation in _TEXT_NOTATIONS:
        values = FormValues(fields, body.notation)
        value = values.table(value) if body.notation is Notation.CSV else values.typed(value)
    if value is body.json:
        return body
    kind = BodyKind.LIST if isinstance(value, list) else BodyKind.OBJECT
    return replace(body, kind=kind, json=value)


def value_of_field(body: Body, field: str, fields: Fields) -> Body:
    """Return the new value of a field: `PUT /posts/3/status {"status":"draft"}` sets a text.

    OData has the value below `value`.
    """
    if not isinstance(body.json, dict) or len(body.json) != 1 or body.kind is BodyKind.PATCH:
        return body
    ((name, value),) = body.json.items()
    holds_objects = "object" in fields.kinds(field)
    is_named = folded(name) == folded(field) and not fields.has(f"{field}.{name}")
    if not is_named and (name != "value" or holds_objects or not fields.has(field)):
        return body
    is_whole = isinstance(value, dict | list)
    kind = BodyKind.OBJECT if isinstance(value, dict) else BodyKind.LIST
    return replace(body, kind=kind if is_whole else BodyKind.SCALAR, json=value)


def refuse_modifiers(body: Body) -> None:
    """Refuse PocketBase's `views+` and `tags-`, which would become fields of those names.

    Raises:
        QueryNotUnderstoodError: a name of the body ends in a sign, or begins with one.
    """
    names = body.json if isinstance(body.json, dict) else ()
    modifier = next((name for name in names if name.strip("+-") != name), None)
    if modifier is not None:
        field = modifier.strip("+-")
        raise QueryNotUnderstoodError(
            f"{modifier!r} modifies a field, which is not supported; send the new value of {field}"
        )


def _link(name: str, fields: Fields) -> str:
    """Return the field for a relationship: the one that records have, or a new one."""
    known = [field for field in link_fields_of(name, fields.names) if field != name]
    return known[0] if known else new_link(name, is_camel=is_camel_case(fields.names))


def _merge_patch(body: Body) -> Body:
    """Return a merge patch as a JSON Patch of a single operation, which the store knows."""
    if body.kind is not BodyKind.OBJECT:
        raise BadRequestError("a merge patch of a record is a JSON object (RFC 7396)")
    return Body(BodyKind.PATCH, json=[{"op": MERGE, "path": "", "value": body.json}])


def _without_tokens(value: dict[str, Json], fields: Fields) -> dict[str, Json]:
    """Return a form without the fields that its framework added; Rails names the button, too."""
    is_rails = "authenticity_token" in value or "utf8" in value
    tokens = _TOKENS | {"commit"} if is_rails else _TOKENS
    return {name: item for name, item in value.items() if name not in tokens or fields.has(name)}


def _record(
    value: dict[str, Json],
    method: str,
    resource: str,
    fields: Fields,
    *,
    has_data: bool,
    is_form: bool,
) -> Json:
    override = value.get("_method")
    if isinstance(override, str) and override.upper() == method and not fields.has("_method"):
        value = {name: item for name, item in value.items() if name != "_method"}
    if is_form:
        value = with_nested_names(_without_tokens(value, fields), fields)
    if len(value) != 1:
        return value
    ((name, inner),) = value.items()
    if not isinstance(inner, dict | list) or fields.has(name):
        return value
    is_data = name == "data" and has_data
    is_named = folded(name) in {folded(form) for form in singulars(resource)}
    is_named = is_named and isinstance(inner, dict) and folded(name) != folded(resource)
    return inner if is_data or is_named else value
