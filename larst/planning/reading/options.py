"""What a request and its session decide about a reading beside the query. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DEFAULT_PAGE_SIZE = 10

UnknownMode = Literal["match-nothing", "refuse", "ignore"]
"""What becomes of a filter on a field that no record ever had."""


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """The options of one reading.

    `is_change`: DELETE or PATCH of all that match. `page_base`, `page_size` and `matches_parts` are
    the dialect's; `matches_parts` lets `filter[title]=part` match a part where no record has the
    whole text, as Laravel's query builder does. `range_header` is the value of `Range`, and counts
    where the query has no paging.
    """

    resource: str = ""
    is_change: bool = False
    unknown: UnknownMode = "match-nothing"
    page_base: int = 1
    page_size: int = DEFAULT_PAGE_SIZE
    matches_parts: bool = False
    range_header: str | None = None
