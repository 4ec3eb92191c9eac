"""The control API for sessions: looking at them, moving them, erasing them, while others go on."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, make_mocked_request

from larst import session_control
from larst.app import make_app
from larst.config import load_settings
from larst.errors import SessionNotFoundError
from larst.parts import RUNNING
from larst.session import Answered, Turn, Visit, Visited
from larst.session_control import SessionControl
from larst.store import DataRoot, DiskFiles, Rescues, SessionStore, Threads

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

    async def test_busy_ones_are_told_without_waiting_for_each_other(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever looks for what keeps the service busy needs the list now."""
        monkeypatch.setattr(session_control, "LOOK_S", 0.05)
        await client.post("/members", json={"n": 1}, headers=TWO)
        leave = asyncio.Event()
        busy = [asyncio.create_task(keep_busy(client, name, leave)) for name in ("one", "two")]

        async with asyncio.timeout(20):
            listed = await (await client.get("/_larst/sessions")).json()

        leave.set()
        await asyncio.gather(*busy)
        told = {item["id"]: (item["state"], item["resources"]) for item in listed["items"]}
        assert told == {
            "one": ("busy", {"members": 2, "notes": 1}),
            "two": ("busy", {"members": 1}),
        }

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


async def keep_busy(client: Client, session_id: str, leave: asyncio.Event) -> None:
    """Hold a session's turn until the leave is given."""

    async def wait(_store: SessionStore) -> None:
        await leave.wait()

    await client.app[RUNNING].sessions.ask(session_id, Visit(wait), timeout_s=20)


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
        return Visited({"members": 2})


