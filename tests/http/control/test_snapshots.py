"""Snapshots and resets of sessions: saved, loaded, listed, deleted, refused."""

from __future__ import annotations

import asyncio
import errno
import json
from pathlib import Path
from typing import Any

import pytest

from larst.errors import DeadlineError
from larst.store import DiskFiles
from larst.store.session_snapshots import MAX_SNAPSHOTS, SessionSnapshots
from tests.http.control.helpers import ONE, TWO, Client, export, sleep

SESSION = "/_larst/sessions/one"
SNAPSHOTS = f"{SESSION}/snapshots"


async def save(client: Client, name: str = "before") -> None:
    assert (await client.put(f"{SNAPSHOTS}/{name}")).status == 200


async def total(client: Client, path: str = "/members") -> int:
    listed = await (await client.get(path, headers=ONE)).json()
    return int(listed["page"]["total"])


async def session(client: Client, name: str = "one") -> Any:
    return await (await client.get(f"/_larst/sessions/{name}")).json()


@pytest.mark.parametrize("sleeps", [True, False])
async def test_a_snapshot_brings_back_all_of_a_session(client: Client, *, sleeps: bool) -> None:
    """Records, ids, schemas and settings, and nothing that came later."""
    await client.put(f"{SESSION}/settings", json={"dialect": "odata"})
    before = await export(client, "one")
    await save(client)
    await client.put(f"{SESSION}/settings", json={"dialect": "drf"})
    await client.post("/members", json={"other": "field"}, headers=ONE)
    await client.delete("/notes/1", headers=ONE)
    await client.post("/later", json={"n": 1}, headers=ONE)
    if sleeps:
        await sleep(client, "one")

    reply = await client.post(f"{SNAPSHOTS}/before/load")

    assert reply.status == 200
    assert await reply.json() == {
        "snapshot": "before",
        "records": 3,
        "resources": {"members": 2, "notes": 1},
    }
    assert await export(client, "one") == before
    assert (await session(client))["settings"]["dialect"] == "odata"
    created = await client.post("/members", json={"n": 3}, headers=ONE)
    assert (await created.json())["id" if "id" in await created.json() else "ID"] == 3
    await sleep(client, "one")
    assert (await session(client))["resources"] == {"members": 3, "notes": 1}
    assert (await session(client))["settings"]["dialect"] == "odata"


@pytest.mark.parametrize("sleeps", [True, False])
async def test_a_reset_empties_a_session_and_begins_its_ids_again(
    client: Client, tmp_path: Path, *, sleeps: bool
) -> None:
    await save(client)
    if sleeps:
        await sleep(client, "one")

    reply = await client.post(f"{SESSION}/reset")

    assert await reply.json() == {"snapshot": None, "records": 0, "resources": {}}
    assert (await session(client))["resources"] == {}
    assert await total(client) == 0
    await sleep(client, "one")
    files = {path.name for path in (tmp_path / "data" / "one").iterdir()}
    assert files - {".places"} == {".journal", ".schemas", ".snapshots", ".stats"}
    assert list((tmp_path / "data" / "one" / ".schemas").iterdir()) == []
    created = await client.post("/members", json={"text": "another format"}, headers=ONE)
    assert (await created.json())["id"] == 1
    assert len((await (await client.get(SNAPSHOTS)).json())["items"]) == 1
    await sleep(client, "one")
    assert await total(client) == 1


async def test_a_reset_goes_back_to_start_or_to_the_snapshot_that_it_names(client: Client) -> None:
    await save(client, "start")
    await client.post("/members", json={"n": 3}, headers=ONE)
    await save(client, "three")
    await client.delete("/members/1", headers=ONE)

    assert (await (await client.post(f"{SESSION}/reset?to=three")).json())["records"] == 4
    assert await total(client) == 3
    assert (await (await client.post(f"{SESSION}/reset")).json())["snapshot"] == "start"
    assert await total(client) == 2
    refused = await client.post(f"{SESSION}/reset?to=nosuch")
    assert (refused.status, (await refused.json())["error"]) == (404, "not found")
    assert await total(client) == 2


async def test_a_reset_of_a_session_without_data_changes_nothing(
    client: Client, tmp_path: Path
) -> None:
    """A test suite resets before its first test, too."""
    assert (await client.post("/_larst/sessions/new/reset")).status == 200
    assert not (tmp_path / "data" / "new").exists()


async def test_remembered_and_stored_replies_are_forgotten(client: Client) -> None:
    await save(client)
    keyed = {**ONE, "Idempotency-Key": "k1"}
    first = await client.post("/members", json={"n": 9}, headers=keyed)
    assert (await first.json())["id"] == 3
    for _ in range(3):
        assert (await client.get("/members/3", headers=ONE)).status == 200
        assert await total(client) == 3

    await client.post(f"{SNAPSHOTS}/before/load")

    assert (await client.get("/members/3", headers=ONE)).status == 404
    assert await total(client) == 2
    again = await client.post("/members", json={"n": 9}, headers=keyed)
    assert (await again.json())["id"] == 3
    assert await total(client) == 3


async def test_snapshots_are_listed_replaced_and_deleted(client: Client, tmp_path: Path) -> None:
    await save(client, "b")
    await save(client, "a")
    await client.post("/members", json={"n": 3}, headers=ONE)
    size_before = (await session(client))["size_bytes"]
    await save(client, "a")

    items = (await (await client.get(SNAPSHOTS)).json())["items"]
    assert [item["name"] for item in items] == ["a", "b"]
    assert items[0]["size_bytes"] > items[1]["size_bytes"] > 0
    assert items[0]["saved_at"].startswith("20")
    assert (await session(client))["size_bytes"] > size_before
    assert (await client.delete(f"{SNAPSHOTS}/a")).status == 204
    assert (await client.delete(f"{SNAPSHOTS}/a")).status == 404
    assert (await client.post(f"{SNAPSHOTS}/a/load")).status == 404
    assert [path.name for path in (tmp_path / "data/one/.snapshots").iterdir()] == ["b.ndjson"]


