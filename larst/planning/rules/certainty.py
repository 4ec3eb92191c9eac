"""Whether the built-in rules read a request without a guess. Pure.

Only then may they plan it where a language model is configured: a guess would be learned, and the
model would never be asked.
"""

from __future__ import annotations

from collections.abc import Callable

from larst.domain import BodyKind
from larst.planning.reading.nouns import singular
from larst.planning.reading.plurals import UNCOUNTABLE
from larst.planning.reading.verbs import is_verb_phrase
from larst.planning.shapes.rest_path import PathInterpretation, RestPath
from larst.planning.shapes.shape import Shape

_COMPUTED = frozenset(
    "analytics averages diagnostics insights leaderboards metrics recommendations rankings"
    " statistics stats suggestions totals trends".split()
)
"""Plurals that usually name the result of a computation: GET means records only if some exist."""


def is_certain(shape: Shape, path: PathInterpretation, is_resource: Callable[[str], bool]) -> bool:
    """Return whether REST convention leaves no doubt about a request.

    `is_resource`: whether records of that name were ever stored, or a schema declares them. Not
    certain are paths without a resource (`/login`), a word in the place of an id (`/members/me`),
    what may be a computed value (`/stats`, `/healthy`), what may be an action
    (`/customers/1/earn-points`), and a body that is not JSON.
    """
    if not isinstance(path, RestPath):
        return False
    is_own_path = path.is_latest or path.field is not None
    if path.is_word and not is_own_path:
        return False
    if shape.method != "OPTIONS" and _may_be_action(shape, path, is_resource):
        return False
    if shape.method == "GET" and not path.is_database and _may_be_computed(path.resource):
        return is_resource(path.resource)
    return shape.body is not BodyKind.TEXT or path.field is not None


def _may_be_computed(name: str) -> bool:
    """Return whether a name is not that of a collection by its form: `stats`, or no plural."""
    word = name.lower()
    return word in _COMPUTED or (singular(name) is None and word not in UNCOUNTABLE)


def _may_be_action(shape: Shape, path: RestPath, is_resource: Callable[[str], bool]) -> bool:
    """Return whether a name says what to do: `earn-points`, or as a new field `mark-as-read`."""
    if path.field is None:
        return is_verb_phrase(path.resource) and not is_resource(path.resource)
    is_new_field = shape.method == "PUT" and shape.body is BodyKind.OBJECT
    return is_new_field and is_verb_phrase(path.field)
