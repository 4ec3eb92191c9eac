"""What the conditions of a query must not be, and what else a change must not ask for. Pure.

A change takes in what matches, so nothing may match by mistake.
"""

from __future__ import annotations

import re

from larst.domain import AND, NOT, OR
from larst.errors import BadPagingError, QueryNotUnderstoodError
from larst.planning.reading.asked import (
    ANY_FIELD,
    AllOf,
    AnyOf,
    Condition,
    Node,
    Not,
    conditions_of,
)
from larst.planning.reading.vocabulary import PAGING, Meaning
from larst.planning.reading.words import Words

_IN_TEXTS = frozenset({"contains", "icontains"})
"""The operators of a search in all fields."""


def refuse_signs(where: Node) -> None:
    """Refuse the signs of criteria as fields: `&=1`, `*[in]=5`.

    Raises:
        QueryNotUnderstoodError: a condition has one.
    """
    for condition in conditions_of(where):
        is_sign = condition.field in (AND, OR, NOT)
        if is_sign or (condition.field == ANY_FIELD and condition.operator not in _IN_TEXTS):
            key = condition.key or condition.field
            raise QueryNotUnderstoodError(f"{key[:80]} is not understood")


def refuse_in_change(where: Node, words: Words) -> None:
    """Refuse what does not apply to a change of all that match, or would take in everything.

    Raises:
        QueryNotUnderstoodError: a condition has no value, or relations are to be embedded.
        BadPagingError: the query pages or sorts.
    """
    for condition in conditions_of(where):
        if _takes_in_all(condition):
            key = condition.key or condition.field
            raise QueryNotUnderstoodError(f"{key[:80]} needs a value to compare with")
    if _negates_empty(where):
        raise QueryNotUnderstoodError("a negated filter needs a value to compare with")
    if any(words.has(meaning) for meaning in PAGING | {Meaning.SORT, Meaning.DIRECTION}):
        raise BadPagingError("limit, offset and sort do not apply where all that match change")
    if words.has(Meaning.EMBED):
        raise QueryNotUnderstoodError("relations cannot be embedded in a change")


def _takes_in_all(condition: Condition) -> bool:
    """Return whether a condition without a value would take in every record: `title_like=`."""
    operator, value = condition.operator, condition.value
    if operator == "exists":
        return value is True and _ASKS_EXISTENCE.search(condition.key) is None
    is_text = operator == "ne" or operator in _TEXT_OPERATORS
    return is_text and isinstance(value, str) and not value.strip("*%")


_TEXT_OPERATORS = frozenset(
    "contains icontains startswith istartswith endswith iendswith like ilike".split()
)
_ASKS_EXISTENCE = re.compile(r"exist|null|nil|empty|present|blank|defined|has", re.IGNORECASE)


def _negates_empty(node: Node, *, is_negated: bool = False) -> bool:
    """Return whether an empty value stands below a negation: nearly every record would match."""
    match node:
        case Condition(value=value):
            return is_negated and value in ("", [], [""])
        case Not(inner):
            return _negates_empty(inner, is_negated=True)
        case AllOf(nodes) | AnyOf(nodes):
            return any(_negates_empty(child, is_negated=is_negated) for child in nodes)
    return False
