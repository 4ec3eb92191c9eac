"""No reading widens what a DELETE or PATCH takes in."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from larst.domain import Json
from larst.errors import BadPagingError, QueryNotUnderstoodError
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.query import read_query
from tests.effort import examples
from tests.planning.reading.queries import ANY_TEXT, TEXT
from tests.planning.reading.world import DATA, FIELDS, asked, matches
from tests.planning.reading.writers import CONDITIONS, WRITERS, Conditions

_CHANGE_KEYS = st.one_of(
    st.sampled_from(
        "status views title id tags userId status_ne views_gt views[gte] views_exists tags_isnull"
        " title_like q where filter filters[status] $or[0][id] nope nope_ne v _ t user.name or not"
        " views!  exclude ids status_in createdAt from"
        " filter[where][views][lt] title_notcontains".split()
    ),
    ANY_TEXT,
)
_CHANGE_VALUES = st.one_of(
    st.sampled_from(
        [
            "draft",
            "50",
            "!draft",
            ">50",
            "50..60",
            "1,2",
            "*",
            "P*",
            "",
            "gt.50",
            "not.eq.draft",
            "$not:draft",
            "not:draft",
            '{"status":"draft"}',
            '{"not":{"nope":{"ne":1}}}',
            "true",
            '{"$or":[{},{"id":1}]}',
            '{"id":{"$nin":[]}}',
            "status ne draft",
            "status:draft",
            "(status.eq.draft,id.eq.1)",
            '{"nope":null}',
            "2025-01-20",
            "a,b",
            '"draft"',
            "null",
        ]
    ),
    TEXT,
)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(_CHANGE_KEYS, st.tuples(_CHANGE_VALUES), min_size=1, max_size=3),
    st.sampled_from(sorted(DATA)),
)
@example({"status": ("",), "userId": ("1",)}, "posts")
@example({"title": ("*",)}, "posts")
@example({"v": ("2",), "status": ("draft",)}, "posts")
@example({"where": ('{"not":{"nope":{"ne":1}}}',)}, "posts")
@example({"nope_ne": ("1",)}, "posts")
@example({"nope_exists": ("false",)}, "posts")
def test_a_change_takes_in_no_record_that_a_read_does_not_show(
    query: dict[str, tuple[str, ...]], resource: str
) -> None:
    """People look with GET at the records that DELETE will take."""
    try:
        change = read_query(query, FIELDS[resource], ReadingOptions(resource, is_change=True))
        visible = read_query(query, FIELDS[resource], ReadingOptions(resource))
    except (QueryNotUnderstoodError, BadPagingError):
        return
    for record in DATA[resource]:
        if matches(change.asked.where, record, resource):
            assert matches(visible.asked.where, record, resource)


@settings(max_examples=examples(25), deadline=None)
@given(CONDITIONS, st.sampled_from(sorted(WRITERS)))
def test_a_change_understands_what_a_read_does(conditions: Conditions, dialect: str) -> None:
    """Operators that are written out are read in a change too, in every dialect."""
    target = "/posts?" + "&".join(WRITERS[dialect](conditions, None, []))
    assert asked(target, is_change=True).where == asked(target).where


_PLAIN_KEYS = st.sampled_from(["status", "views", "title", "tags", "id", "createdAt", "userId"])
_PLAIN_VALUES = st.one_of(
    TEXT,
    st.sampled_from(["draft", "draf", ">0", "!x", "a,b", "1..30", "*", "true", "", "gt:1", "1-30"]),
)


@settings(max_examples=examples(25), deadline=None)
@given(st.dictionaries(_PLAIN_KEYS, _PLAIN_VALUES, min_size=1, max_size=2))
def test_a_plain_key_and_value_of_a_change_mean_equality(query: dict[str, str]) -> None:
    """`DELETE ?views=>0` could be a slip; only PostgREST's operators, stars and numbers are read.

    Those cannot be a value by mistake: `gt.50`, `Dan*`, and `1,2` of a field of numbers.
    """
    assume(not any("*" in text or "." in text or "," in text for text in query.values()))
    try:
        reading = read_query(
            {key: (text,) for key, text in query.items()},
            FIELDS["posts"],
            ReadingOptions("posts", is_change=True),
        )
    except QueryNotUnderstoodError:
        return
    for record in DATA["posts"]:
        if matches(reading.asked.where, record):
            assert all(_is_literally(record[key], text) for key, text in query.items())


def _is_literally(stored: Json, text: str) -> bool:
    items = stored if isinstance(stored, list) else [stored]
    return any(str(item) == text or _number(text) == item for item in items)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
