"""Folders that are removed or put back while the service runs: 503, and no id twice."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from larst.http.components import RUNNING
from tests.http.helpers import Client, MakeClient
from tests.session.service import contents

SHOP = {"X-Session-ID": "shop"}


async def _post(client: Client, name: str) -> tuple[int, Any]:
    reply = await client.post("/members", json={"name": name}, headers=SHOP)
    return reply.status, await reply.json()


async def _get(client: Client, path: str = "/members") -> tuple[int, Any]:
    reply = await client.get(path, headers=SHOP)
    return reply.status, await reply.json()


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    client = await make_client()
    for name in ("Ann", "Bob"):
        assert (await _post(client, name))[0] == 201
    return client


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def put_back(backup: Path, folder: Path) -> None:
    """Restore a folder in one step: the service may look at it at any moment."""
    whole = backup.with_name("whole")
    shutil.copytree(backup, whole)
    whole.rename(folder)


async def test_a_session_whose_folder_is_gone_is_damaged_until_it_is_back(
    client: Client, root: Path, tmp_path: Path
) -> None:
    """Taken for a new session, it would give out its ids again."""
    shutil.move(root / "shop", tmp_path / "elsewhere")

    for _ in range(2):
        status, body = await _post(client, "Cid")
        assert (status, body["error"]) == (503, "session damaged")
        assert f"{root / 'shop'} was removed while the service ran: put it back" in body["detail"]
        assert not (root / "shop").exists()
    assert (await _get(client))[0] == 503
    assert (await client.post("/members", json={"name": "Other"})).status == 201

    shutil.move(tmp_path / "elsewhere", root / "shop")

    status, record = await _post(client, "Cid")
    assert (status, record["id"] > 2) == (201, True)
    assert (await _get(client))[1]["page"]["total"] == 3


async def test_ids_are_not_given_out_again_after_a_backup_is_put_back(
    client: Client, root: Path, tmp_path: Path
) -> None:
    shutil.copytree(root / "shop", tmp_path / "backup")
    assert (await _post(client, "Cid"))[1]["id"] == 3
    shutil.rmtree(root / "shop")
    assert (await _post(client, "Dan"))[0] == 503

    put_back(tmp_path / "backup", root / "shop")

    assert (await _get(client))[1]["page"]["total"] == 2
    assert (await _post(client, "Eve"))[1]["id"] > 3


async def test_a_backup_that_replaces_the_folder_of_an_awake_session_is_not_written_into(
    client: Client, root: Path, tmp_path: Path
) -> None:
    """The frame of another journal would count as a torn tail at the next start, and be lost."""
    shutil.copytree(root / "shop", tmp_path / "backup")
    assert (await _post(client, "Cid"))[0] == 201
    shutil.rmtree(root / "shop")
    put_back(tmp_path / "backup", root / "shop")
    journal = (root / "shop" / ".journal").read_bytes()

    status, body = await _post(client, "Dan")

    assert (status, body["error"]) == (503, "session damaged")
    assert "was replaced while the service ran" in body["detail"]
    assert "send the request again" in body["detail"]
    assert (root / "shop" / ".journal").read_bytes().startswith(journal)
    status, record = await _post(client, "Dan")
    assert status == 201
    assert record["id"] > 3
    assert [item["name"] for item in (await _get(client))[1]["items"]] == ["Ann", "Bob", "Dan"]


async def test_the_next_ids_after_a_restore_are_durable(
    make_client: MakeClient, root: Path, tmp_path: Path
) -> None:
    client = await make_client()
    assert (await _post(client, "Ann"))[1]["id"] == 1
    shutil.copytree(root / "shop", tmp_path / "backup")
    assert (await _post(client, "Bob"))[1]["id"] == 2
    shutil.rmtree(root / "shop")
    assert (await _post(client, "Cid"))[0] == 503
    put_back(tmp_path / "backup", root / "shop")
    assert (await _get(client))[0] == 200

    # Not only after a stop: the process may be killed now.
    assert b'"put":[],"del":[],"next_id":4' in (root / "shop" / ".journal").read_bytes()
    await client.close()
    client = await make_client()
    assert (await _post(client, "Dan"))[1]["id"] > 2


async def test_a_session_that_was_never_awake_is_missed_too(
    make_client: MakeClient, root: Path
) -> None:
    client = await make_client()
    assert (await _post(client, "Ann"))[0] == 201
    await client.close()
    client = await make_client()

    shutil.rmtree(root / "shop")

    assert (await _post(client, "Bob"))[0] == 503


async def test_reads_notice_it_within_a_second(client: Client, root: Path) -> None:
    """The records that are in memory have no files any more."""
    assert client.app is not None
    watch = client.app[RUNNING].folder_watch
    assert (await _get(client))[0] == 200
    shutil.rmtree(root / "shop")

    await watch.look()
    await watch.look()

    assert (await _get(client))[0] == 503


async def test_an_erased_session_begins_again(client: Client, root: Path) -> None:
    """The way out that the message names."""
    shutil.rmtree(root / "shop")
    assert (await _post(client, "Cid"))[0] == 503

    erased = await client.delete("/_larst/sessions/shop")

    assert erased.status == 204
    assert (await _get(client))[1]["items"] == []
    assert (await _post(client, "Cid"))[1] == {"id": 1, "name": "Cid"}


class TestList:
    async def test_a_lost_session_is_listed_as_damaged(self, client: Client, root: Path) -> None:
        shutil.rmtree(root / "shop")

        status, body = await _get(client, "/_larst/sessions")

        assert status == 200
        assert [(item["id"], item["state"]) for item in body["items"]] == [("shop", "damaged")]
        assert "put it back" in body["items"][0]["problem"]
        assert body["items"][0]["last_used_at"] is None
        assert (await _get(client, "/_larst/sessions/shop"))[1] == body["items"][0]

    @pytest.mark.parametrize("is_replaced", [False, True])
    async def test_a_lost_root_is_damage_of_all_sessions(
        self, client: Client, root: Path, empty: Path, *, is_replaced: bool
    ) -> None:
        shutil.rmtree(root)
        if is_replaced:
            shutil.copytree(empty, root)

        status, body = await _get(client, "/_larst/sessions")
        ready = await _get(client, "/readyz")
        written, problem = await _post(client, "Cid")
        new = await client.post("/members", json={"name": "Cid"}, headers={"X-Session-ID": "new"})

        assert (status, body["items"][0]["state"]) == (200, "damaged")
        assert (written, new.status) == (503, 503)
        assert f"the data root {root} was removed or replaced" in problem["detail"]
        assert "move it back" in problem["detail"]
        assert (ready[0], ready[1]["not_ready"]) == (503, ["data root"])
        assert contents(root) == {}, "another owner's root was written to"

    async def test_a_root_that_is_moved_back_works_again(
        self, client: Client, root: Path, tmp_path: Path
    ) -> None:
        shutil.move(root, tmp_path / "elsewhere")
        assert (await _post(client, "Cid"))[0] == 503

        shutil.move(tmp_path / "elsewhere", root)

        assert (await _post(client, "Cid"))[1]["id"] > 2
        assert (await _get(client, "/readyz"))[0] == 200

    async def test_a_root_from_a_backup_works_after_a_restart(
        self, client: Client, make_client: MakeClient, root: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(root, tmp_path / "backup")
        shutil.rmtree(root)
        assert (await _post(client, "Cid"))[0] == 503
        shutil.copytree(tmp_path / "backup", root)
        assert (await _post(client, "Cid"))[0] == 503
        await client.close()

        client = await make_client()

        assert (await _get(client))[1]["page"]["total"] == 2
