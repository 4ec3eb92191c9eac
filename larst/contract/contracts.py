"""A contract: its operations, which of them a request means, and what a reply must be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, pairwise

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from larst.contract.effort import evaluations
from larst.domain import Json

MAX_DEVIATIONS = 5
_MAX_WITH_ALL_ERRORS = 1_000
_MAX_EXPECTED_CHARACTERS = 80
_MAX_NAME_CHARACTERS = 64
_MASK = "value"


@dataclass(frozen=True)
class ReplySchema:
    """The schema of a reply, a JSON Schema that is complete in itself; compiled when first used."""

    schema: Mapping[str, Json]

    @cached_property
    def validator(self) -> Draft202012Validator:
        """The compiled schema: in Rust, with expressions that take linear time.

        Raises:
            ValueError: the schema is not valid.
        """
        return Draft202012Validator(
            dict(self.schema), pattern_options=RegexOptions(), offline=True, mask=_MASK
        )

    def deviations(self, body: Json) -> list[str]:
        """Return how a body deviates, by paths and keywords of the schema: no value is named."""
        if (count := evaluations(self.schema, body)) is None:
            return ["body: it is too large to be held against the schema; ask for a page"]
        texts = (_text(error, self.schema) for error in self._errors(body, count))
        return list(dict.fromkeys(islice(texts, MAX_DEVIATIONS)))

    def _errors(self, body: Json, count: int) -> Iterator[ValidationError]:
        """Yield the errors of a body; of a large one the first, since each takes up to 25 us."""
        if count <= _MAX_WITH_ALL_ERRORS:
            yield from self.validator.iter_errors(body)
            return
        try:
            self.validator.validate(body)
        except ValidationError as error:
            yield error


@dataclass(frozen=True, slots=True)
class Operation:
    """What a contract says about a method of a path.

    In `segments`, None is a parameter. `replies` has a schema by status (`200`, `2XX`, `default`);
    None: any body. `knowledge` is what a planner may see of it.
    """

    method: str
    segments: tuple[str | None, ...]
    replies: Mapping[str, ReplySchema | None]
    knowledge: Mapping[str, Json]

    @property
    def route(self) -> str:
        """The path, with `{}` for each parameter."""
        return "/" + "/".join("{}" if part is None else part for part in self.segments)

    def reply_to(self, status: int) -> tuple[bool, ReplySchema | None]:
        """Return whether the contract describes a reply with this status, and its schema."""
        for name in (str(status), f"{status // 100}XX", "default"):
            if name in self.replies:
                return True, self.replies[name]
        return False, None


@dataclass(frozen=True)
class Contract:
    """All operations of a document; `prefixes` are paths that its servers put before them."""

    title: str
    operations: Sequence[Operation]
    prefixes: Sequence[tuple[str, ...]] = ()
    _by_length: dict[tuple[str, int], list[Operation]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        ordered = sorted(self.operations, key=lambda item: [part is None for part in item.segments])
        for operation in ordered:
            key = operation.method, len(operation.segments)
            self._by_length.setdefault(key, []).append(operation)

    def find(self, method: str, segments: Sequence[str]) -> Operation | None:
        """Return the operation of a request: the one with the most literal path; None: none."""
        method = "GET" if method == "HEAD" else method
        for prefix in ((), *self.prefixes):
            if tuple(segments[: len(prefix)]) != prefix:
                continue
            path = segments[len(prefix) :]
            for operation in self._by_length.get((method, len(path)), ()):
                if _fits(operation.segments, path):
                    return operation
        return None


def _fits(template: Sequence[str | None], path: Sequence[str]) -> bool:
    return all(part in (None, text) for part, text in zip(template, path, strict=True))


def _text(error: ValidationError, schema: Mapping[str, Json]) -> str:
    """Return a deviation by its place in the schema: `items[].price: type must be "number"`."""
    node: Json = schema
    for step in error.schema_path:
        node = _child(node, step)
    expected = json.dumps(node)[:_MAX_EXPECTED_CHARACTERS]
    place = _place(error.evaluation_path)  # it goes through references, and has all names
    return f"{place or 'body'}: {_keyword(error.schema_path)} must be {expected}"


def _place(steps: Sequence[str | int]) -> str:
    place = ""
    for before, step in pairwise(steps):
        if before == "properties":
            name = ascii(str(step)[:_MAX_NAME_CHARACTERS])[1:-1]  # deviations go into a header
            place += f".{name}" if place else name
        elif step in ("items", "prefixItems"):
            place += "[]"
    return place


def _keyword(steps: Sequence[str | int]) -> str:
    return next((step for step in reversed(steps) if isinstance(step, str)), "schema")


def _child(node: Json, step: str | int) -> Json:
    if isinstance(node, list) and isinstance(step, int):
        return node[step] if step < len(node) else None
    return node.get(step) if isinstance(node, Mapping) else None
