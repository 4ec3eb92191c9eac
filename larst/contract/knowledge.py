"""What a planner may see of an operation: its words, and the form of its replies. Pure.

The words are a user's, written to describe the API. Must be bounded: a prompt has room for little.
"""

from __future__ import annotations

from collections.abc import Mapping

from larst.contract.contracts import ReplySchema
from larst.domain import Json

MAX_WORDS_CHARACTERS = 600
MAX_FIELDS = 40
MAX_LEVELS = 4
MAX_CHOICES = 12
MAX_PARTS = 12
MAX_SCHEMAS = 1_000

_TYPES = {"integer": "<int>", "number": "<number>", "boolean": "<bool>", "string": "<text>"}


def knowledge_of(
    method: str,
    path: str,
    node: Mapping[str, Json],
    replies: Mapping[str, ReplySchema | None],
) -> dict[str, Json]:
    """Return the summary, the description, and the successful replies of an operation."""
    words = {
        name: " ".join(str(node[name]).split())[:MAX_WORDS_CHARACTERS]
        for name in ("summary", "description")
        if isinstance(node.get(name), str)
    }
    forms = {
        status: sketch_of(reply.schema)
        for status, reply in replies.items()
        if reply is not None and status[:1] == "2"
    }
    return {"operation": f"{method} {path}"[:200], **words, **({"replies": forms} if forms else {})}


def sketch_of(schema: Mapping[str, Json]) -> Json:
    """Return a JSON Schema as a sketch: `{"total": "<number>", "state?": {"one of": […]}}`."""
    definitions = schema.get("$defs")
    return _Sketching(definitions if isinstance(definitions, Mapping) else {}).sketch(schema, 0)


class _Sketching:
    """Makes one sketch; schemas beyond `MAX_SCHEMAS` are `<any>`."""

    def __init__(self, definitions: Mapping[str, Json]) -> None:
        self._definitions = definitions
        self._schemas_left = MAX_SCHEMAS

    def sketch(self, node: Json, level: int) -> Json:
        """Return the sketch of a part of the schema."""
        self._schemas_left -= 1
        if not isinstance(node, Mapping) or level > MAX_LEVELS or self._schemas_left < 0:
            return "<any>"
        reference = node.get("$ref")
        if isinstance(reference, str):
            name = reference.rpartition("/")[2]
            return self.sketch(self._definitions.get(name), level + 1)
        for name in ("allOf", "oneOf", "anyOf"):
            if isinstance(parts := node.get(name), list) and parts:
                return _merged([self.sketch(part, level + 1) for part in parts[:MAX_PARTS]])
        return self._plain(node, level)

    def _plain(self, node: Mapping[str, Json], level: int) -> Json:
        if isinstance(choices := node.get("enum"), list):
            return {"one of": choices[:MAX_CHOICES]}
        properties = node.get("properties")
        if isinstance(properties, Mapping):
            required = node.get("required") or ()
            return {
                f"{name}{'' if name in required else '?'}": self.sketch(inner, level + 1)
                for name, inner in list(properties.items())[:MAX_FIELDS]
            }
        kind = node.get("type")
        if kind == "array" or "items" in node:
            return [self.sketch(node.get("items"), level + 1)]
        kinds = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
        return next((_TYPES[name] for name in kinds if name in _TYPES), "<any>")


def _merged(sketches: list[Json]) -> Json:
    """Return the fields of all parts together; otherwise the first part."""
    objects = [sketch for sketch in sketches if isinstance(sketch, dict)]
    if len(objects) < 2:
        return objects[0] if objects else sketches[0]
    return {name: kind for sketch in objects for name, kind in sketch.items()}
