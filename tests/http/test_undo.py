"""Undo: what the latest run of a model's plan changed is taken back, or nothing is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from larst.http.components import RUNNING
from larst.planning import RulesPlanner
from larst.planning.rules_first import RulesFirstPlanner
from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client, MakeClient

CLEAN = (
    'done = store.search({"state": "done"})\n'
    "for order in done:\n"
    '    store.delete(order["id"])\n'
    'store.update_where({"state": "open"}, {"state": "old"})\n'
    'added = store.insert({"state": "new"})\n'
    'REPLY = make_response(200, {"deleted": len(done), "added": added["id"]})'
)
ORDERS = [{"id": 1, "state": "open"}, {"id": 2, "state": "done"}, {"id": 3, "state": "kept"}]
AFTER = [{"id": 1, "state": "old"}, {"id": 3, "state": "kept"}, {"id": 4, "state": "new"}]


async def cleaned(make_client: MakeClient) -> tuple[Client, str]:
    """Return a service whose orders were cleaned up, and the key of the plan that did it."""
    model = ScriptedPlanner({"POST /orders/cleanup": [CLEAN]})
    client = await make_client(RulesFirstPlanner(RulesPlanner(), model), LARS_PROOF="off")
    assert (await client.post("/orders", json=ORDERS)).status == 201
    reply = await client.post("/orders/cleanup", json={})
    assert reply.status == 200, await reply.text()
    assert await orders(client) == AFTER
    return client, reply.headers["X-LARST-Plan"]


async def orders(client: Client) -> list[Any]:
    items: list[Any] = (await (await client.get("/orders?sort=id")).json())["items"]
    return items


async def test_all_that_the_run_changed_is_taken_back(make_client: MakeClient) -> None:
    client, key = await cleaned(make_client)

    reply = await client.post(f"/_larst/plans/{key}/undo")

    assert (reply.status, await reply.json()) == (200, {"undone": {"orders": 3}})
    assert await orders(client) == ORDERS
    again = await client.post(f"/_larst/plans/{key}/undo")
    assert again.status == 409


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/orders/1", {"state": "open"}),
        ("DELETE", "/orders/4", None),
        ("POST", "/orders", {"id": 2, "state": "again"}),
    ],
)
async def test_nothing_is_taken_back_if_a_record_was_changed_since(
    make_client: MakeClient, method: str, path: str, body: Any
) -> None:
    client, key = await cleaned(make_client)
    assert (await client.request(method, path, json=body)).status < 300
    before = await orders(client)

    reply = await client.post(f"/_larst/plans/{key}/undo")

    assert reply.status == 409
    assert "was changed since" in (await reply.json())["detail"]
    assert await orders(client) == before


async def test_each_session_has_its_own_runs(make_client: MakeClient) -> None:
    client, key = await cleaned(make_client)
    reply = await client.post(f"/_larst/plans/{key}/undo?session=other")
    assert reply.status == 409
    assert await orders(client) == AFTER


async def test_a_loaded_snapshot_leaves_nothing_to_take_back(make_client: MakeClient) -> None:
    """The records are other ones now, even if they look the same."""
    client, key = await cleaned(make_client)
    path = "/_larst/sessions/default/snapshots/now"
    assert (await client.put(path)).status < 300
    assert (await client.post(f"{path}/load")).status == 200
    assert (await client.post(f"/_larst/plans/{key}/undo")).status == 409
    assert await orders(client) == AFTER


async def copy_of(client: Client, directory: Path) -> Path:
    """Return a copy of the data root, as a process finds it that starts after a kill."""
    assert client.app is not None
    plans = client.app[RUNNING].plans
    await plans._tenants.plans(None).book.flush()  # it is written beside the requests
    shutil.copytree(directory / "data", directory / "copy", ignore=lambda *_: [".lock"])
    return directory / "copy"


async def restart(make_client: MakeClient, data: Path) -> Client:
    model = ScriptedPlanner({"POST /orders/cleanup": [CLEAN]})
    planner = RulesFirstPlanner(RulesPlanner(), model)
    return await make_client(planner, LARS_PROOF="off", SANDBOX_DATA_ROOT=str(data))


async def test_a_run_is_taken_back_after_a_kill(make_client: MakeClient, tmp_path: Path) -> None:
    """The journal has what the records were; a process that ended takes nothing with it."""
    first, key = await cleaned(make_client)
    again = await restart(make_client, await copy_of(first, tmp_path))
    assert await orders(again) == AFTER

    reply = await again.post(f"/_larst/plans/{key}/undo")

    assert (reply.status, await reply.json()) == (200, {"undone": {"orders": 3}})
    assert await orders(again) == ORDERS
    assert (await again.post(f"/_larst/plans/{key}/undo")).status == 409


@pytest.mark.parametrize("is_before_kill", [True, False])
async def test_after_a_kill_nothing_is_taken_back_if_a_record_was_changed_since(
    make_client: MakeClient, tmp_path: Path, is_before_kill: bool
) -> None:
    """Also one that was changed and changed back: its client may know of neither change."""
    client, key = await cleaned(make_client)
    if not is_before_kill:
        client = await restart(make_client, await copy_of(client, tmp_path))
    for state in ("other", "old"):
        assert (await client.patch("/orders/1", json={"state": state})).status == 200
    if is_before_kill:
        client = await restart(make_client, await copy_of(client, tmp_path))

    reply = await client.post(f"/_larst/plans/{key}/undo")

    assert reply.status == 409
    assert "orders/1 was changed since" in (await reply.json())["detail"]
    assert await orders(client) == AFTER


async def test_a_replacement_of_all_records_ends_what_the_journal_can_take_back(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client, key = await cleaned(make_client)
    path = "/_larst/sessions/default/import?replace=true"
    assert (await client.post(path, json={"orders": AFTER})).status == 200

    again = await restart(make_client, await copy_of(client, tmp_path))

    assert (await again.post(f"/_larst/plans/{key}/undo")).status == 409
    assert await orders(again) == AFTER


async def test_a_stop_completes_the_files_and_the_refusal_says_so(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client, key = await cleaned(make_client)
    await client.close()
    again = await restart(make_client, tmp_path / "data")

    reply = await again.post(f"/_larst/plans/{key}/undo")

    assert reply.status == 409
    assert (
        "the journal ends when the session sleeps or the service stops"
        in (await reply.json())["detail"]
    )
    assert await orders(again) == AFTER
