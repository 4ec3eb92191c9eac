"""The criteria of a search (SPEC section 6): their type, and the words that they may contain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from larst.domain.json_values import Json

Criteria: TypeAlias = Mapping[str, Json]
"""Maps `field` or `field__operator` to a value; a record must meet all of them.

`*__icontains` searches all fields; the keys `AND` and `LINKED` do not name a field.
"""

AND = "&"
"""The key of a list of further criteria, which a record must meet too."""

LINKED = "|"
"""The key of a mapping from fields to an id; at least one of the fields must hold the id."""

CRITERIA_OPERATORS = frozenset(
    "contains icontains startswith istartswith endswith iendswith"
    " gt gte lt lte ne in exists".split()
)
"""The suffixes that may follow `__` in a criterion."""
