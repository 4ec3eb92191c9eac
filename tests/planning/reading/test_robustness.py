"""No query, however odd, raises anything but the errors that explain it."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from larst.errors import BadPagingError, QueryNotUnderstoodError
from larst.planning.reading.asked import Asked
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.query import read_query
from tests.effort import examples
from tests.planning.reading.queries import QUERIES
from tests.planning.reading.world import DATA, FIELDS, query_of


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(QUERIES, st.sampled_from(sorted(DATA)), st.booleans())
@example({"filter": ("(" * 3000,)}, "posts", False)
@example({"filter": ("!" * 3000,)}, "posts", False)
@example({"filter": ("not " * 900,)}, "posts", False)
@example({"filter": ("{" * 900,)}, "posts", False)
@example({"filter": ('{"a":' * 900,)}, "posts", False)
@example({"sort": ("[" * 900 + "]" * 900,)}, "posts", False)
@example({"select": ("a(" * 900,)}, "posts", False)
@example({"include": ("a." * 900,)}, "posts", False)
@example({"or": ("(or" * 900 + ")" * 900,)}, "posts", False)
@example({"a" + "[b]" * 900: ("1",)}, "posts", False)
@example({"views": ("$not:" * 900 + "5",)}, "posts", False)
@example({"views": (">1," * 900,)}, "posts", False)
def test_no_query_raises_anything_but_the_two_errors(
    query: dict[str, tuple[str, ...]], resource: str, is_change: bool
) -> None:
    """Any other error would be a 500 for text that anyone can send."""
    options = ReadingOptions(resource, is_change)
    try:
        reading = read_query(query, FIELDS[resource], options)
    except (QueryNotUnderstoodError, BadPagingError):
        return
    assert json.dumps([str(name) for name in reading.unknown])


def test_a_query_without_words_is_every_record() -> None:
    """A request without a query pays nothing, and asks for everything."""
    assert read_query({}, FIELDS["posts"], ReadingOptions()).asked == Asked()
    assert query_of("/posts") == {}
