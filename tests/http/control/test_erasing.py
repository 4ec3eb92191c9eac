"""Erasing sessions while other sessions are served."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from threading import Event

import pytest

from larst.store import DiskFiles
from tests.http.control.helpers import ONE, TWO, Client, sleep


def create_irregular(kind: str, path: Path, target: Path) -> None:
    """Create something at `path` that is not an ordinary file; a link points to `target`."""
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
    """Stop the first erasure before it moves a file.

    The first event is set when it has stopped; it continues when the second event is set.
    """
    halted, may_continue = Event(), Event()
    rename = DiskFiles.rename

    def halting(self: DiskFiles, old: Path, new: Path) -> None:
        if ".erased-" in new.name and not halted.is_set():
            halted.set()
            assert may_continue.wait(20)
        rename(self, old, new)

    monkeypatch.setattr(DiskFiles, "rename", halting)
    return halted, may_continue


class TestErasing:
    async def test_an_erased_session_starts_with_no_data_and_second_keep_theirs(
        self, client: Client
    ) -> None:
        await client.post("/members", json={"n": 1}, headers=TWO)

        erased = await client.delete("/_larst/sessions/one")

        assert erased.status == 204
        listed = await (await client.get("/members", headers=ONE)).json()
        assert listed["page"]["total"] == 0
        created = await client.post("/members", json={"n": 9}, headers=ONE)
        assert (await created.json())["id"] == 1
        assert (await client.get("/members/1", headers=TWO)).status == 200

    async def test_an_erased_session_leaves_no_files(self, client: Client, tmp_path: Path) -> None:
        await client.delete("/_larst/sessions/one")
        await sleep(client, "one")

        names = {path.name for path in (tmp_path / "data").iterdir()}
        assert names <= {".format", ".key", ".lock", ".plans"}
        assert (await client.delete("/_larst/sessions/one")).status == 404

    async def test_a_damaged_session_can_be_erased(self, client: Client, tmp_path: Path) -> None:
        """It refuses requests, and erasing it must not require access to its files."""
        await sleep(client, "one")
        (tmp_path / "data" / "one" / "members.json").write_bytes(b"[")
        assert (await client.get("/members", headers=ONE)).status == 503

        assert (await client.delete("/_larst/sessions/one")).status == 204

        assert (await client.post("/members", json={"n": 1}, headers=ONE)).status == 201

    async def test_concurrent_erasures_keep_records_that_were_acknowledged_in_between(
        self, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Regression test: the slower erasure removed files that a later request had written."""
        await sleep(client, "one")
        (tmp_path / "data" / "one" / "members.json").write_bytes(b"[")
        assert (await client.get("/members", headers=ONE)).status == 503
        halted, may_continue = halt_first_erasure(monkeypatch)

        slow = asyncio.create_task(client.delete("/_larst/sessions/one"))
        await asyncio.to_thread(halted.wait, 20)
        second = asyncio.create_task(erase_and_write(client))
        await asyncio.wait(
            {second}, timeout=0.5
        )  # the second erasure may have to wait for the slow one
        may_continue.set()
        await asyncio.wait({slow, second})
        before = await (await client.get("/members", headers=ONE)).json()
        written = await client.post("/members", json={"n": 4}, headers=ONE)
        await sleep(client, "one")
        after = await (await client.get("/members", headers=ONE)).json()

        assert written.status == 201
        assert after["items"] == [*before["items"], await written.json()]

    @pytest.mark.parametrize("name", ["members.json", ".journal"])
    @pytest.mark.parametrize("kind", ["directory", "link", "pipe"])
    async def test_a_session_with_irregular_files_can_be_erased(
        self, client: Client, tmp_path: Path, name: str, kind: str
    ) -> None:
        await sleep(client, "one")
        path = tmp_path / "data" / "one" / name
        path.unlink()
        create_irregular(kind, path, tmp_path)
        assert (await client.get("/members", headers=ONE)).status in (503, 507)

        assert (await client.delete("/_larst/sessions/one")).status == 204

        assert (await client.post("/members", json={"n": 1}, headers=ONE)).status == 201

    async def test_a_session_with_a_file_in_place_of_its_schema_directory_can_be_erased(
        self, client: Client, tmp_path: Path
    ) -> None:
        odd = tmp_path / "data" / "odd"
        odd.mkdir()
        (odd / ".schemas").write_bytes(b"x")
        assert (await client.get("/members", headers={"X-Session-ID": "odd"})).status == 507

        assert (await client.delete("/_larst/sessions/odd")).status == 204

        assert not odd.exists()

    async def test_an_erasure_that_the_disk_refuses_changes_nothing(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The session is not damaged, so no other way of erasing it may be tried."""

        def refuse(_self: DiskFiles, old: Path, new: Path) -> None:
            raise OSError(errno.EROFS, "read-only", str(old), None, str(new))

        monkeypatch.setattr(DiskFiles, "rename", refuse)

        assert (await client.delete("/_larst/sessions/one")).status == 507

        monkeypatch.undo()
        listed = await (await client.get("/members", headers=ONE)).json()
        assert listed["page"]["total"] == 2
        assert (await client.post("/members", json={"n": 3}, headers=ONE)).status == 201
