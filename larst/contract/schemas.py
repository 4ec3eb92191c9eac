"""Schemas of OpenAPI 3.0, 3.1 and Swagger 2 as JSON Schema 2020-12, complete in themselves. Pure.

Local references become definitions, so cycles are safe. Must never be larger than
`MAX_SCHEMA_VALUES`: the parts beyond it accept any value.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from larst.domain import Json
from larst.errors import BadRequestError

MAX_SCHEMA_VALUES = 3_000
"""The values of one schema with its definitions: 30 ms to compile (November 2026, 2 cores)."""

MAX_LEVELS = 50
_MAX_HOPS = 20
_DROPPED = frozenset(
    "discriminator xml externalDocs example examples default deprecated readOnly writeOnly title"
    " description nullable x-nullable $id $schema $anchor $dynamicRef $dynamicAnchor $comment"
    " $vocabulary format contentEncoding contentMediaType".split()
)
"""Keywords that say nothing about a reply, or that would change what references mean."""

_SCHEMAS_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
_VALUES = frozenset({"enum", "const", "required", "dependentRequired", "type"})


def resolve(document: Mapping[str, Json], node: Json) -> Json:
    """Return the node that a chain of local references leads to; `{}` for anything else.

    Raises:
        BadRequestError: a reference leads out of the document, nowhere, or round in a circle.
    """
    for _ in range(_MAX_HOPS):
        if not isinstance(node, Mapping) or not isinstance(node.get("$ref"), str):
            return node if isinstance(node, Mapping) else {}
        node = target_of(document, node["$ref"])
    raise BadRequestError("a reference of the document leads round in a circle")


def target_of(document: Mapping[str, Json], reference: str) -> Json:
    """Return the node that a local reference names (RFC 6901, section 6).

    Raises:
        BadRequestError: it leads out of the document, or nowhere.
    """
    if not reference.startswith("#/"):
        raise BadRequestError(
            f"the reference {reference[:100]!r} leads out of the document, and is not followed;"
            " bundle all parts into one file"
        )
    node: Json = document
    for part in reference[2:].split("/"):
        name = part.replace("%7B", "{").replace("%7D", "}").replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        elif isinstance(node, Mapping) and name in node:
            node = node[name]
        else:
            raise BadRequestError(f"the reference {reference[:100]!r} leads nowhere")
    return node


def closed_schema(document: Mapping[str, Json], node: Json) -> dict[str, Json]:
    """Return a schema of the document with all that it refers to.

    Raises:
        BadRequestError: a reference leads out of the document, or nowhere.
    """
    return _Closing(document).close(node)


class _Closing:
    """Converts a schema, and then each definition that it refers to."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        self._document = document
        self._names: dict[str, str] = {}
        self._open: deque[str] = deque()
        self._values_left = MAX_SCHEMA_VALUES

    def close(self, node: Json) -> dict[str, Json]:
        schema = self._converted(node, 0)
        definitions: dict[str, Json] = {}
        while self._open:
            reference = self._open.popleft()
            target = target_of(self._document, reference)
            definitions[self._names[reference]] = self._converted(target, 0)
        whole = schema if isinstance(schema, dict) else {}
        return {**whole, "$defs": definitions} if definitions else whole

    def _converted(self, node: Json, level: int) -> Json:
        """Return a schema as JSON Schema; True accepts everything."""
        self._values_left -= 1
        if isinstance(node, bool):
            return node
        if not isinstance(node, Mapping) or level > MAX_LEVELS or self._values_left < 0:
            return True
        if isinstance(node.get("$ref"), str):
            return self._reference(node)
        schema = {
            name: self._keyword(name, value, level)
            for name, value in node.items()
            if name not in _DROPPED and not name.startswith("x-")
        }
        _modernize(schema, node)
        if node.get("nullable") is True or node.get("x-nullable") is True:
            return {"anyOf": [schema, {"type": "null"}]}
        return schema

    def _reference(self, node: Mapping[str, Json]) -> dict[str, Json]:
        reference = node["$ref"]
        if reference not in self._names:
            target_of(self._document, reference)
            self._names[reference] = f"d{len(self._names)}"
            self._open.append(reference)
        schema: dict[str, Json] = {"$ref": f"#/$defs/{self._names[reference]}"}
        if node.get("nullable") is True:
            return {"anyOf": [schema, {"type": "null"}]}
        return schema

    def _keyword(self, name: str, value: Json, level: int) -> Json:
        if name in _SCHEMAS_BY_NAME and isinstance(value, Mapping):
            return {key: self._converted(inner, level + 1) for key, inner in value.items()}
        if name in _VALUES:
            self._values_left -= len(value) if isinstance(value, list | Mapping) else 1
            return value
        if isinstance(value, Mapping):
            return self._converted(value, level + 1)
        if isinstance(value, list):
            return [self._converted(inner, level + 1) for inner in value]
        return value


def _modernize(schema: dict[str, Json], node: Mapping[str, Json]) -> None:
    """Change the keywords that mean something else in OpenAPI 3.0 and Swagger 2."""
    for bound, exclusive in (
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ):
        is_flag = isinstance(schema.get(exclusive), bool)
        if is_flag and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    if schema.get("type") == "file":
        del schema["type"]
    properties = node.get("properties")
    if isinstance(properties, Mapping) and isinstance(schema.get("required"), list):
        schema["required"] = [
            name for name in schema["required"] if not _is_write_only(properties.get(name))
        ]


def _is_write_only(schema: Json) -> bool:
    return isinstance(schema, Mapping) and schema.get("writeOnly") is True
