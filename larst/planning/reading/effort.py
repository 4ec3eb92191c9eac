"""How much work the reading of a request may be, estimated before it is read. Pure.

Names that a client makes up are the costly ones: each is looked for among the fields, the resources
and their relations. Must never take longer than a small fraction of what it estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from larst.domain import Json, RequestContext

STEPS_PER_CHARACTER = 10
"""A condition of twelve characters takes about 40 µs; a step is about 0.4 µs."""

_RESOURCES_PER_STEP = 2
_FIELDS_PER_STEP = 16
_LEAST_CHARACTERS = 50
"""`?_embed=all` looks at every resource."""

_MOST_CHARACTERS = 100_000
_CHARACTERS_PER_VALUE = 10
"""What a value counts for beside its text: its condition has a field and an operator."""


def reading_steps(
    request: RequestContext, resources: Collection[str], fields: Callable[[str], Collection[str]]
) -> int:
    """Return how many steps the reading may take; `fields` returns those of a resource."""
    asked = _asked_characters(request)
    names = [text for text in request.segments if not text.isdigit() and text not in resources]
    if not asked and not names:
        return 0
    field_count = sum(len(fields(text)) for text in request.segments if text in resources)
    width = len(resources) // _RESOURCES_PER_STEP + field_count // _FIELDS_PER_STEP
    asked += sum(map(len, names)) + _LEAST_CHARACTERS
    return asked * (STEPS_PER_CHARACTER + width)


def _asked_characters(request: RequestContext) -> int:
    """Return how many characters the query has, and a body that may be a question."""
    asked = sum(
        len(key) + sum(map(len, values)) + _CHARACTERS_PER_VALUE * len(values)
        for key, values in request.query.items()
    )
    # A body on a collection itself is a record: it is not read as a question.
    is_question = request.method == "POST" and len(request.segments) > 1
    body = request.body.json
    return asked + _characters(body) if is_question and isinstance(body, dict) else asked


def _characters(value: Json) -> int:
    """Return how many characters the texts of a value have, with a share for each value."""
    pending: list[Json] = [value]
    count = 0
    while pending and count < _MOST_CHARACTERS:
        item = pending.pop()
        count += _CHARACTERS_PER_VALUE
        if isinstance(item, str):
            count += len(item)
        elif isinstance(item, dict | list):
            if len(item) > _MOST_CHARACTERS:
                return _MOST_CHARACTERS
            pending += item.values() if isinstance(item, dict) else item
            count += sum(map(len, item)) if isinstance(item, dict) else 0
    return count
