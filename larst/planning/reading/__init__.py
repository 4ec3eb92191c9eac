"""The question that a request asks, whatever spelling it uses: one reading before everything else.

`read_query` turns a query string into an `Asked`: criteria, paging, order, fields, relations;
`read_body` does so for the body of a search. Pure: `Fields` holds all that a reading needs to know
of the session. Must never widen the set of records that a DELETE or PATCH takes in, and never drop
a part that it does not understand: that is an error which names the nearest word.
"""

from __future__ import annotations

from larst.planning.reading.asked import (
    ANY_FIELD,
    RELATED,
    STORE_OPERATORS,
    AllOf,
    AnyOf,
    Asked,
    Condition,
    Embed,
    Node,
    Not,
    QueryReading,
    Related,
    conditions_of,
    to_criteria,
    without_relations,
)
from larst.planning.reading.effort import reading_steps
from larst.planning.reading.fields import Fields
from larst.planning.reading.options import ReadingOptions, UnknownMode
from larst.planning.reading.query import MAX_KEYS, MAX_VALUES, read_body, read_query
from larst.planning.reading.spellings import BY_FIELD
from larst.planning.reading.vocabulary import VERSION

__all__ = [
    "ANY_FIELD",
    "BY_FIELD",
    "MAX_KEYS",
    "MAX_VALUES",
    "RELATED",
    "STORE_OPERATORS",
    "VERSION",
    "AllOf",
    "AnyOf",
    "Asked",
    "Condition",
    "Embed",
    "Fields",
    "Node",
    "Not",
    "QueryReading",
    "ReadingOptions",
    "Related",
    "UnknownMode",
    "conditions_of",
    "read_body",
    "read_query",
    "reading_steps",
    "to_criteria",
    "without_relations",
]