class TestLookingMeanwhile:
    def _control(self, tmp_path: Path, sessions: Meanwhile) -> SessionControl:
        root = DataRoot.open(tmp_path / "root")
        return SessionControl(
            root, sessions, Rescues(), Threads(), timeout_s=5, max_import_bytes=100
        )

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

    async def test_two_erasures_at_once_leave_what_was_acknowledged_between_them(
        self, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The slower one once took the files of the session's next life away."""
        await sleep(client, "one")
        (tmp_path / "data" / "one" / "members.json").write_bytes(b"[")
        assert (await client.get("/members", headers=ONE)).status == 503
        halted, may_go_on = halt_first_erasure(monkeypatch)

        slow = asyncio.create_task(client.delete("/_larst/sessions/one"))
        await asyncio.to_thread(halted.wait, 20)
        others = asyncio.create_task(erase_and_write(client))
        await asyncio.wait({others}, timeout=0.5)  # they may have to wait for the slow one
        may_go_on.set()
        await asyncio.wait({slow, others})
        shown = await (await client.get("/members", headers=ONE)).json()
        written = await client.post("/members", json={"n": 4}, headers=ONE)
        await sleep(client, "one")
        kept = await (await client.get("/members", headers=ONE)).json()

        assert written.status == 201
        assert kept["items"] == [*shown["items"], await written.json()]

    @pytest.mark.parametrize("name", ["members.json", ".journal"])
    @pytest.mark.parametrize("kind", ["directory", "link", "pipe"])
    async def test_one_whose_files_are_no_files_can_be_erased(
        self, client: Client, tmp_path: Path, name: str, kind: str
    ) -> None:
        await sleep(client, "one")
        path = tmp_path / "data" / "one" / name
        path.unlink()
        put_instead(kind, path, tmp_path)
        assert (await client.get("/members", headers=ONE)).status in (503, 507)

        assert (await client.delete("/_larst/sessions/one")).status == 204

        assert (await client.post("/members", json={"n": 1}, headers=ONE)).status == 201

    async def test_one_with_a_file_for_its_schemas_can_be_erased(
        self, client: Client, tmp_path: Path
    ) -> None:
        odd = tmp_path / "data" / "odd"
        odd.mkdir()
        (odd / ".schemas").write_bytes(b"x")
        assert (await client.get("/members", headers={"X-Session-ID": "odd"})).status == 507

        assert (await client.delete("/_larst/sessions/odd")).status == 204

        assert not odd.exists()

    async def test_a_disk_that_refuses_leaves_a_good_session_as_it_was(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A refusal of the erasure itself is no reason to try it from another side."""

        def refuse(_self: DiskFiles, old: Path, new: Path) -> None:
            raise OSError(errno.EROFS, "read-only", str(old), None, str(new))

        monkeypatch.setattr(DiskFiles, "rename", refuse)

        assert (await client.delete("/_larst/sessions/one")).status == 507

        monkeypatch.undo()
        listed = await (await client.get("/members", headers=ONE)).json()
        assert listed["page"]["total"] == 2
        assert (await client.post("/members", json={"n": 3}, headers=ONE)).status == 201


def put_instead(kind: str, path: Path, target: Path) -> None:
    match kind:
        case "directory":
            path.mkdir()
        case "link":
            path.symlink_to(target)
        case _:
            os.mkfifo(path)


async def erase_and_write(client: Client) -> None:
    assert (await client.delete("/_larst/sessions/one")).status in (204, 404)
    assert (await client.post("/members", json={"n": 3}, headers=ONE)).status == 201


def halt_first_erasure(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Have the first erasure stop before it moves anything; return when it did, and its leave."""
    halted, may_go_on = Event(), Event()
    rename = DiskFiles.rename

    def halting(self: DiskFiles, old: Path, new: Path) -> None:
        if ".erased-" in new.name and not halted.is_set():
            halted.set()
            assert may_go_on.wait(20)
        rename(self, old, new)

    monkeypatch.setattr(DiskFiles, "rename", halting)
    return halted, may_go_on


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


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

    async def test_a_look_at_its_headers_gets_no_body(self, client: Client) -> None:
        """It stood where the client expected the reply to its next request."""
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        for target in ("HEAD /_larst/sessions/one/export", "GET /healthz"):
            writer.write(f"{target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

        looked = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        healthy = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)

        assert looked.startswith(b"HTTP/1.1 200")
        assert b"application/x-ndjson" in looked
        assert healthy.startswith(b"HTTP/1.1 200")
        writer.close()
        assert (await client.head("/_larst/sessions/nosuch/export")).status == 404

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

    async def test_a_replacement_restores_exactly_what_was_exported(self, client: Client) -> None:
        """Order and schema too, whatever the session learned since."""
        for number in (3, 9, 1):
            await client.post("/films", json={"id": number, "n": number}, headers=TWO)
        backup = await export(client, "two")
        for number in (1, 3, 9):
            await client.delete(f"/films/{number}", headers=TWO)
            await client.post("/films", json={"id": number, "other": "x"}, headers=TWO)

        await client.post("/_larst/sessions/two/import?replace=true", data=backup)

        assert await export(client, "two") == backup
        await sleep(client, "two")
        assert await export(client, "two") == backup

    @pytest.mark.parametrize("ends", ["asleep", "killed"])
    async def test_a_schema_that_was_null_is_null_again(
        self, client: Client, tmp_path: Path, ends: str
    ) -> None:
        db = {"films": [], "none": {"id": "x"}}
        await client.post("/_larst/sessions/two/import", json=db)
        backup = await export(client, "two")
        await client.post("/films", json={"n": 1}, headers=TWO)
        await client.app[RUNNING].sessions.put_to_sleep("two")
        await client.post("/cast", json={"n": 1}, headers=TWO)

        await client.post("/_larst/sessions/two/import?replace=true", data=backup)

        session_id = "two"
        if ends == "asleep":
            await sleep(client, "two")
        else:
            session_id = "copy"
            shutil.copytree(tmp_path / "data" / "two", tmp_path / "data" / "copy")
        lines = [json.loads(line) for line in (await export(client, session_id)).splitlines()]
        films = next(line for line in lines if line.get("resource") == "films")
        assert films == {"resource": "films", "auto_id": 1, "schema": None}
        assert [line["record"] for line in lines if "record" in line] == [{"id": "x"}]

    async def test_a_backup_takes_the_place_of_damaged_files(
        self, client: Client, tmp_path: Path
    ) -> None:
        """They are kept: what they hold may be newer than the backup."""
        backup = await export(client, "one")
        await sleep(client, "one")
        home = tmp_path / "data" / "one"
        (home / "members.json").write_bytes(b"[")
        assert (await client.get("/members", headers=ONE)).status == 503
        before = contents(home)

        refused = await client.post("/_larst/sessions/one/import", data=backup)
        replaced = await client.post("/_larst/sessions/one/import?replace=true", data=backup)

        assert (refused.status, replaced.status) == (503, 200)
        assert await export(client, "one") == backup
        (kept,) = home.glob(".before-import-*")
        assert contents(kept) == before
        await sleep(client, "one")
        assert await export(client, "one") == backup
        assert contents(kept) == before

    async def test_no_import_that_is_refused_moves_damaged_files(
        self, client: Client, tmp_path: Path
    ) -> None:
        await sleep(client, "one")
        home = tmp_path / "data" / "one"
        (home / "members.json").write_bytes(b"[")
        assert (await client.get("/members", headers=ONE)).status == 503
        before = contents(home)

        reply = await client.post("/_larst/sessions/one/import?replace=true", data=b"{")

        assert reply.status == 400
        assert contents(home) == before

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
            (b"[" * 100_000, 400),
            (b"x" * 100_001, 413),
        ],
    )
    async def test_what_cannot_come_in_changes_nothing(
        self, client: Client, data: bytes, status: int
    ) -> None:
        reply = await client.post("/_larst/sessions/one/import?replace=true", data=data)

        assert reply.status == status
        assert (await (await client.get("/members", headers=ONE)).json())["page"]["total"] == 2

    async def test_what_is_too_long_is_refused_before_it_is_sent(self, client: Client) -> None:
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        head = "POST /_larst/sessions/two/import HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n"
        writer.write(f"{head}\r\n".encode())

        told = await asyncio.wait_for(reader.readuntil(b"\r\n"), 20)

        assert told.startswith(b"HTTP/1.1 413")
        writer.close()

    async def test_what_is_not_encoded_as_it_says_is_the_clients_mistake(
        self, client: Client
    ) -> None:
        reply = await client.post(
            "/_larst/sessions/two/import", data=b"{}", headers={"Content-Encoding": "gzip"}
        )

        assert reply.status == 400

    async def test_a_body_that_stops_coming_is_given_up(
        self, aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path
    ) -> None:
        """It would hold a connection, and a stop of the service, for ever."""
        variables = {"SANDBOX_DATA_ROOT": str(tmp_path / "d"), "LARS_REQUEST_TIMEOUT_S": "0.2"}
        client = await aiohttp_client(make_app(load_settings(variables)))
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        head = "POST /_larst/sessions/two/import HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        writer.write(f"{head}\r\n{{".encode())

        told = await asyncio.wait_for(reader.readuntil(b"\r\n"), 20)

        assert told.startswith(b"HTTP/1.1 408")
        writer.close()


async def test_sessions_that_take_long_to_load_hold_up_no_write_of_another(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They filled the only pool of threads there was, and every flush waited behind them."""
    may_go_on = Event()
    read = DiskFiles.read

    def slow(self: DiskFiles, path: Path) -> bytes | None:
        assert "slow" not in path.parent.name or may_go_on.wait(20)
        return read(self, path)

    monkeypatch.setattr(DiskFiles, "read", slow)
    waiting = [
        asyncio.create_task(client.get("/members", headers={"X-Session-ID": f"slow{number}"}))
        for number in range(40)
    ]

    async with asyncio.timeout(10):
        written = await client.post("/members", json={"n": 3}, headers=ONE)

    may_go_on.set()
    assert written.status == 201
    assert {reply.status for reply in await asyncio.gather(*waiting)} == {200}
