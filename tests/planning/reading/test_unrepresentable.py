"""Integers beyond 64 bits and halves of surrogate pairs: explained, or no match; never an error."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import orjson
import pytest

from larst.errors import BadRequestError
from tests.fakes import request
from tests.planning.sessions import answer_of, bound, session_of

_BIG = "123456789012345678901234567890"
_LONG = "1" * 5000
_ZEROS = "0" * 4 + "1" * 5000
_QUERIES = [
    *(
        "id={v}",
        "id_in=1,{v}",
        "ids={v}",
        "id[]={v}&id[]=1",
        "views={v}",
        "views_gt={v}",
        "id_ne={v}",
    ),
    *("views=[{v}]", "views=1..{v}", "views=gt.{v}", "after={v}", "title={v}", "foo={v}", "at={v}"),
    *("limit={v}", "offset={v}", "page={v}", "_start={v}&_end=9", "range=[0,{v}]", "at__year={v}"),
    *('filter={{"id":{v}}}', 'filter={{"views":{{"$gt":{v}}}}}', 'where={{"id":{{"$in":[{v}]}}}}'),
    *(
        "$filter=id eq {v}",
        "$filter=views gt {v}",
        "$top={v}",
        "filter=id=={v}",
        "views_between=1,{v}",
    ),
    *('filter={{"limit":{v}}}', "views=-{v}", "id=-{v}", "at_gt={v}", "views={v}.5", "views=1e{v}"),
    *(
        "orderBy=views&equalTo={v}",
        "startAt={v}",
        "at={v}-01-01",
        "cursor={v}",
        "or=(id.eq.{v},id.eq.1)",
    ),
]
_SURROGATES = [
    *('filter={{"title":"{v}"}}', 'filter={{"{v}":1}}', 'sort=["{v}","ASC"]', 'select=["{v}"]'),
    *('where={{"title":{{"contains":"{v}"}}}}', 'filter={{"tags":"{v}"}}', 'title=["{v}"]'),
    *('$sort={{"{v}":1}}', 'include=[{{"relation":"{v}"}}]', 'orderBy="title"&equalTo="{v}"'),
    *(
        'q={{"title":"{v}"}}',
        'title={{"$ne":"{v}"}}',
        'filter=[{{"property":"title","value":"{v}"}}]',
    ),
]
_CASES = [
    *((query, digits) for query in _QUERIES for digits in (_BIG, _LONG, _ZEROS)),
    *((query, "\\ud800") for query in _SURROGATES),
    *((query, "a\\uDFFFb") for query in _SURROGATES),
]


@pytest.mark.parametrize(("query", "value"), _CASES)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_value_that_no_record_can_have_is_refused_or_matches_nothing(
    method: str, query: str, value: str
) -> None:
    """It was 502: the store, or the wire to a worker, could not hold the value."""
    session = session_of({"posts": [{"views": 1, "title": "a", "tags": ["x"], "at": "2025-01-02"}]})
    target = f"/posts?{quote(query.format(v=value), safe='=&')}"
    with suppress(BadRequestError):
        binding = bound(request(method, target), session)
        assert orjson.dumps([binding.criteria, binding.sort, binding.select, binding.limit])
        assert answer_of(request(method, target), session).status in (200, 400)


@pytest.mark.parametrize("text", ['{"title": "\\ud83d\\ude00"}', '{"title": "\\\\ud800"}'])
def test_whole_pairs_and_escaped_backslashes_are_texts(text: str) -> None:
    session = session_of({"posts": [{"title": "\N{GRINNING FACE}"}, {"title": "\\ud800"}]})
    answer = answer_of(request("GET", f"/posts?filter={quote(text)}"), session)
    assert len(answer.body["items"]) == 1
