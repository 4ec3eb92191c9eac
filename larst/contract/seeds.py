"""The schemas of collections that a contract describes, as a session would learn them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from larst.contract.documents import content_schema
from larst.contract.schemas import closed_schema, resolve
from larst.domain import Json

MAX_SEEDS = 200
MAX_LEVELS = 6
MAX_FIELDS = 200

_LISTS = ("items", "data", "results", "records")
"""The fields of an envelope that hold the records of a list."""

MAX_SCHEMAS = 5_000
"""The schemas that are read for one collection: those that several refer to count each time."""

_SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})


def seeds_of(document: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    """Return the schema of the records of each collection: of `/orders` and `/orders/{id}`."""
    seeds: dict[str, dict[str, Json]] = {}
    for name, schema in _record_schemas(document):
        learned = _Learning(schema).learned()
        if learned is not None and name not in seeds and len(seeds) < MAX_SEEDS:
            seeds[name] = learned
    return seeds


def _record_schemas(document: Mapping[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield names of collections with schemas of their records, the most reliable ones first."""
    paths = {
        tuple(part for part in path.split("/") if part): resolve(document, item)
        for path, item in document["paths"].items()
    }
    collections = {path[-1] for path in paths if path and not path[-1].startswith("{")}
    for path, item in paths.items():
        is_record = len(path) > 1 and path[-1].startswith("{") and path[-2] in collections
        if is_record and (schema := _reply(document, item, "get")) is not None:
            yield path[-2], schema
    for path, item in paths.items():
        if path and path[-1] in collections:
            for schema in (_body(document, item), _items(_reply(document, item, "get"))):
                if schema is not None:
                    yield path[-1], schema


def _reply(
    document: Mapping[str, Json], item: Mapping[str, Json], method: str
) -> dict[str, Json] | None:
    operation = resolve(document, item.get(method))
    responses = operation.get("responses")
    reply = resolve(document, responses.get("200")) if isinstance(responses, Mapping) else {}
    node = content_schema(reply)
    return None if node is None else closed_schema(document, node)


def _body(document: Mapping[str, Json], item: Mapping[str, Json]) -> dict[str, Json] | None:
    operation = resolve(document, item.get("post"))
    node = content_schema(resolve(document, operation.get("requestBody")))
    parameters = operation.get("parameters")
    for parameter in parameters if isinstance(parameters, list) else ():  # Swagger 2
        resolved = resolve(document, parameter)
        if resolved.get("in") == "body":
            node = resolved.get("schema")
    return None if node is None else closed_schema(document, node)


def _items(schema: dict[str, Json] | None) -> dict[str, Json] | None:
    """Return the schema of the items of a list, with its definitions."""
    if schema is None:
        return None
    node = _Learning(schema).resolved(schema)
    properties = node.get("properties")
    for name in _LISTS if isinstance(properties, Mapping) else ():
        if isinstance(properties, Mapping) and name in properties:
            node = _Learning(schema).resolved(properties[name])
            break
    items = node.get("items")
    if not isinstance(items, Mapping):
        return None
    return {**items, "$defs": schema.get("$defs", {})}


class _Learning:
    """Turns a JSON Schema into one of the kind that sessions learn (larst/store/schema)."""

    def __init__(self, schema: Mapping[str, Json]) -> None:
        self._schema = schema
        self._schemas_left = MAX_SCHEMAS
        self._definitions = schema.get("$defs", {})

    def learned(self) -> dict[str, Json] | None:
        """Return the learned schema of records; None if they are not objects."""
        schema = self._learned(self._schema, 0)
        if schema is None or schema.get("type") != "object" or not schema["properties"]:
            return None
        schema["properties"].setdefault("id", {"type": ["integer", "string"]})
        return schema

    def resolved(self, node: Json) -> Mapping[str, Json]:
        """Return a schema with its reference resolved, and the parts of `allOf` merged."""
        for _ in range(MAX_LEVELS):
            self._schemas_left -= 1
            if not isinstance(node, Mapping) or self._schemas_left < 0:
                return {}
            if isinstance(reference := node.get("$ref"), str):
                node = self._definitions.get(reference.rpartition("/")[2])
            elif isinstance(parts := node.get("allOf"), list):
                node = self._all_of([self.resolved(part) for part in parts[:MAX_LEVELS]])
            else:
                return node
        return {}

    @staticmethod
    def _all_of(parts: list[Mapping[str, Json]]) -> dict[str, Json]:
        properties = {
            name: inner
            for part in parts
            if isinstance(part.get("properties"), Mapping)
            for name, inner in part["properties"].items()
        }
        required = [name for part in parts for name in _required(part)]
        return {"type": "object", "properties": properties, "required": required}

    def _learned(self, node: Json, level: int) -> dict[str, Json] | None:
        """Return a schema as learned; None: nothing certain is known of the values."""
        node = self.resolved(node)
        if level > MAX_LEVELS:
            return None
        if isinstance(node.get("properties"), Mapping):
            return self._object(node, level)
        kinds = node.get("type")
        names = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
        if names == ["array"]:
            items = self._learned(node.get("items"), level + 1)
            return {"type": "array"} if items is None else {"type": "array", "items": items}
        if not names or not set(names) <= _SCALARS:
            return None
        return {"type": names[0] if len(names) == 1 else sorted(names)}

    def _object(self, node: Mapping[str, Json], level: int) -> dict[str, Json]:
        inner = {
            name: self._learned(part, level + 1)
            for name, part in list(node["properties"].items())[:MAX_FIELDS]
        }
        properties = {name: part for name, part in inner.items() if part is not None}
        required = [name for name in _required(node) if name in properties]
        return {"type": "object", "properties": properties, "required": sorted(required)}


def _required(node: Mapping[str, Json]) -> list[str]:
    """Return the names that a schema requires; it may not be a valid one."""
    names = node.get("required")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
