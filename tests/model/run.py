"""Sends the hold-out to a service that runs in this process, and judges each outcome.

`LARS_LLM_BASE_URL=… LARS_MODEL=… python -m tests.model.run [NAME…]` measures a real model.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import ClientTimeout
from aiohttp.test_utils import TestClient, TestServer

from larst.config import load_settings
from larst.http.app import default_components, make_app
from tests.model.holdout import CASES, Case, Outcome, judged

Client = TestClient[Any, Any]


@asynccontextmanager
async def service(**settings: object) -> AsyncIterator[Client]:
    """Run a service with an empty data root."""
    with tempfile.TemporaryDirectory() as directory:
        loaded = load_settings({"SANDBOX_DATA_ROOT": f"{directory}/data", **settings})
        app = make_app(loaded, default_components(loaded))
        async with TestClient(TestServer(app)) as client:
            yield client


async def outcome_of(client: Client, case: Case, name: str) -> tuple[Outcome, int, Any]:
    """Return the outcome of a case in a session of its own, the status and the reply."""
    session = f"case-{name}"
    records = {
        resource: [{"id": number, **row} for number, row in enumerate(rows, 1)]
        for resource, rows in case.records.items()
    }
    path = f"/_larst/sessions/{session}"
    async with client.post(f"{path}/import", data=orjson.dumps(records)) as imported:
        assert imported.status < 300, await imported.text()
    method, target = case.request.split(" ")
    headers = {"X-Session-ID": session}
    async with client.request(
        method, target, json=case.body, headers=headers, timeout=ClientTimeout()
    ) as reply:
        text = await reply.read()
    after = await _records(client, session)
    try:
        body = orjson.loads(text or b"null")
    except orjson.JSONDecodeError:
        body = text.decode()
    return judged(case, reply.status, body, after), reply.status, body


async def _records(client: Client, session: str) -> dict[str, list[Any]]:
    """Return the records of a session, by resource."""
    records: dict[str, list[Any]] = {}
    async with client.get(f"/_larst/sessions/{session}/export") as exported:
        lines = map(orjson.loads, (await exported.read()).splitlines())
    for line in lines:
        if "resource" in line:
            rows = records.setdefault(line["resource"], [])
        elif "record" in line:
            rows.append(line["record"])
    return records


async def main(names: Iterable[str]) -> None:
    """Print the outcome of each case as it ends, and the sums."""
    wanted = list(names)
    cases = [case for case in CASES if not wanted or any(name in case.request for name in wanted)]
    outcomes = []
    settings = {
        "LARS_LLM_TIMEOUT_S": "600",
        "LARS_REQUEST_TIMEOUT_S": "900",
        "LARS_RULES": "never",
        "LARS_PLAN_BUDGET_PER_MINUTE": "1000",
    }
    async with service(**settings) as client:
        for number, case in enumerate(cases):
            begin_s = time.monotonic()
            outcome, status, body = await outcome_of(client, case, str(number))
            outcomes.append(outcome)
            mark = "right" if outcome.is_right else "ran" if outcome.has_run else "failed"
            lost = " LOST DATA" if outcome.has_lost_data else ""
            elapsed_s = time.monotonic() - begin_s
            sys.stdout.write(
                f"{mark:6} {status} {elapsed_s:5.0f} s {case.request}{lost}  {str(body)[:300]}\n"
            )
            sys.stdout.flush()
    ran, right, lost = (
        sum(values)
        for values in zip(
            *((o.has_run, o.is_right, o.has_lost_data) for o in outcomes), strict=True
        )
    )
    sys.stdout.write(f"{len(outcomes)} requests: {ran} ran, {right} right, {lost} lost data\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
