"""Requests as the clients of other servers send them, against a real service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from larst.domain import Json
from tests.dialects.changes import CHANGES, Change
from tests.dialects.forms import FORMS, Form
from tests.dialects.requests import HEADERS
from tests.planning.reading.requests import BY_DIALECT
from tests.planning.reading.world import DATA
from tests.service.api import Answer, Api

_MEMBERS = ("items", "data", "results", "value", "content", "_items")
"""Where the forms of a list have the records."""

_UNESCAPED = "=&+%,:;()*'!$[]{}@/.~_-"


async def _seed(api: Api, session_id: str) -> Api:
    """Return a client of a new session that has the records of the world."""
    session = api.session(f"{api.session_id}-{session_id}")
    path = f"/_larst/sessions/{session.session_id}/import?replace=true"
    reply = await api.post(path, dict(DATA))
    assert reply.status == 200, reply.body
    return session


def _encoded(target: str) -> str:
    path, separator, query = target.partition("?")
    return path + separator + quote(query, safe=_UNESCAPED).replace("%20", "+")


def _records(body: Any) -> list[dict[str, Json]] | None:
    if isinstance(body, list):
        return body
    if isinstance(body, dict):
        lists = (body[name] for name in _MEMBERS if isinstance(body.get(name), list))
        by_id = list(body.values()) if all(isinstance(v, dict) for v in body.values()) else None
        return next(lists, by_id)
    return None


def _flat(record: dict[str, Json]) -> dict[str, Json]:
    """Return a record without the wrapping of JSON:API and of `{data}`."""
    inner = record.get("data", record)
    attributes = inner.get("attributes") if isinstance(inner, dict) else None
    return {**inner, **attributes} if isinstance(attributes, dict) else inner


@pytest.mark.parametrize("dialect", BY_DIALECT)
async def test_a_list_has_the_records_that_its_request_means(api: Api, dialect: str) -> None:
    """An empty list for an ordinary request is the worst answer: it looks right."""
    session = await _seed(api, "reads")
    headers = {"X-LARST-Dialect": HEADERS[dialect]} if dialect in HEADERS else {}
    problems: list[str] = []
    for target, expected in BY_DIALECT[dialect]:
        reply = await session.get(_encoded(target), headers=headers)
        records = _records(reply.body) if reply.status < 300 else None
        problem = _problem(records, expected)
        if problem is not None:
            problems.append(f"{target}: {reply.status}, {problem}")

    assert not problems, "\n".join(problems)


def _problem(records: list[dict[str, Json]] | None, expected: list[Json]) -> str | None:
    """Return how the records differ from those expected; a selection may leave the id out."""
    if records is None or len(records) != len(expected):
        return f"{records if records is None else len(records)} records, not {len(expected)}"
    ids = [record["id"] for record in records if "id" in record]
    if ids and [str(id) for id in ids] != [str(id) for id in expected]:
        return f"{ids[:5]}, not {expected[:5]}"
    return None


def test_every_change_is_judged_by_more_than_its_status() -> None:
    """A success that nothing describes would pass whatever it did."""
    assert [c.name for c in CHANGES if c.status < 400 and not (c.reply or c.after)] == []


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
async def test_a_change_does_as_its_client_expects(api: Api, change: Change) -> None:
    session = await _seed(api, "changes")

    reply = await _send(session, change)

    assert reply.status == change.status, reply.body
    if change.reply:
        assert _has(_flat(reply.body), change.reply)
    for path, expected in change.after.items():
        after = await session.get(path, headers={"X-LARST-Dialect": "larst"})
        if isinstance(expected, int):
            assert after.status == expected, path
        else:
            assert _has(after.body, expected), (path, after.body)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.dialect} {form.target}")
async def test_a_reply_has_the_form_that_its_mark_shows(api: Api, form: Form) -> None:
    """A weak mark decides for its own reply, and must not take LARST's form from other clients."""
    session = await _seed(api, "forms")

    reply = await session.get(_encoded(form.target), headers=dict(form.headers or {}))

    assert reply.status == 200, reply.body
    assert reply.headers.get("X-LARST-Dialect", "larst").split()[0] == form.dialect
    if form.reply is not None:
        assert _has(reply.body, form.reply), reply.body
    if form.keys:
        first, *_ = _records(reply.body) or [{}]
        assert set(form.keys) <= set(first), reply.body


async def test_a_range_behind_the_end_cannot_be_satisfied(api: Api) -> None:
    session = await _seed(api, "range")

    reply = await session.get("/posts", headers={"Range": "items=30-39"})

    assert (reply.status, reply.headers["Content-Range"]) == (416, "items */30")
    assert (await session.get("/posts", headers={"Range": "items=29-39"})).status == 206
    assert (await session.get("/nothing", headers={"Range": "items=0-9"})).status == 200


async def test_a_range_beside_a_query_is_a_page(api: Api) -> None:
    """react-admin's simple-rest client sends both, and expects an empty last page."""
    session = await _seed(api, "page")

    reply = await session.get("/posts?range=[80,89]", headers={"Range": "posts=80-89"})

    assert (reply.status, reply.body) == (200, [])
    assert reply.headers["X-Total-Count"] == "30"


async def test_a_learned_postgrest_answers_a_create_without_a_body(api: Api) -> None:
    """supabase-js asks for the record with `Prefer`, and reads any body as the record."""
    session = await _seed(api, "silent")
    assert (await session.get("/posts?views=gte.90&order=views.desc")).status == 200

    reply = await session.post("/posts", {"title": "New"})

    assert reply.headers["X-LARST-Dialect"] == "postgrest (learned)"
    assert (reply.status, reply.raw) == (201, b"")


async def test_a_path_that_ends_in_csv_answers_with_csv(api: Api) -> None:
    session = await _seed(api, "csv")

    reply = await session.get("/users.csv?age_gt=40")

    assert reply.raw.splitlines()[1].startswith(b"4,User 4,")


async def _send(session: Api, change: Change) -> Answer:
    body = change.body
    raw = body.encode() if isinstance(body, str) else None if body is None else orjson.dumps(body)
    headers = dict(change.headers)
    if raw is not None:
        headers.setdefault("Content-Type", "application/json")
    return await session.send(change.method, _encoded(change.target), raw=raw, headers=headers)


def _has(body: Any, members: Mapping[str, Json]) -> bool:
    """Return whether a body has the members; an inner object may have more."""
    return isinstance(body, dict) and all(
        _has(body.get(name), value) if isinstance(value, dict) else body.get(name) == value
        for name, value in members.items()
    )
