"""The criteria of a search (SPEC section 6): their type, and the words that they may contain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from larst.domain.json_values import Json

Criteria: TypeAlias = Mapping[str, Json]
"""Maps `field` or `field__operator` to a value; a record must meet all of them.

`*__icontains` searches all fields; the keys `AND`, `OR` and `NOT` do not name a field.
"""

AND = "&"
"""The key of a list of further criteria, which a record must meet too."""

OR = "|"
"""The key of a list of criteria, of which a record must meet one; no record meets an empty list.

A mapping from fields to an id instead of a list: one of the fields must hold the id."""

LINKED = OR

NOT = "!"
"""The key of criteria that a record must not meet."""

BY_CODE_POINTS = "="
"""Before a field in `sort`, as in `-=name`: its texts sort by code points, not without case."""

CRITERIA_OPERATORS = frozenset(
    "contains icontains startswith istartswith endswith iendswith iexact like ilike"
    " gt gte lt lte ne in exists".split()
)
"""The suffixes that may follow `__` in a criterion."""
