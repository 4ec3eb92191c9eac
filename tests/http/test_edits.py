"""Files that people edit while the service runs: what clients, and the control API, see of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.http.helpers import Client, MakeClient

WITHIN_S = 20
"""A busy machine; `LARS_WATCH` looks twice a second."""

ONE = {"X-Session-ID": "one"}


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    client = await make_client(LARS_WATCH="on")
    await client.post("/members", json={"name": "Ann"}, headers=ONE)
    return client


@pytest.fixture
def file(client: Client, tmp_path: Path) -> Path:
    return tmp_path / "data" / "one" / "members.json"


async def becomes(client: Client, path: str, expected: Any) -> None:
    """Wait until a request gets the expected body."""
    async with asyncio.timeout(WITHIN_S):
        while await body_of(client, path) != expected:  # noqa: ASYNC110 - the disk has no events
            await asyncio.sleep(0.05)


async def body_of(client: Client, path: str) -> Any:
    response = await client.get(path, headers=ONE)
    return await response.json()


async def exists(path: Path) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not is_there(path):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


def is_there(path: Path, content: bytes = b"") -> bool:
    return path.exists() and content in path.read_bytes()


def write(path: Path, content: str) -> None:
    path.write_text(content)


def same_content(path: Path, other: Path) -> bool:
    return path.read_bytes() == other.read_bytes()


def move(path: Path, target: Path) -> None:
    path.rename(target)


async def test_an_edit_is_seen_by_clients_soon(client: Client, file: Path) -> None:
    """Without a request in between, and also where the file was replaced by a rename."""
    await exists(file)
    new = file.with_name("members.json~")
    write(new, json.dumps([{"id": 1, "name": "Anna"}], indent=2))
    move(new, file)

    await becomes(client, "/members/1", {"id": 1, "name": "Anna"})


async def test_a_new_file_is_a_new_resource(client: Client, file: Path) -> None:
    write(file.with_name("posts.json"), '[{"title": "Hello"}]')

    await becomes(client, "/posts/1", {"id": 1, "title": "Hello"})


async def test_a_broken_edit_is_set_aside_and_reported(client: Client, file: Path) -> None:
    """The message, followed to the letter, takes the edit in."""
    await exists(file)
    write(file, '[{"id": 1, "name": "Anna",}]')
    aside = file.with_name("members.json.edited-1")
    await exists(aside)

    await becomes(client, "/members/1", {"id": 1, "name": "Ann"})
    session = await body_of(client, "/_larst/sessions/one")
    (edit,) = session["edits"]
    assert edit["kept_as"] == ["members.json.edited-1"]
    assert "correct it and rename it to members.json" in edit["detail"]

    write(aside, '[{"id": 1, "name": "Anna"}]')
    move(aside, file)
    await becomes(client, "/members/1", {"id": 1, "name": "Anna"})


async def test_an_edit_keeps_to_the_settings_of_its_resource(client: Client, file: Path) -> None:
    await exists(file)
    settings = {"unique": ["name"], "defaults": {"role": "user"}}
    reply = await client.put("/_larst/sessions/one/resources/members", json=settings)
    assert reply.status == 200
    write(file, '[{"id": 1, "name": "Ann"}, {"name": "Ann"}]')
    aside = file.with_name("members.json.edited-1")
    await exists(aside)

    (edit,) = (await body_of(client, "/_larst/sessions/one"))["edits"]
    assert "members/1 and members/2 both have the name 'Ann'" in edit["detail"]

    write(aside, '[{"id": 1, "name": "Ann"}, {"name": "Bob"}]')
    move(aside, file)
    await becomes(client, "/members/2", {"id": 2, "name": "Bob", "role": "user"})


async def test_a_deleted_file_is_written_again(client: Client, file: Path) -> None:
    await exists(file)
    move(file, file.with_name("gone"))

    await exists(file)
    assert same_content(file, file.with_name("gone"))


async def test_without_a_watch_an_edit_is_seen_with_the_next_write(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = await make_client(LARS_WATCH="off")
    await client.post("/members", json={"name": "Ann"}, headers=ONE)
    file = tmp_path / "data" / "one" / "members.json"
    await exists(file)
    write(file, '[{"id": 1, "name": "Anna"}]')

    await client.post("/members", json={"name": "Bob"}, headers=ONE)
    async with asyncio.timeout(WITHIN_S):  # requests would keep the session busy meanwhile
        while not is_there(file, b"Bob"):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)

    assert await body_of(client, "/members/1") == {"id": 1, "name": "Anna"}
