"""kill -9 under load, repeatedly: the log of each client says which records must still exist."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import pytest

from tests.service.api import Answer, Api, Service

CLIENTS = 6
SESSIONS = 3


@dataclass
class Known:
    """The knowledge of a client about its own records: by id, the possible versions."""

    acknowledged: dict[int, int] = field(default_factory=dict)
    attempted: dict[int, int] = field(default_factory=dict)
    observed: dict[int, int] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    maybe_deleted: set[int] = field(default_factory=set)
    pairs: dict[int, str] = field(default_factory=dict)


class KilledError(Exception):
    """The test has killed the service."""


class Client:
    """Creates pairs, changes, deletes and reads its own records, and logs every step."""

    def __init__(self, api: Api, name: str, random: Random, replied: Callable[[], None]) -> None:
        self.known = Known()
        self._pairs = 0
        self._api = api
        self._name = name
        self._random = random
        self._replied = replied

    async def work(self) -> None:
        """Send requests until the service dies."""
        actions = (self._create, self._create, self._change, self._change, self._look, self._delete)
        with contextlib.suppress(KilledError):
            while True:
                await self._random.choice(actions)()

    def check(self, stored: dict[int, int]) -> None:
        """Compare the records of the restarted service with the log.

        `stored` has the versions of this client's records, by id.
        """
        known = self.known
        for record_id, version in known.acknowledged.items():
            if record_id in known.deleted or record_id in known.maybe_deleted:
                continue
            assert record_id in stored, f"{self._name} has lost record {record_id}"
            assert stored[record_id] >= version, f"{record_id} fell back from {version}"
        for record_id in known.deleted:
            assert record_id not in stored, f"{record_id} was deleted, and is back"
        for record_id, version in known.observed.items():
            if record_id in stored:
                assert stored[record_id] >= version, f"{record_id}: {version} was shown, then lost"
        for record_id, version in stored.items():
            attempted = known.attempted.get(record_id)
            assert attempted is None or version <= attempted, "a version that no client wrote"

    def check_pairs(self, stored: Counter[str]) -> None:
        """Check that each pair, created by one request, is complete or absent."""
        split = {self.known.pairs[record_id] for record_id in self.known.maybe_deleted}
        for pair, count in stored.items():
            assert count == 2 or pair in split, f"only half of the pair {pair} is stored"

    def settle(self, stored: dict[int, int]) -> None:
        """Start the next round from the stored records."""
        deleted = self.known.maybe_deleted - stored.keys()
        self.known = Known(
            acknowledged=dict(stored),
            attempted=dict(stored),
            deleted=deleted,
            maybe_deleted=deleted,
        )

    async def _create(self) -> None:
        self._pairs += 1
        pair = f"{self._name}-{self._pairs}"
        records = [{"owner": self._name, "version": 0, "pair": pair} for _ in range(2)]
        reply = await self._send("POST", "/things", records)
        for record in reply.body:
            self.known.acknowledged[record["id"]] = self.known.attempted[record["id"]] = 0
            self.known.pairs[record["id"]] = pair

    async def _change(self) -> None:
        known = self.known
        if (record_id := self._choose()) is None:
            return
        version = known.attempted[record_id] + 1
        known.attempted[record_id] = version
        reply = await self._send("PATCH", f"/things/{record_id}", {"version": version})
        assert reply.status == 200
        known.acknowledged[record_id] = version

    async def _delete(self) -> None:
        if (record_id := self._choose()) is None or self._random.random() < 0.7:
            return
        self.known.maybe_deleted.add(record_id)
        reply = await self._send("DELETE", f"/things/{record_id}")
        assert reply.status == 204
        self.known.deleted.add(record_id)

    async def _look(self) -> None:
        reply = await self._send("GET", f"/things?owner={self._name}")
        for record in reply.body["items"]:
            self.known.observed[record["id"]] = record["version"]
            assert record["id"] not in self.known.deleted

    def _choose(self) -> int | None:
        mine = self.known.acknowledged.keys() - self.known.maybe_deleted
        return self._random.choice(sorted(mine)) if mine else None

    async def _send(self, method: str, path: str, body: object = None) -> Answer:
        try:
            reply = await self._api.send(method, path, body)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise KilledError from error
        self._replied()
        return reply


class Round:
    """Kills the service after a number of replies."""

    def __init__(self, service: Service, replies: int) -> None:
        self._service = service
        self._remaining = replies

    def replied(self) -> None:
        self._remaining -= 1
        if self._remaining == 0:
            self._service.stop(signal.SIGKILL)


async def _records(api: Api) -> list[dict[str, Any]]:
    reply = await api.get("/things")
    assert reply.status == 200, reply.body
    items: list[dict[str, Any]] = reply.body["items"]
    return items


async def run_rounds(service: Service, rounds: int, seed: int) -> int:
    """Run and kill the service several times; return the number of replies."""
    random = Random(seed)  # noqa: S311 - a test's dice, the same each time
    total, known = 0, dict[str, Known]()
    for life in range(rounds):
        replies = random.randint(20, 400)
        killing = Round(service, replies)
        total += replies
        async with aiohttp.ClientSession() as http:
            clients = {}
            for number in range(CLIENTS):
                name = f"c{number}-{life}"
                api = Api(http, service.url, f"session-{number % SESSIONS}")
                clients[name] = Client(api, name, random, killing.replied)
            await asyncio.gather(*(client.work() for client in clients.values()))
        service.start()
        async with aiohttp.ClientSession() as http:
            stored = [
                record
                for number in range(SESSIONS)
                for record in await _records(Api(http, service.url, f"session-{number}"))
            ]
        for name, client in clients.items():
            client.check(_versions(stored, name))
            client.check_pairs(Counter(row["pair"] for row in stored if row["owner"] == name))
            client.settle(_versions(stored, name))
            known[name] = client.known
        for name, log in known.items():
            # The records of earlier rounds stay unchanged.
            assert _versions(stored, name) == log.acknowledged, f"the records of {name} changed"
    return total


def _versions(records: list[dict[str, Any]], owner: str) -> dict[int, int]:
    return {row["id"]: row["version"] for row in records if row["owner"] == owner}


async def test_acknowledged_and_observed_records_survive_five_kills(
    start_service: Callable[..., Service],
) -> None:
    """Five rounds here, fifty in the slow test."""
    assert await run_rounds(start_service(), rounds=5, seed=1) > 300


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
async def test_they_survive_fifty_kills(start_service: Callable[..., Service], seed: int) -> None:
    """`pytest -m slow` before a release."""
    assert await run_rounds(start_service(), rounds=50, seed=seed) > 3000
