"""The examples of OpenAPI documents (2.0, 3.0, 3.1): of replies, schemas and properties.

References lead to places of the same document only. Every reference and every schema that is
looked at costs a step, so that a document that refers to itself ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from larst.domain import Json
from larst.errors import BadRequestError
from larst.seeds.exchange import MAX_EXCHANGES, Exchange, Unused, place_of
from larst.seeds.json_bodies import is_json

MAX_STEPS = 200_000
MAX_LEVELS = 12

_METHODS = ("get", "post", "put", "patch")
_PARAMETER = re.compile(r"\{[^{}]*\}")
_ABSENT = object()


def read_openapi(document: Mapping[str, Any], unused: Unused) -> Iterator[Exchange]:
    """Yield an exchange for each example of a reply.

    Raises:
        BadRequestError: the document is too large to be looked through.
    """
    reader, count = _Reader(document), 0
    for path, item in _pairs(document.get("paths")):
        operations = reader.resolved(item)
        for method in _METHODS:
            if (operation := _object(operations.get(method))) is None:
                continue
            place, has_example = place_of(method.upper(), path), False
            for body in reader.examples(operation):
                count, has_example = count + 1, True
                if count > MAX_EXCHANGES:
                    raise BadRequestError(f"{count} examples; {MAX_EXCHANGES} are allowed")
                yield Exchange(method.upper(), _segments(path), body, place)
            if not has_example:
                unused.add("without an example of a reply", place)


def _segments(path: str) -> tuple[str | None, ...]:
    parts = (part for part in path.split("/") if part)
    return tuple(None if _PARAMETER.search(part) else part for part in parts)


@dataclass(slots=True)
class _Reader:
    """Follows references within a document, and counts the steps."""

    document: Mapping[str, Any]
    steps: int = 0

    def resolved(self, value: Json) -> Mapping[str, Any]:
        """Return an object, or the one that it refers to; empty if that is not in the document."""
        for _ in range(MAX_LEVELS):
            self._step()
            if not isinstance(value, dict):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self._target(reference)
        return {}

    def examples(self, operation: Mapping[str, Any]) -> Iterator[Json]:
        """Yield the examples of the successful replies of an operation."""
        for status, item in _pairs(operation.get("responses")):
            if status[:1] == "2":
                yield from self._of_reply(self.resolved(item))

    def _of_reply(self, reply: Mapping[str, Any]) -> Iterator[Json]:
        contents = [item for name, item in _pairs(reply.get("content")) if is_json(name)]
        for item in contents:
            content = self.resolved(item)
            yield from self._of_content(content)
        named = [item for name, item in _pairs(reply.get("examples")) if is_json(name)]  # of 2.0
        yield from named
        if not contents and not named and "schema" in reply:
            yield from self._of_schema(reply["schema"])

    def _of_content(self, content: Mapping[str, Any]) -> Iterator[Json]:
        examples = [self.resolved(item) for _, item in _pairs(content.get("examples"))]
        values = [item["value"] for item in examples if "value" in item]
        if "example" in content:
            values.append(content["example"])
        yield from values
        if not values:
            yield from self._of_schema(content.get("schema"))

    def _of_schema(self, schema: Json) -> Iterator[Json]:
        value = self._example(schema, 0)
        if value is not _ABSENT:
            yield value

    def _example(self, schema: Json, level: int) -> Any:
        """Return the example of a schema, or one that its properties give; else _ABSENT."""
        if level > MAX_LEVELS:
            return _ABSENT
        resolved = self.resolved(schema)
        if "example" in resolved:
            return resolved["example"]
        examples = resolved.get("examples")
        if isinstance(examples, list) and examples:
            return examples[0]
        if "items" in resolved:
            item = self._example(resolved["items"], level + 1)
            return item if item is _ABSENT else [item]
        fields: dict[str, Json] = {}
        for part in resolved.get("allOf") or ():
            inner = self._example(part, level + 1)
            fields |= inner if isinstance(inner, dict) else {}
        for name, item in _pairs(resolved.get("properties")):
            value = self._example(item, level + 1)
            if value is not _ABSENT:
                fields[name] = value
        return fields or _ABSENT

    def _target(self, reference: str) -> Json:
        if not reference.startswith("#/"):
            return None
        value: Json = self.document
        for part in reference[2:].split("/")[:20]:
            name = part.replace("~1", "/").replace("~0", "~")
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise BadRequestError(
                f"the OpenAPI document takes over {MAX_STEPS} steps to look through: its schemas"
                " refer to each other too often"
            )


def _pairs(value: Json) -> list[tuple[str, Any]]:
    return [*value.items()] if isinstance(value, dict) else []


def _object(value: Json) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None
