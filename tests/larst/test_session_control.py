"""The control API for sessions: looking at them, moving them, erasing them, while others go on."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, make_mocked_request

from larst.app import RUNNING, make_app
from larst.config import load_settings
from larst.errors import SessionNotFoundError
from larst.session import Answered, Turn, Visit, Visited
from larst.session_control import SessionControl
from larst.store import DataRoot
from larst.store.collection import Collection

Client = TestClient[Any, Any]
ONE, TWO = {"X-Session-ID": "one"}, {"X-Session-ID": "two"}


@pytest.fixture
async def client(aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path) -> Client:
    """A service in which session one has two members and a note."""
    variables = {"SANDBOX_DATA_ROOT": str(tmp_path / "data"), "LARS_MAX_IMPORT_BYTES": 100_000}
    made = await aiohttp_client(make_app(load_settings(variables)))
    assert (await made.post("/members", json=[{"n": 1}, {"n": 2}], headers=ONE)).status == 201
    assert (await made.post("/notes", json={"text": "☃"}, headers=ONE)).status == 201
    return made


async def sleep(client: Client, session_id: str) -> None:
    await client.app[RUNNING].sessions.put_to_sleep(session_id)


async def export(client: Client, session_id: str) -> bytes:
    reply = await client.get(f"/_larst/sessions/{session_id}/export")
    assert reply.status == 200
    return bytes(await reply.read())


class TestLooking:
    async def test_sessions_are_listed_awake_or_asleep(self, client: Client) -> None:
        await client.post("/members", json={"n": 1}, headers=TWO)
        await sleep(client, "two")

        listed = await (await client.get("/_larst/sessions")).json()

        assert listed["page"]["total"] == 2
        told = {item["id"]: item for item in listed["items"]}
        assert (told["one"]["state"], told["two"]["state"]) == ("awake", "asleep")
        assert told["one"]["resources"] == {"members": 2, "notes": 1}
        assert told["two"]["records"] == 1
        assert told["two"]["size_bytes"] > 0
        assert not client.app[RUNNING].sessions.is_live("two")

    async def test_what_only_the_journal_has_is_counted_too(
        self, client: Client, tmp_path: Path
    ) -> None:
        """As it is after a kill."""
        copy = tmp_path / "data" / "copy"
        copy.mkdir()
        journal = (tmp_path / "data" / "one" / ".journal").read_bytes()
        (copy / ".journal").write_bytes(journal)

        told = await (await client.get("/_larst/sessions/copy")).json()

        assert told["resources"] == {"members": 2, "notes": 1}
        assert [path.name for path in copy.iterdir()] == [".journal"]

    async def test_a_damaged_one_is_told_and_not_touched(
        self, client: Client, tmp_path: Path
    ) -> None:
        await sleep(client, "one")
        file = tmp_path / "data" / "one" / "members.json"
        file.write_bytes(b"[")

        told = await (await client.get("/_larst/sessions/one")).json()

        assert told["state"] == "damaged"
        assert "members.json" in told["problem"]
        assert file.read_bytes() == b"["

    async def test_one_that_cannot_be_read_is_no_harm_to_the_others(
        self, client: Client, tmp_path: Path
    ) -> None:
        for name in (".journal", "users.json"):
            (tmp_path / "data" / f"odd-{name[1:4]}" / name).mkdir(parents=True)
        (tmp_path / "data" / "odd-schemas").mkdir()
        (tmp_path / "data" / "odd-schemas" / ".schemas").symlink_to(tmp_path)

        listed = await (await client.get("/_larst/sessions")).json()

        states = {item["id"]: item["state"] for item in listed["items"]}
        assert states.pop("one") == "awake"
        assert set(states.values()) == {"damaged"}
        assert len(states) == 3
        told = await (await client.get("/_larst/sessions/odd-ser")).json()
        assert "users.json: it is not an ordinary file" in told["problem"]

    async def test_a_link_is_no_session(self, client: Client, tmp_path: Path) -> None:
        """It leads out of the data root, to what is nobody's session."""
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere")

        assert (await client.get("/_larst/sessions/link")).status == 404
        assert (await client.get("/_larst/sessions/link/export")).status == 404

    @pytest.mark.parametrize(
        ("path", "status"),
        [("nosuch", 404), ("nosuch/export", 404), ("a%20b", 400), ("..%2Fone", 400)],
    )
    async def test_what_is_not_there_is_told(self, client: Client, path: str, status: int) -> None:
        assert (await client.get(f"/_larst/sessions/{path}")).status == status


class Meanwhile:
    """Sessions with which something happens while they are looked at."""

    def __init__(self, happens: Callable[[], object], *, wakes: bool = False) -> None:
        self._happens = happens
        self._wakes = wakes
        self._asked = 0

    def is_live(self, key: str) -> bool:
        del key
        self._asked += 1
        if self._asked == 1:
            self._happens()
        return self._wakes and self._asked > 1

    async def ask(
        self, key: str, message: Turn | Visit, *, timeout_s: float, is_use: bool = True
    ) -> Answered | Visited:
        """Answer that it holds two members."""
        del key, message, timeout_s, is_use
        return Visited({"members": Collection({"1": {"id": 1}, "2": {"id": 2}})})


