"""`null`, `undefined` and `NaN` in queries: the reading and the store compare one value."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.http.presentation.wording import reading_text
from tests.fakes import request
from tests.planning.sessions import answer_of, session_of, shaped_of

_ITEMS: list[dict[str, Json]] = [
    {"id": 1, "status": None, "word": None, "n": 1},
    {"id": 2, "status": "open", "word": "null", "n": None},
    {"id": 3, "word": "NaN", "tags": ["null", "undefined"]},
]
_AMBIGUOUS = [
    *("status=null", "status_ne=null", "status=undefined", "status=eq.null", "n=null", "n_gt=null"),
    *("status=NaN", "status=null&status=open", "status_in=open,null", "status[]=null", "tags=NaN"),
    *('filter={"status":"null"}', "status=None", "not[status]=undefined", "status=[object Object]"),
    *("word=undefined", "filter[status]=null", "n_in=1,null", "$filter=status eq 'null'"),
]


def _ids(query: str) -> list[Json]:
    session = session_of({"items": _ITEMS})
    body = answer_of(request("GET", f"/items?{quote(query, safe='=&')}"), session).body
    return [row["id"] for row in body["items"]]


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
@pytest.mark.parametrize("query", _AMBIGUOUS)
def test_a_change_refuses_a_missing_value_that_no_record_has_as_text(
    method: str, query: str
) -> None:
    """A bug in the client's program; below a negation it would select everything."""
    session = session_of({"items": _ITEMS})
    with pytest.raises(QueryNotUnderstoodError):
        answer_of(request(method, f"/items?{quote(query, safe='=&')}", b'{"a":1}'), session)


def test_the_refusal_says_how_to_ask_for_missing_values() -> None:
    session = session_of({"items": _ITEMS})
    with pytest.raises(QueryNotUnderstoodError, match="status_null=true"):
        answer_of(request("DELETE", "/items?status=null"), session)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("word=null", [2]),
        ("word=NaN", [3]),
        ("word_in=null,NaN", [2, 3]),
        ("word_ne=null", [1, 3]),
        ("tags=null", [3]),
        ("tags=undefined", [3]),
        ("status_null=true", [1, 3]),
        ("status=is.null", [1, 3]),
    ],
)
def test_a_change_takes_the_texts_that_records_have(query: str, ids: list[Json]) -> None:
    """The text alone: a record whose word is null does not have the word `null`."""
    session = session_of({"items": _ITEMS})
    answer_of(request("DELETE", f"/items?{query}"), session)
    assert [row["id"] for row in session.matching("items", {})] == [
        item["id"] for item in _ITEMS if item["id"] not in ids
    ]
    assert _ids(query) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("status=null", [1]),
        ("status=null&status=open", [1, 2]),
        ("status_ne=null", [2, 3]),
        ("n=null", [2]),
        ("n_in=null,1", [1, 2]),
        ("status=undefined", []),
    ],
)
def test_get_reads_null_as_the_missing_value_where_no_record_has_the_text(
    query: str, ids: list[Json]
) -> None:
    assert _ids(query) == ids


def test_the_reading_names_the_value_that_is_compared() -> None:
    """`X-LARST-Reading` said the text, while the store also compared the missing value."""
    session = session_of({"items": _ITEMS})
    readings = {
        query: reading_text(shaped_of(request("GET", f"/items?{query}"), session).reading)
        for query in ("status=null", "word=null")
    }
    assert readings == {"status=null": "where status = null", "word=null": 'where word like "null"'}
