"""The dialect of a session's replies: how it is decided, and how it is remembered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from larst.config import load_settings
from larst.http.app import make_app
from larst.http.components import RUNNING
from larst.planning.reading.request import ReadingSettings
from larst.session.settings import applied_settings
from larst.store import SessionStore, StoredSettings

Client = TestClient[Any, Any]
Start = Callable[..., Awaitable[Client]]

ONE = {"X-Session-ID": "one"}
SETTINGS = "/_larst/sessions/one/settings"
MARK = "/posts?%24top=1"
"""A request that only clients of OData send."""


@pytest.fixture
async def start(aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path) -> Start:
    """Return a function that starts the service on the same data, with settings by variable."""

    async def start_service(**variables: str) -> Client:
        settings = load_settings({"SANDBOX_DATA_ROOT": str(tmp_path / "data"), **variables})
        return await aiohttp_client(make_app(settings))

    return start_service


async def dialect(client: Client, path: str = "/posts", **headers: str) -> str | None:
    """Return the dialect that the reply to a request names."""
    reply = await client.get(path, headers={**ONE, **headers})
    assert reply.status == 200
    return reply.headers.get("X-LARST-Dialect")


async def add_post(client: Client) -> None:
    assert (await client.post("/posts", json={"title": "a"}, headers=ONE)).status == 201


async def test_the_first_of_header_setting_variable_mark_and_lesson_decides(start: Start) -> None:
    """Each line takes away what decided the line before it."""
    client = await start(LARS_DIALECT="drf")
    await add_post(client)
    await client.put(SETTINGS, json={"dialect": "strapi"})

    header = await dialect(client, MARK, **{"X-LARST-Dialect": "spring"})
    setting = await dialect(client, MARK)
    await client.put(SETTINGS, json={"dialect": None})
    variable = await dialect(client, MARK)
    await client.close()
    client = await start()
    mark = await dialect(client, MARK)
    lesson = await dialect(client)

    assert (header, setting, variable) == ("spring", "strapi (setting)", "drf (setting)")
    assert (mark, lesson) == ("odata", "odata (learned)")


async def test_a_session_that_was_shown_no_dialect_has_larsts_own(start: Start) -> None:
    client = await start()
    await add_post(client)

    assert await dialect(client) is None


async def test_a_lesson_survives_a_restart(start: Start) -> None:
    client = await start()
    await add_post(client)
    await dialect(client, MARK)
    await client.close()

    assert await dialect(await start()) == "odata (learned)"


async def test_a_request_that_teaches_nothing_new_writes_nothing(
    start: Start, tmp_path: Path
) -> None:
    client = await start()
    await add_post(client)
    await dialect(client, MARK)
    file = tmp_path / "data" / "one" / ".settings"
    file.unlink()

    await dialect(client, MARK)

    assert not file.exists()


async def test_a_get_leaves_no_files_of_a_session_without_data(
    start: Start, tmp_path: Path
) -> None:
    client = await start()

    assert await dialect(client, MARK) == "odata"
    assert await dialect(client) is None

    assert not (tmp_path / "data" / "one").exists()


async def test_a_session_that_is_erased_forgets_settings_and_lessons(start: Start) -> None:
    client = await start()
    await add_post(client)
    await dialect(client, MARK)
    await client.put(SETTINGS, json={"dialect": "strapi"})

    await client.delete("/_larst/sessions/one")

    assert await dialect(client) is None


async def test_deleting_all_records_leaves_the_settings(start: Start) -> None:
    client = await start()
    await add_post(client)
    await client.put(SETTINGS, json={"dialect": "drf"})

    await client.delete("/posts/1", headers=ONE)
    await client.post("/_larst/sessions/one/import?replace=true", json={"posts": []})

    assert await dialect(client) == "drf (setting)"


async def test_the_session_says_how_a_filter_on_an_unknown_field_is_read(start: Start) -> None:
    """It wins over LARS_UNKNOWN_QUERY, and holds from the next request on."""
    client = await start(LARS_UNKNOWN_QUERY="ignore")
    await add_post(client)
    statuses: list[tuple[int, str | None]] = []
    for mode in (None, "refuse", "match-nothing"):
        await client.put(SETTINGS, json={"unknown_query": mode})
        reply = await client.get("/posts?zzzz=1", headers=ONE)
        statuses.append((reply.status, reply.headers.get("X-Total-Count")))

    assert statuses == [(200, "1"), (400, None), (200, "0")]


async def test_a_name_that_this_version_does_not_know_counts_as_unset(start: Start) -> None:
    """A newer version may have written it."""
    client = await start()
    await add_post(client)

    async def put(store: SessionStore) -> None:
        await store.settings.put(StoredSettings("klingon", "sometimes", "vulcan"))

    await client.app[RUNNING].sessions.run_on_store("one", put)

    assert await dialect(client) is None
    defaults = ReadingSettings(dialect="drf", unknown="refuse")
    applied = applied_settings(defaults, StoredSettings("klingon", "sometimes", "vulcan"))
    assert applied == defaults


async def test_a_learned_dialect_deletes_no_dependents(start: Start) -> None:
    """A read of one client must not make the DELETE of another one delete more."""
    client = await start()
    await add_post(client)
    await client.post("/comments", json={"postId": 1}, headers=ONE)
    await client.get("/posts?_page=1", headers=ONE)

    await client.delete("/posts/1", headers=ONE)

    assert (await client.get("/comments/1", headers=ONE)).status == 200
