"""Records as CSV and NDJSON, and the types that are refused."""

from __future__ import annotations

import orjson
import pytest

from larst.domain import Json
from larst.errors import NotAcceptableError
from tests.http.presentation.helpers import ANN, answered, as_json, body, listed

ITEMS: list[dict[str, Json]] = [
    {"id": 1, "name": 'A "b", c', "tags": ["x"]},
    {"id": 2, "name": None, "age": 3},
]


def test_csv_has_a_column_for_every_field() -> None:
    reply = listed(items=ITEMS, headers={"accept": "text/csv"})

    assert reply.media_type == "text/csv; charset=utf-8"
    assert (reply.body or b"").decode().split("\r\n") == [
        "id,name,tags,age",
        '1,"A ""b"", c","[""x""]",',
        "2,,,3",
        "",
    ]


@pytest.mark.parametrize("name", ["application/x-ndjson", "application/jsonl"])
def test_ndjson_has_a_line_for_every_record(name: str) -> None:
    reply = listed(items=ITEMS, headers={"accept": name})

    assert reply.media_type == "application/x-ndjson"
    assert [orjson.loads(line) for line in (reply.body or b"").splitlines()] == ITEMS


def test_one_record_can_be_csv() -> None:
    headers = {"accept": "text/csv"}

    reply = answered("larst", "get", as_json(ANN), method="GET", headers=headers)

    assert reply.body == b"id,name\r\n1,Ann\r\n"


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/json",
        "application/problem+json",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/json;odata.metadata=minimal",
        "application/vnd.github+json",
        "nonsense, text/plain",
    ],
)
def test_a_client_that_accepts_any_json_gets_json(accept: str) -> None:
    assert listed(headers={"accept": accept}).media_type == "application/json"


@pytest.mark.parametrize("accept", ["application/xml", "image/png", "application/pdf, image/*"])
def test_other_types_are_refused_with_those_that_work(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match="accept application/json, text/csv or"):
        listed(headers={"accept": accept})


def test_a_write_is_never_refused_for_its_accept() -> None:
    """It has already happened: an error would make the client repeat it."""
    headers = {"accept": "application/xml"}

    reply = answered("larst", "create", as_json(ANN, 201), method="POST", headers=headers)

    assert reply.status == 201


def test_postgrest_answers_with_one_record_if_the_client_accepts_one() -> None:
    headers = {"accept": "application/vnd.pgrst.object+json"}

    assert body(listed("postgrest", items=[ANN], headers=headers)) == ANN
    several = listed("postgrest", length=2, headers=headers)
    assert (several.status, body(several)["code"]) == (406, "PGRST116")
    assert "2 match" in body(several)["detail"]
