"""JSON bodies, bounded before they are parsed. Pure.

The parser and every later stage take time for each value, whatever its size: five bytes of `[[]],`
cost as much as a long text. Must never refuse a body for the length of its texts.
"""

from __future__ import annotations

from larst.domain import Json
from larst.errors import BodyTooLargeError
from larst.exact_json import parse_json
from larst.json_counting import has_more_values

MAX_VALUES = 100_000
"""Values of one body; each text, number, list and object counts."""

MAX_FIELDS = 10_000
"""Fields of one object."""

MAX_OPERATIONS = 1000
"""Operations of one JSON Patch."""

MAX_STEPS = 10_000
"""Steps of all paths in one JSON Patch; `/address/city` has two."""

_SMALL_BYTES = 32 * 1024
"""A shorter body cannot reach the limits above."""


def read_json(raw: bytes) -> Json:
    """Return a JSON body.

    Raises:
        BodyTooLargeError: it has too many values, or an object has too many fields.
        InvalidJsonError: it is not JSON, or has a number that cannot be kept exactly.
    """
    if len(raw) < _SMALL_BYTES:
        return parse_json(raw)
    check_value_count(raw)
    value = parse_json(raw)
    _check_field_counts(value)
    return value


def check_value_count(raw: bytes) -> None:
    """Refuse JSON that has too many values.

    Raises:
        BodyTooLargeError: it has.
    """
    if has_more_values(raw, MAX_VALUES):
        raise BodyTooLargeError(
            f"the body has more than {MAX_VALUES} JSON values; send them in several requests"
        )


def check_patch(operations: list[Json]) -> None:
    """Refuse a JSON Patch that would take too long to apply.

    Raises:
        BodyTooLargeError: it has too many operations, or its paths have too many steps.
    """
    if len(operations) > MAX_OPERATIONS:
        raise BodyTooLargeError(
            f"the patch has {len(operations)} operations; the limit is {MAX_OPERATIONS}"
        )
    paths = [
        path
        for operation in operations
        if isinstance(operation, dict)
        for path in (operation.get("path"), operation.get("from"))
        if isinstance(path, str)
    ]
    if (steps := sum(path.count("/") for path in paths)) > MAX_STEPS:
        raise BodyTooLargeError(
            f"the paths of the patch have {steps} steps in all; the limit is {MAX_STEPS}"
        )


def _check_field_counts(value: Json) -> None:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if len(item) > MAX_FIELDS:
                raise BodyTooLargeError(
                    f"an object of the body has {len(item)} fields; the limit is {MAX_FIELDS}"
                )
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
