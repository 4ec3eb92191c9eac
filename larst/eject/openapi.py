"""The OpenAPI document of a project: the paths that its application has. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from larst.domain import Json
from larst.eject.custom import ActionRoute
from larst.eject.description import Api, Resource
from larst.eject.nesting import Nesting, nesting_of
from larst.openapi.names import operation_name, with_article, words


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: `body` and `reply` are schemas; None: no body."""

    method: str
    path: str
    name: str
    summary: str
    tag: str
    status: int = 200
    body: Mapping[str, Json] | None = None
    reply: Mapping[str, Json] | None = None
    is_list: bool = False


def document(api: Api, actions: tuple[ActionRoute, ...]) -> dict[str, Any]:
    """Return the document of the API."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Page": _PAGE, "Error": _ERROR}
    for resource in api.resources:
        schemas |= _schemas(resource)
        for operation in _operations(api, resource):
            paths.setdefault(operation.path, {})[operation.method] = _described(api, operation)
    for action in actions:
        tag = "custom" if action.resource is None else words(action.resource.module)
        operation = Operation(
            action.method.lower(), action.path, action.function, action.summary, tag, reply={}
        )
        paths.setdefault(operation.path, {})[operation.method] = _described(api, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": api.package, "version": "0.1.0"},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _operations(api: Api, resource: Resource) -> Iterator[Operation]:
    singular, many, path = resource.singular, resource.module, resource.path
    name, tag, a_record = (
        resource.type_name,
        words(resource.module),
        with_article(resource.singular),
    )
    record, new, changes = _ref(name), _ref(f"New{name}"), _ref(f"{name}Changes")
    created = _one_or_many(record) if resource.creates_many else record
    body = _one_or_many(new) if resource.creates_many else new
    own = f"{path}/{{{resource.key}}}"
    page, rows = _page(record), {"type": "array", "items": record}
    yield Operation("get", path, f"list_{many}", f"List {tag}", tag, 200, None, page, is_list=True)
    yield Operation(
        "post", path, f"create_{singular}", f"Store {a_record}", tag, 201, body, created
    )
    for verb in resource.searches:
        summary = f"Search {tag}"
        yield Operation(
            "get", f"{path}/{verb}", f"{verb}_{many}", summary, tag, 200, None, rows, is_list=True
        )
    if resource.counts:
        yield Operation(
            "get",
            f"{path}/count",
            f"count_{many}",
            f"Count {tag}",
            tag,
            200,
            None,
            _number("count"),
            is_list=True,
        )
    if resource.changes_many:
        yield Operation(
            "patch",
            path,
            f"change_all_{many}",
            f"Change the {tag} that match",
            tag,
            200,
            changes,
            _number("updated"),
            is_list=True,
        )
    if resource.deletes_many:
        yield Operation(
            "delete",
            path,
            f"delete_all_{many}",
            f"Delete the {tag} that match",
            tag,
            200,
            None,
            _number("deleted"),
            is_list=True,
        )
    yield Operation("get", own, f"get_{singular}", f"Get {a_record}", tag, 200, None, record)
    yield Operation("put", own, f"replace_{singular}", f"Replace {a_record}", tag, 200, new, record)
    yield Operation(
        "patch", own, f"change_{singular}", f"Change {a_record}", tag, 200, changes, record
    )
    yield Operation("delete", own, f"delete_{singular}", f"Delete {a_record}", tag, 204)
    for below in resource.below:
        yield from _operations_below(nesting_of(api, resource, below))


def _operations_below(nesting: Nesting) -> Iterator[Operation]:
    resource, below, path = nesting.resource, nesting.below, nesting.path
    tag, name = words(resource.module), resource.type_name
    record, changes, new = _ref(name), _ref(f"{name}Changes"), _ref(nesting.new_type)
    many = below.creates_many
    where = f"of {with_article(nesting.parent.name)}"
    own = f"{path}/{{{resource.key}}}"
    collection = {
        "GET": ("list", 200, None, _page(record)),
        "POST": (
            "create",
            201,
            _one_or_many(new) if many else new,
            _one_or_many(record) if many else record,
        ),
        "PATCH": ("change_all", 200, changes, _number("updated")),
        "DELETE": ("delete_all", 200, None, _number("deleted")),
    }
    single = {
        "GET": ("get", 200, None, record),
        "PUT": ("replace", 200, new, record),
        "PATCH": ("change", 200, changes, record),
        "DELETE": ("delete", 204, None, None),
    }
    for method in sorted(below.methods & collection.keys()):
        verb, status, body, reply = collection[method]
        summary = f"{verb.capitalize().replace('_', ' ')} {tag} {where}"
        yield Operation(
            method.lower(),
            path,
            f"{verb}_{nesting.many}",
            summary,
            tag,
            status,
            body,
            reply,
            is_list=method != "POST",
        )
    for method in sorted(below.record_methods & single.keys()):
        verb, code, content, answer = single[method]
        summary = f"{verb.capitalize()} {with_article(resource.singular)} {where}"
        yield Operation(
            method.lower(), own, f"{verb}_{nesting.stem}", summary, tag, code, content, answer
        )


def _described(api: Api, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation_name(operation.name),
        "summary": operation.summary,
        "tags": [operation.tag],
    }
    parameters: list[Any] = [
        {"name": name, "in": "path", "required": True, "schema": _key_schema(api, name)}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    parameters += _LIST_PARAMETERS if operation.is_list else []
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        described["requestBody"] = {"required": True, "content": content}
    reply: dict[str, Any] = {"description": "Success."}
    if operation.reply is not None:
        reply["content"] = {"application/json": {"schema": operation.reply}}
    error = {"description": "An error.", "content": {"application/json": {"schema": _ref("Error")}}}
    described["responses"] = {str(operation.status): reply, "4XX": error}
    return described


def _key_schema(api: Api, name: str) -> Mapping[str, Json]:
    has_numbers = all(
        resource.has_number_ids
        for resource in api.resources
        if name in (resource.key, f"parent_{resource.key}")
    )
    return {"type": "integer"} if has_numbers else {"type": "string"}


def _schemas(resource: Resource) -> dict[str, Any]:
    name = resource.type_name
    properties = {field.name: field.schema for field in resource.fields}
    required = [field.name for field in resource.fields if field.is_required]
    own = [field for field in required if field != "id"]
    changes = {key: value for key, value in properties.items() if key != "id"}
    schemas = {
        name: _object(properties, required),
        f"New{name}": _object(properties, own),
        f"{name}Changes": _object(changes, []),
    }
    for below in resource.below:
        if "POST" in below.methods or "PUT" in below.record_methods:
            free = [field for field in own if field not in below.links]
            schemas[f"New{_stem_type(resource, below.steps)}"] = _object(properties, free)
    return schemas


def _stem_type(resource: Resource, steps: Any) -> str:
    from larst.openapi.names import singular_name, type_name

    names = [
        f"{'parent_' if step.resource == resource.name else ''}{singular_name(step.resource)}"
        for step in steps
    ]
    return type_name("_".join([*names, resource.singular]))


def _object(properties: Mapping[str, Json], required: list[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": dict(properties)}
    if required:
        schema["required"] = required
    return schema


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _one_or_many(schema: Mapping[str, Json]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "array", "items": schema}]}


def _page(record: Mapping[str, Json]) -> dict[str, Any]:
    items = {"type": "array", "items": record}
    properties = {"items": items, "page": _ref("Page")}
    return {"type": "object", "required": ["items", "page"], "properties": properties}


def _number(name: str) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: {"type": "integer"}}}


_PAGE = {
    "type": "object",
    "required": ["total", "limit", "offset"],
    "properties": {
        "total": {"type": "integer"},
        "limit": {"type": ["integer", "null"]},
        "offset": {"type": "integer"},
    },
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "detail": {"type": "string"}},
}
_LIST_PARAMETERS = [
    {
        "name": "limit",
        "in": "query",
        "description": "At most so many records.",
        "schema": {"type": "integer", "minimum": 0},
    },
    {
        "name": "offset",
        "in": "query",
        "description": "The number of records to skip.",
        "schema": {"type": "integer", "minimum": 0},
    },
    {
        "name": "sort",
        "in": "query",
        "description": "Fields to sort by, such as `name,-age`.",
        "schema": {"type": "string"},
    },
    {
        "name": "filters",
        "in": "query",
        "description": "Fields with values: `name=Ann`, `name=A*`, `age_min=18`, `id_in=1,2`.",
        "style": "form",
        "explode": True,
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    },
]