@pytest.mark.parametrize("name", ["a.b", "x" * 65, "ä", "%20"])
async def test_a_wrong_name_is_refused(client: Client, name: str) -> None:
    assert (await client.put(f"{SNAPSHOTS}/{name}")).status == 400
    assert (await client.post(f"{SESSION}/reset", params={"to": name})).status == 400


async def test_a_session_without_data_has_no_snapshots(client: Client) -> None:
    for method, path in [("GET", ""), ("PUT", "/a"), ("DELETE", "/a"), ("POST", "/a/load")]:
        reply = await client.request(method, f"/_larst/sessions/two/snapshots{path}")
        assert reply.status == 404


async def test_erasing_a_session_erases_its_snapshots(client: Client, tmp_path: Path) -> None:
    await save(client)
    await client.delete(SESSION)
    await client.post("/members", json={"n": 1}, headers=ONE)

    assert (await (await client.get(SNAPSHOTS)).json())["items"] == []
    assert not (tmp_path / "data" / "one" / ".snapshots").exists()


async def test_a_snapshot_is_an_export_that_can_be_imported(client: Client, tmp_path: Path) -> None:
    await save(client)
    raw = (tmp_path / "data" / "one" / ".snapshots" / "before.ndjson").read_bytes()

    assert (await client.post("/_larst/sessions/two/import", data=raw)).status == 200
    assert (await client.get("/members/2", headers=TWO)).status == 200


async def test_a_changed_snapshot_is_refused_and_nothing_is_changed(
    client: Client, tmp_path: Path
) -> None:
    await save(client)
    path = tmp_path / "data" / "one" / ".snapshots" / "before.ndjson"
    path.write_bytes(path.read_bytes().replace(b'"n":1', b'"n":7'))

    reply = await client.post(f"{SNAPSHOTS}/before/load")

    assert reply.status == 400
    assert "snapshot before" in (await reply.json())["detail"]
    assert await total(client) == 2


async def test_a_save_that_the_disk_refuses_leaves_no_snapshot(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = DiskFiles.rename

    def refuse(self: DiskFiles, old: Path, new: Path) -> None:
        if new.suffix == ".ndjson":
            raise OSError(errno.ENOSPC, "full")
        rename(self, old, new)

    monkeypatch.setattr(DiskFiles, "rename", refuse)

    assert (await client.put(f"{SNAPSHOTS}/a")).status == 507
    monkeypatch.undo()
    assert (await (await client.get(SNAPSHOTS)).json())["items"] == []
    await sleep(client, "one")
    assert (await (await client.get(SNAPSHOTS)).json())["items"] == []
    assert list((tmp_path / "data" / "one" / ".snapshots").iterdir()) == []


async def test_saves_at_the_same_time_keep_to_the_limit(client: Client) -> None:
    """Each is written before any is in place, so that none may be left out of the count."""
    saves = [client.put(f"{SNAPSHOTS}/s{number}") for number in range(MAX_SNAPSHOTS + 20)]

    statuses = [reply.status for reply in await asyncio.gather(*saves)]

    assert statuses.count(200) == MAX_SNAPSHOTS
    assert statuses.count(507) == 20
    assert len((await (await client.get(SNAPSHOTS)).json())["items"]) == MAX_SNAPSHOTS


async def test_the_files_of_abandoned_saves_count_and_do_not_stay(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that leaves, again and again, before its snapshot is in place fills no disk."""
    folder = tmp_path / "data" / "one" / ".snapshots"
    before = (await session(client))["size_bytes"]

    async def leave(_: SessionSnapshots, __: object) -> None:
        raise DeadlineError("the client has gone")

    monkeypatch.setattr(SessionSnapshots, "keep", leave)
    for number in range(5):
        await client.put(f"{SNAPSHOTS}/s{number}")
    (file,) = folder.iterdir()
    assert (await session(client))["size_bytes"] == before + file.stat().st_size
    monkeypatch.undo()
    await save(client)

    assert [path.name for path in folder.iterdir()] == ["before.ndjson"]


async def test_a_load_that_the_disk_refuses_changes_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the data nor the settings: they are one transaction."""
    await client.put(f"{SESSION}/settings", json={"dialect": "odata"})
    await save(client)
    await client.put(f"{SESSION}/settings", json={"dialect": "drf"})
    await client.post("/members", json={"n": 3}, headers=ONE)
    before = await export(client, "one")

    def refuse(self: DiskFiles, path: Path, offset: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(DiskFiles, "write_at", refuse)
    assert (await client.post(f"{SNAPSHOTS}/before/load")).status == 507
    monkeypatch.undo()

    assert await export(client, "one") == before
    assert (await session(client))["settings"]["dialect"] == "drf"


async def test_a_damaged_session_can_be_reset(client: Client, tmp_path: Path) -> None:
    await save(client, "start")
    await sleep(client, "one")
    (tmp_path / "data" / "one" / "members.json").write_bytes(b"[")
    assert (await client.get("/members", headers=ONE)).status == 503

    assert (await client.post(f"{SESSION}/reset")).status == 200

    assert await total(client) == 2


async def test_the_first_line_of_a_snapshot_has_the_settings(
    client: Client, tmp_path: Path
) -> None:
    await client.put(f"{SESSION}/settings", json={"dialect": "odata"})
    await save(client)

    raw = (tmp_path / "data" / "one" / ".snapshots" / "before.ndjson").read_bytes()
    assert json.loads(raw.splitlines()[0])["settings"]["dialect"] == "odata"
