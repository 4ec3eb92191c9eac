"""The landing page of a session with data, as a service answers it."""

from __future__ import annotations

import shlex

import pytest

from tests.http.helpers import Client, MakeClient

HTML = {"Accept": "text/html"}


async def _run(client: Client, command: str) -> int:
    """Send the request of a curl command; return the status of the reply."""
    _curl, address, *options = shlex.split(command)
    path = address.partition("//")[2].partition("/")[2]
    if not options:
        return (await client.get(f"/{path}")).status
    return (await client.post(f"/{path}", data=options[1])).status


async def test_every_command_works_in_a_session_with_data(make_client: MakeClient) -> None:
    client = await make_client()
    await client.put("/@shop/settings", json={"theme": "dark"})
    await client.post("/@shop/empties", json={"a": 1})
    await client.delete("/@shop/empties/1")
    await client.post("/@shop/posts", json=[{"title": "A"}, {"title": "B"}])
    await client.delete("/@shop/posts/1")

    welcome = await (await client.get("/@shop/")).json()
    page = await (await client.get("/@shop/", headers=HTML)).text()

    assert [await _run(client, command) for command in welcome["try"]] == [200, 200, 201]
    assert welcome["resources"]["posts"] == {"records": 1, "path": "/@shop/posts"}
    assert 'href="/@shop/settings"' in page
    assert "/members" not in page


async def test_a_session_of_members_keeps_the_first_commands(make_client: MakeClient) -> None:
    """They have just been run, and the page shows their replies."""
    client = await make_client()
    await client.post("/members", json={"name": "Alice"})

    welcome = await (await client.get("/")).json()

    assert "/members/search?name=A*" in welcome["try"][2]
    assert welcome["resources"] == {"members": {"records": 1, "path": "/members"}}


@pytest.mark.parametrize("text", ["x" * 1_000, "it's <b>$(id)</b>"])
async def test_values_of_records_are_quoted_or_left_out(make_client: MakeClient, text: str) -> None:
    client = await make_client()
    await client.post("/notes", json={"text": text})

    welcome = await (await client.get("/")).json()
    page = await (await client.get("/", headers=HTML)).text()

    assert text not in page
    assert "/members" not in page
    if len(text) > 100:
        assert len(welcome["try"]) == 2
    else:
        assert await _run(client, welcome["try"][2]) == 201
        assert (await (await client.get("/notes/2")).json())["text"] == text
