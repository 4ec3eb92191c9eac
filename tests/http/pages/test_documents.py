"""Documents of sessions are cached while they are current, within a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from larst.config import load_settings
from larst.http.pages import documents
from larst.http.pages.documents import LARGE_FIELDS, MAX_CACHED_BYTES, SessionDocuments
from larst.planning.book import PlanBook
from larst.session import SessionClient
from larst.store.schema.learning import learn_schema
from tests.http.helpers import MakeClient

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MakeDocuments = Callable[..., SessionDocuments]


class UnusedSessions:
    """Takes the place of the session client; nothing here reaches a session."""


def learned(*fields: str) -> dict[str, Any]:
    return learn_schema(None, {"id": 1, **dict.fromkeys(fields, "x")}, NOW)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sessions whose documents were built, in order."""
    session_ids: list[str] = []
    build = documents._build

    def recording_build(api: Any) -> bytes:
        session_ids.append(api.session_id)
        return build(api)

    monkeypatch.setattr(documents, "_build", recording_build)
    return session_ids


@pytest.fixture
def make_documents(tmp_path: Path) -> MakeDocuments:
    def make(max_cached_bytes: int = MAX_CACHED_BYTES) -> SessionDocuments:
        sessions = cast("SessionClient", UnusedSessions())
        book = PlanBook(tmp_path, size=10, now=lambda: NOW)
        return SessionDocuments(
            load_settings({}), sessions, book.served, max_cached_bytes=max_cached_bytes
        )

    return make


async def test_a_document_is_built_again_when_the_dialect_of_the_session_changes(
    make_documents: MakeDocuments, built: list[str]
) -> None:
    cache, resources = make_documents(), {"a": learned("a")}
    own = await cache._document("one", resources)

    assert await cache._document("one", resources, "json-server") != own
    assert built == ["one", "one"]


async def test_a_document_is_built_again_only_when_something_was_learned(
    make_documents: MakeDocuments, built: list[str]
) -> None:
    cache, before, after = make_documents(), {"a": learned("a")}, {"a": learned("a", "b")}
    first = await cache._document("one", before)

    assert await cache._document("one", dict(before)) is first
    assert built == ["one"]
    assert await cache._document("one", after) != first
    assert built == ["one", "one"]


async def test_the_cache_is_bounded_and_drops_the_least_recently_used(
    make_documents: MakeDocuments, built: list[str]
) -> None:
    resources = {"a": learned("a")}
    size = len(await make_documents()._document("one", resources))
    built.clear()
    cache = make_documents(int(2.5 * size))

    for session_id in ("one", "two", "one", "six", "one", "two"):
        await cache._document(session_id, resources)

    assert built == ["one", "two", "six", "two"]


async def test_a_document_larger_than_the_cache_is_not_cached(
    make_documents: MakeDocuments, built: list[str]
) -> None:
    cache, resources = make_documents(10), {"a": learned("a")}

    assert await cache._document("one", resources) == await cache._document("one", resources)
    assert built == ["one", "one"]


async def test_a_large_document_is_built_once_for_all_that_wait(
    make_documents: MakeDocuments, built: list[str]
) -> None:
    cache = make_documents()
    resources = {f"r{number}": learned("a") for number in range(LARGE_FIELDS)}

    bodies = await asyncio.gather(*(cache._document("one", resources) for _ in range(3)))

    assert built == ["one"]
    assert bodies[0] is bodies[1] is bodies[2]


@pytest.mark.parametrize("levels", range(5))
def test_json_in_parts_is_the_same_as_in_whole(levels: int) -> None:
    value = {"a": {"b": {"c": [1, {"d": None}], 'ü"': "x"}, "e": {}}, "f": [], "g": 1.5}

    assert documents._dumped(value, levels) == orjson.dumps(value)


async def test_a_large_document_is_sent_in_parts() -> None:
    """Copied into the connection as a whole, 47 MB took 0.15 s of the event loop."""
    start, end = b"{", b"x" * (3 * documents.PART_BYTES + 5)

    parts = [part async for part in documents._parts(start, memoryview(end))]

    assert b"".join(parts) == start + end
    assert max(map(len, parts)) == documents.PART_BYTES


async def test_a_document_in_parts_has_a_length_and_one_address(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await make_client()
    await client.post("/members", json={"name": "Ann"})
    whole = await client.get("/swagger.json")
    monkeypatch.setattr(documents, "PART_BYTES", 1_000)

    head = await client.head("/swagger.json")
    in_parts = await client.get("/swagger.json")

    assert await in_parts.read() == await whole.read()
    assert in_parts.headers["Content-Length"] == head.headers["Content-Length"]
    assert in_parts.headers["Content-Type"] == whole.headers["Content-Type"]
    assert str(client.make_url("")).rstrip("/") in [
        server["url"] for server in (await in_parts.json())["servers"]
    ]
