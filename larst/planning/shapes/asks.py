"""What a shape says about its request in LARST's own words. Pure.

Requests that ask for the same parts share a plan, however they spell them and whatever the values.
"""

from __future__ import annotations

from larst.planning.reading.request import NOTHING_ASKED, NOTHING_READ, Reading
from larst.planning.reading.target import Target


def asks_of(reading: Reading, path: Target, method: str) -> tuple[str, ...]:
    """Return the parts that a request asks for, for its shape: equal parts, equal plan."""
    if reading is NOTHING_READ and method != "DELETE":
        return ()
    asked, is_delete = reading.asked, method == "DELETE"
    flags = (
        ("criteria", asked.where != NOTHING_ASKED.where),
        ("limit", asked.limit is not None or asked.before is not None),
        ("offset", asked.offset > 0 or asked.after is not None or asked.before is not None),
        ("sort", bool(asked.sort)),
        ("select", asked.select is not None or bool(asked.exclude)),
        ("embed", bool(asked.embed)),
        ("search", asked.is_search and not path.is_search),
        ("records", _answers_with_records(reading, method)),
        ("cascade", is_delete and (reading.habits.cascades or bool(asked.dependents))),
        ("upsert", reading.is_upsert),
        ("keep", reading.keeps_known),
        ("minimal", reading.returns == "minimal" and method in ("POST", "PUT", "PATCH")),
    )
    return tuple(name for name, is_asked in flags if is_asked)


def _answers_with_records(reading: Reading, method: str) -> bool:
    """Return whether a change answers with the records: a read always does."""
    if method not in ("PATCH", "DELETE"):
        return False
    return reading.dialect.delete_reply == "record" or reading.returns == "representation"
