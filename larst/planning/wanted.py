"""The comparison of a reply with the one that a user wants. Pure.

Must never name in a difference anything but what the user's example holds: it goes to a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import orjson

from larst.domain import Json, Reply, WantedReply
from larst.planning.shapes.sketch import shown_name, sketch_of_value

MAX_DIFFERENCES = 10

_ANY = "<any>"
_CLASSES = frozenset(
    "<int> <number> <bool> <text> <email> <date> <datetime> <time> <uuid> <url>".split()
)


def differences(goal: WantedReply, reply: Reply) -> list[str]:
    """Return how a reply differs from the wanted one: at most `MAX_DIFFERENCES`; empty if not."""
    return [*islice(_differences(goal, reply), MAX_DIFFERENCES)]


def _differences(goal: WantedReply, reply: Reply) -> Iterator[str]:
    if goal.status is not None and reply.status != goal.status:
        yield f"status is {reply.status} and must be {goal.status}"
    if not goal.has_body:
        return
    try:
        body = None if reply.body is None else orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        yield "body is not JSON"
        return
    yield from _below("body", goal.body, body)


def _below(path: str, goal: Json, value: Json) -> Iterator[str]:
    if isinstance(goal, dict) and isinstance(value, dict):
        yield from _in_object(path, goal, value)
    elif isinstance(goal, list) and isinstance(value, list):
        if len(goal) != len(value):
            yield f"{path} must have {len(goal)} items, and has {_more(len(value), len(goal))}"
        for place, (want, item) in enumerate(zip(goal, value, strict=False)):
            yield from _below(f"{path}[{place}]", want, item)
    elif not _is_match(goal, value):
        yield f"{path} must be {_kind(goal)}, and is another value"


def _in_object(path: str, goal: dict[str, Json], value: dict[str, Json]) -> Iterator[str]:
    for name, want in goal.items():
        below = f"{path}.{shown_name(name)}"
        if name not in value:
            yield f"{below} is missing"
        else:
            yield from _below(below, want, value[name])
    if not value.keys() <= goal.keys():
        yield f"{path} has fields that the example does not have"


def _more(count: int, goal: int) -> str:
    return "more" if count > goal else "fewer"


def _is_match(goal: Json, value: Json) -> bool:
    if isinstance(goal, str) and goal in _CLASSES:
        return _is_of_class(goal, value)
    is_bool = isinstance(goal, bool), isinstance(value, bool)
    return goal == _ANY or (is_bool[0] == is_bool[1] and bool(goal == value))


def _is_of_class(goal: str, value: Json) -> bool:
    if goal == "<text>":
        return isinstance(value, str)
    if goal == "<number>":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return bool(sketch_of_value(value) == goal)


def _kind(goal: Json) -> str:
    """Return how a difference names a wanted value: the example itself is in the prompt."""
    if isinstance(goal, dict | list):
        return "an object" if isinstance(goal, dict) else "a list"
    return "as in the example"