class TestLookingMeanwhile:
    def _control(self, tmp_path: Path, sessions: Meanwhile) -> SessionControl:
        root = DataRoot.open(tmp_path / "root")
        return SessionControl(root, sessions, timeout_s=5, max_import_bytes=100)

    async def test_an_erased_session_is_left_out_of_the_list(self, tmp_path: Path) -> None:
        """Between the list of names and a look at each there is time enough."""
        one = tmp_path / "root" / "one"
        one.mkdir(parents=True)
        control = self._control(tmp_path, Meanwhile(one.rmdir))

        reply = await control.list(make_mocked_request("GET", "/_larst/sessions"))

        assert json.loads(reply.text or "")["items"] == []

    async def test_an_erased_session_is_not_found(self, tmp_path: Path) -> None:
        one = tmp_path / "root" / "one"
        one.mkdir(parents=True)
        control = self._control(tmp_path, Meanwhile(one.rmdir))

        with pytest.raises(SessionNotFoundError):
            await control.show(make_mocked_request("GET", "/x", match_info={"id": "one"}))

    async def test_one_that_wakes_is_asked_before_it_is_called_damaged(
        self, tmp_path: Path
    ) -> None:
        """Its files, written meanwhile, may not have fitted each other."""
        one = tmp_path / "root" / "one"
        one.mkdir(parents=True)
        damage = one / "members.json"
        sessions = Meanwhile(lambda: damage.write_text("["), wakes=True)
        control = self._control(tmp_path, sessions)

        reply = await control.show(make_mocked_request("GET", "/x", match_info={"id": "one"}))

        told = json.loads(reply.text or "")
        assert (told["state"], told["resources"]) == ("awake", {"members": 2})


class TestErasing:
    async def test_an_erased_session_begins_anew_and_no_other_does(self, client: Client) -> None:
        await client.post("/members", json={"n": 1}, headers=TWO)

        erased = await client.delete("/_larst/sessions/one")

        assert erased.status == 204
        listed = await (await client.get("/members", headers=ONE)).json()
        assert listed["page"]["total"] == 0
        created = await client.post("/members", json={"n": 9}, headers=ONE)
        assert (await created.json())["id"] == 1
        assert (await client.get("/members/1", headers=TWO)).status == 200

    async def test_it_is_gone_from_the_disk(self, client: Client, tmp_path: Path) -> None:
        await client.delete("/_larst/sessions/one")
        await sleep(client, "one")

        left = {path.name for path in (tmp_path / "data").iterdir()}
        assert left <= {".lock", ".plans"}
        assert (await client.delete("/_larst/sessions/one")).status == 404

    async def test_a_damaged_one_can_be_erased(self, client: Client, tmp_path: Path) -> None:
        """It cannot wake, and nobody should need a shell to be rid of it."""
        await sleep(client, "one")
        (tmp_path / "data" / "one" / "members.json").write_bytes(b"[")
        assert (await client.get("/members", headers=ONE)).status == 503

        assert (await client.delete("/_larst/sessions/one")).status == 204

        assert (await client.post("/members", json={"n": 1}, headers=ONE)).status == 201


class TestMoving:
    async def test_an_export_comes_in_elsewhere_just_as_it_was(self, client: Client) -> None:
        await client.delete("/members/2", headers=ONE)
        stream = await export(client, "one")

        reply = await client.post("/_larst/sessions/two/import", data=stream)

        assert await reply.json() == {"imported": {"members": 1, "notes": 1}, "records": 2}
        assert await (await client.get("/notes/1", headers=TWO)).json() == {"id": 1, "text": "☃"}
        created = await client.post("/members", json={"n": 3}, headers=TWO)
        assert (await created.json())["id"] == 3
        await sleep(client, "two")
        assert (await client.get("/members/3", headers=TWO)).status == 200

    async def test_a_sleeping_session_is_exported_too(self, client: Client) -> None:
        await sleep(client, "one")

        lines = (await export(client, "one")).splitlines()

        assert json.loads(lines[-1])["records"] == 3

    async def test_data_is_replaced_only_where_that_is_said(self, client: Client) -> None:
        stream = await export(client, "one")
        await client.post("/films", json={"n": 1}, headers=TWO)

        refused = await client.post("/_larst/sessions/two/import", data=stream)
        assert (refused.status, (await refused.json())["error"]) == (409, "session not empty")
        assert (await client.get("/films/1", headers=TWO)).status == 200
        replaced = await client.post("/_larst/sessions/two/import?replace=true", data=stream)

        assert replaced.status == 200
        assert (await client.get("/films/1", headers=TWO)).status == 404
        assert (await client.get("/members/2", headers=TWO)).status == 200
        created = await client.post("/films", json={"n": 2}, headers=TWO)
        assert (await created.json())["id"] == 2

    async def test_a_db_json_of_json_server_comes_in(self, client: Client) -> None:
        db = {"posts": [{"id": 1, "title": "A"}], "comments": [{"id": 1, "postId": 1}]}

        reply = await client.post("/_larst/sessions/two/import", json=db)

        assert reply.status == 200
        nested = await (await client.get("/posts/1/comments", headers=TWO)).json()
        assert nested["items"] == [{"id": 1, "postId": 1}]

    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"", 400),
            (b"{", 400),
            (b'{"larst":"session","version":1}\n', 400),
            (b"x" * 100_001, 413),
        ],
    )
    async def test_what_cannot_come_in_changes_nothing(
        self, client: Client, data: bytes, status: int
    ) -> None:
        reply = await client.post("/_larst/sessions/one/import?replace=true", data=data)

        assert reply.status == status
        assert (await (await client.get("/members", headers=ONE)).json())["page"]["total"] == 2
