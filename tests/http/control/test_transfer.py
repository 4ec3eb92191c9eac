"""Exports and imports while other sessions are served."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Event

import pytest

from larst.config import load_settings
from larst.http.app import make_app
from larst.store import DiskFiles
from tests.http.control.helpers import ONE, TWO, Client, contents, export, sleep


class TestTransfer:
    async def test_an_export_can_be_imported_into_another_session(self, client: Client) -> None:
        await client.delete("/members/2", headers=ONE)
        stream = await export(client, "one")

        reply = await client.post("/_larst/sessions/two/import", data=stream)

        assert await reply.json() == {"imported": {"members": 1, "notes": 1}, "records": 2}
        assert await (await client.get("/notes/1", headers=TWO)).json() == {"id": 1, "text": "☃"}
        created = await client.post("/members", json={"n": 3}, headers=TWO)
        assert (await created.json())["id"] == 3
        await sleep(client, "two")
        assert (await client.get("/members/3", headers=TWO)).status == 200

    async def test_a_session_that_is_asleep_can_be_exported(self, client: Client) -> None:
        await sleep(client, "one")

        lines = (await export(client, "one")).splitlines()

        assert json.loads(lines[-1])["records"] == 3

    async def test_head_of_an_export_sends_no_body(self, client: Client) -> None:
        """Regression test: the client read the body as the reply to its next request."""
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        for target in ("HEAD /_larst/sessions/one/export", "GET /healthz"):
            writer.write(f"{target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

        export_head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        health_head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)

        assert export_head.startswith(b"HTTP/1.1 200")
        assert b"application/x-ndjson" in export_head
        assert health_head.startswith(b"HTTP/1.1 200")
        writer.close()
        assert (await client.head("/_larst/sessions/nosuch/export")).status == 404

    async def test_head_of_an_export_has_the_status_of_get(
        self, client: Client, tmp_path: Path
    ) -> None:
        """Regression test: HEAD answered 200 before the session was read."""
        await sleep(client, "one")
        (tmp_path / "data" / "one" / "members.json").write_bytes(b"[")

        for method in ("GET", "HEAD"):
            reply = await client.request(method, "/_larst/sessions/one/export")
            assert (reply.status, reply.content_type) == (503, "application/json")

    async def test_existing_data_is_replaced_only_on_request(self, client: Client) -> None:
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

    async def test_replacing_restores_exactly_the_exported_state(self, client: Client) -> None:
        """Including order and schema, even if the session has learned more since."""
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
    async def test_a_schema_that_was_null_is_null_after_replacing(
        self, client: Client, tmp_path: Path, ends: str
    ) -> None:
        db = {"films": [], "none": [{"id": "x"}]}
        await client.post("/_larst/sessions/two/import", json=db)
        backup = await export(client, "two")
        await client.post("/films", json={"n": 1}, headers=TWO)
        await sleep(client, "two")
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
        assert films == {"resource": "films", "auto_id": 2, "schema": None}
        assert [line["record"] for line in lines if "record" in line] == [{"id": "x"}]

    async def test_a_backup_replaces_damaged_files(self, client: Client, tmp_path: Path) -> None:
        """The damaged files are set aside: they may contain newer data than the backup."""
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
        (backup_directory,) = home.glob(".before-import-*")
        assert contents(backup_directory) == before
        await sleep(client, "one")
        assert await export(client, "one") == backup
        assert contents(backup_directory) == before

    async def test_a_refused_import_does_not_move_damaged_files(
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

    async def test_a_db_json_of_json_server_can_be_imported(self, client: Client) -> None:
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
    async def test_an_invalid_import_changes_nothing(
        self, client: Client, data: bytes, status: int
    ) -> None:
        reply = await client.post("/_larst/sessions/one/import?replace=true", data=data)

        assert reply.status == status
        assert (await (await client.get("/members", headers=ONE)).json())["page"]["total"] == 2

    async def test_an_import_that_announces_too_many_bytes_is_refused_before_it_is_sent(
        self, client: Client
    ) -> None:
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        head = "POST /_larst/sessions/two/import HTTP/1.1\r\nHost: localhost\r\n"
        head += "Content-Length: 100001\r\n"
        writer.write(f"{head}\r\n".encode())

        status_line = await asyncio.wait_for(reader.readuntil(b"\r\n"), 20)

        assert status_line.startswith(b"HTTP/1.1 413")
        writer.close()

    async def test_a_wrong_content_encoding_is_an_error_of_the_client(self, client: Client) -> None:
        reply = await client.post(
            "/_larst/sessions/two/import", data=b"{}", headers={"Content-Encoding": "gzip"}
        )

        assert reply.status == 400

    async def test_a_body_that_stops_arriving_times_out(
        self, aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path
    ) -> None:
        """It would otherwise block a connection, and the stop of the service, for ever."""
        variables = {"SANDBOX_DATA_ROOT": str(tmp_path / "d"), "LARS_REQUEST_TIMEOUT_S": "0.2"}
        client = await aiohttp_client(make_app(load_settings(variables)))
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        head = (
            "POST /_larst/sessions/two/import HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Length: 1000\r\n"
        )
        writer.write(f"{head}\r\n{{".encode())

        status_line = await asyncio.wait_for(reader.readuntil(b"\r\n"), 20)

        assert status_line.startswith(b"HTTP/1.1 408")
        writer.close()


async def test_sessions_that_load_slowly_do_not_delay_writes_of_other_sessions(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression test: they filled the only thread pool, and every flush waited for them."""
    may_continue = Event()
    original_read = DiskFiles.read

    def slow(self: DiskFiles, path: Path) -> bytes | None:
        assert "slow" not in path.parent.name or may_continue.wait(20)
        return original_read(self, path)

    monkeypatch.setattr(DiskFiles, "read", slow)
    waiting = [
        asyncio.create_task(client.get("/members", headers={"X-Session-ID": f"slow{number}"}))
        for number in range(40)
    ]

    async with asyncio.timeout(10):
        written = await client.post("/members", json={"n": 3}, headers=ONE)

    may_continue.set()
    assert written.status == 201
    assert {reply.status for reply in await asyncio.gather(*waiting)} == {200}
