"""The state of the service: parts, counters and limits."""

from __future__ import annotations

from pathlib import Path

from tests.http.helpers import MakeClient
from tests.http.tenants import ALL, entry, write


async def test_it_counts_what_happened(make_client: MakeClient) -> None:
    client = await make_client(LARS_MAX_RECORDS="7")
    await client.post("/books", json={"n": 1})
    await client.get("/books/99")

    status = await (await client.get("/_larst/status")).json()

    assert status["metrics"]["http.server.request.duration"] == {"2xx": 1, "4xx": 1}
    assert status["metrics"]["larst.mailbox.depth"] == {"all": 0}
    assert status["metrics"]["larst.sessions"]["live"] == 1
    assert status["limits"]["LARS_MAX_RECORDS"] == 7
    assert status["limits"]["LARS_MAX_SESSIONS"] is None
    assert status["planner"]["is_ready"] is True


async def test_it_is_for_the_operator(make_client: MakeClient, tmp_path: Path) -> None:
    """Its figures are those of all tenants."""
    file = tmp_path / "tokens"
    write(file, entry("ann", "acme", ALL), entry("operator", "default", ALL))
    client = await make_client(LARS_AUTH_TOKENS_FILE=str(file))

    statuses = [
        (await client.get("/_larst/status", headers={"Authorization": f"Bearer {name}"})).status
        for name in ("ann", "operator")
    ]

    assert statuses == [403, 200]
