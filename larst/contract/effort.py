"""How much work a schema makes of a body, counted before the validator does it. Pure.

A validator follows every path: a schema of 3 KB whose parts refer twice to the next part takes
2**30 steps, during which it holds the interpreter. Here each part is counted once for each value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from larst.domain import Json

MAX_EVALUATIONS = 50_000
"""The schemas that a validator may apply to the values of a body: at most 0.4 to 1.6 us each until
the first deviation (jsonschema-rs, November 2026, 2 cores)."""

_SAME_VALUE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "$ref")
_EACH_FIELD = ("additionalProperties", "unevaluatedProperties")
_EACH_ITEM = ("items", "prefixItems", "contains", "unevaluatedItems", "additionalItems")


def evaluations(schema: Mapping[str, Json], body: Json) -> int | None:
    """Return how many schemas a validator would apply to a body and its values, at most.

    `schema` is complete in itself, with its definitions in `$defs`. None: over `MAX_EVALUATIONS`.
    """
    try:
        count = _Count(schema).evaluations(schema, body)
    except (_TooManyError, RecursionError):
        return None
    return count if count <= MAX_EVALUATIONS else None


class _TooManyError(Exception):
    pass


class _Count:
    def __init__(self, schema: Mapping[str, Json]) -> None:
        definitions = schema.get("$defs")
        self._definitions = definitions if isinstance(definitions, Mapping) else {}
        self._counts: dict[tuple[int, int], int] = {}

    def evaluations(self, node: Json, value: Json) -> int:
        """Return how many schemas are applied if `node` is applied to `value`."""
        if not isinstance(node, Mapping):
            return 1
        pair = id(node), id(value)
        if (count := self._counts.get(pair)) is not None:
            return count
        if len(self._counts) >= MAX_EVALUATIONS:
            raise _TooManyError
        self._counts[pair] = 1  # a schema that leads to itself on one value ends there
        count = 1 + sum(self.evaluations(inner, part) for inner, part in self._applied(node, value))
        self._counts[pair] = min(count, MAX_EVALUATIONS + 1)
        return self._counts[pair]

    def _applied(self, node: Mapping[str, Json], value: Json) -> Iterator[tuple[Json, Json]]:
        for keyword in _SAME_VALUE:
            for inner in self._schemas(keyword, node.get(keyword)):
                yield inner, value
        if isinstance(value, Mapping):
            yield from self._fields(node, value)
        elif isinstance(value, list):
            schemas = [part for name in _EACH_ITEM for part in self._schemas(name, node.get(name))]
            yield from ((inner, item) for item in value for inner in schemas)

    def _schemas(self, keyword: str, part: Json) -> Sequence[Json]:
        if keyword == "$ref":
            return [self._definitions.get(str(part).rpartition("/")[2])] if part is not None else []
        if keyword == "dependentSchemas":
            return list(part.values()) if isinstance(part, Mapping) else []
        return part if isinstance(part, list) else [] if part is None else [part]

    @staticmethod
    def _fields(node: Mapping[str, Json], value: Mapping[str, Json]) -> Iterator[tuple[Json, Json]]:
        properties = node.get("properties")
        if isinstance(properties, Mapping):
            yield from ((properties[name], value[name]) for name in value if name in properties)
        patterns = node.get("patternProperties")
        schemas = [*patterns.values()] if isinstance(patterns, Mapping) else []
        schemas += [node[name] for name in _EACH_FIELD if name in node]
        yield from ((inner, part) for part in value.values() for inner in schemas)
