"""kill -9 under load, again and again: the client's own log says what must be there afterwards."""

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
    """What one client knows of the records of its own: by id, versions that it may find."""

    acknowledged: dict[int, int] = field(default_factory=dict)
    attempted: dict[int, int] = field(default_factory=dict)
    observed: dict[int, int] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    maybe_deleted: set[int] = field(default_factory=set)
    pairs: dict[int, str] = field(default_factory=dict)


class KilledError(Exception):
    """The service is gone, as it was meant to be."""


class Client:
    """Creates pairs, changes and deletes its own records, reads, and keeps a log of it all."""

    def __init__(self, api: Api, name: str, random: Random, replied: Callable[[], None]) -> None:
        self.known = Known()
        self._pairs = 0
        self._api = api
        self._name = name
        self._random = random
        self._replied = replied

    async def work(self) -> None:
        """Go on until the service dies."""
        actions = (self._create, self._create, self._change, self._change, self._look, self._delete)
        with contextlib.suppress(KilledError):
            while True:
                await self._random.choice(actions)()

    def check(self, found: dict[int, int]) -> None:
        """Hold what a restarted service has against the log.

        `found` are the versions of this client's records by their ids.
        """
        known = self.known
        for record_id, version in known.acknowledged.items():
            if record_id in known.deleted or record_id in known.maybe_deleted:
                continue
            assert record_id in found, f"{self._name} has lost record {record_id}"
            assert found[record_id] >= version, f"{record_id} fell back from {version}"
        for record_id in known.deleted:
            assert record_id not in found, f"{record_id} came back from the dead"
        for record_id, version in known.observed.items():
            if record_id in found:
                assert found[record_id] >= version, f"{record_id}: {version} was shown, then lost"
        for record_id, version in found.items():
            attempted = known.attempted.get(record_id)
            assert attempted is None or version <= attempted, "a version that nobody wrote"

    def check_pairs(self, found: Counter[str]) -> None:
        """Hold the pairs against the log: each was made in one request, whole or not at all."""
        parted = {self.known.pairs[record_id] for record_id in self.known.maybe_deleted}
        for pair, count in found.items():
            assert count == 2 or pair in parted, f"half of the pair {pair} is there"

    def settle(self, found: dict[int, int]) -> None:
        """Take what was found as what is known, for the next round."""
        deleted = self.known.maybe_deleted - found.keys()
        self.known = Known(
            acknowledged=dict(found), attempted=dict(found), deleted=deleted, maybe_deleted=deleted
        )

    async def _create(self) -> None:
        self._pairs += 1
        pair = f"{self._name}-{self._pairs}"
        sent = [{"owner": self._name, "version": 0, "pair": pair} for _ in range(2)]
        reply = await self._send("POST", "/things", sent)
        for record in reply.body:
            self.known.acknowledged[record["id"]] = self.known.attempted[record["id"]] = 0
            self.known.pairs[record["id"]] = pair

    async def _change(self) -> None:
        known = self.known
        if (record_id := self._one()) is None:
            return
        version = known.attempted[record_id] + 1
        known.attempted[record_id] = version
        reply = await self._send("PATCH", f"/things/{record_id}", {"version": version})
        assert reply.status == 200
        known.acknowledged[record_id] = version

    async def _delete(self) -> None:
        if (record_id := self._one()) is None or self._random.random() < 0.7:
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

    def _one(self) -> int | None:
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
    """Kills the service when so many replies have come."""

    def __init__(self, service: Service, replies: int) -> None:
        self._service = service
        self._left = replies

    def replied(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._service.stop(signal.SIGKILL)


async def _records(api: Api) -> list[dict[str, Any]]:
    reply = await api.get("/things")
    assert reply.status == 200, reply.body
    items: list[dict[str, Any]] = reply.body["items"]
    return items


async def run_rounds(service: Service, rounds: int, seed: int) -> int:
    """Run so many lives of the service; return how many replies there were in all."""
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
            found = {one["id"]: one["version"] for one in stored if one["owner"] == name}
            client.check(found)
            client.check_pairs(Counter(one["pair"] for one in stored if one["owner"] == name))
            client.settle(found)
            known[name] = client.known
        for name, log in known.items():
            # What earlier lives left is as it was, kill after kill.
            found = {one["id"]: one["version"] for one in stored if one["owner"] == name}
            assert found == log.acknowledged, f"{name} has changed since its own life"
    return total


async def test_what_was_acknowledged_or_shown_survives_five_kills(
    start_service: Callable[..., Service],
) -> None:
    """Five rounds here, fifty in the long run below."""
    assert await run_rounds(start_service(), rounds=5, seed=1) > 300


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
async def test_and_fifty(start_service: Callable[..., Service], seed: int) -> None:
    """`pytest -m slow` before a release."""
    assert await run_rounds(start_service(), rounds=50, seed=seed) > 3000
