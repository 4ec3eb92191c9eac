"""Erasing sessions, while others go on."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from threading import Event

import pytest

from larst.store import DiskFiles
from tests.http.control.asking import ONE, TWO, Client, sleep


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
