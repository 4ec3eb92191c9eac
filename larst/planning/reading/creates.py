"""What the query of a create asks for: fields and relations of the reply. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from larst.planning.reading.asked import ALWAYS, Asked, Condition, QueryReading, conditions_of

_MAX_NAMES = 5
_BY_ID = ("on_conflict", "id")
"""PostgREST's column that decides whether a record is known; here it is always the id."""


def of_create(query: QueryReading) -> QueryReading:
    """Return the reading without the parts that choose among records; a note names them.

    The new record is not among those that a filter, an order or a page would choose.
    """
    names = list(dict.fromkeys(_without_effect(query.asked)))
    asked = replace(
        query.asked,
        where=ALWAYS,
        limit=None,
        offset=0,
        page=None,
        after=None,
        before=None,
        sort=(),
        is_search=False,
    )
    if not names:
        return QueryReading(asked)
    listed = " and ".join(names[:_MAX_NAMES])
    return QueryReading(asked, aliases=(f"without {listed}: a create takes no filters or pages",))


def _without_effect(asked: Asked) -> Iterator[str]:
    for condition in conditions_of(asked.where):
        if not _is_conflict_target(condition):
            yield condition.key or condition.field
    if asked.sort:
        yield "sort"
    if asked.is_paged:
        yield "paging"


def _is_conflict_target(condition: Condition) -> bool:
    return (condition.field, condition.value) == _BY_ID
