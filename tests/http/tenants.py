"""A service with tokens of several tenants and scopes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from larst.http.components import TOKENS
from larst.tokens import TokenTable
from larst.tokens.table import hash_of
from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client, MakeClient

ALL = ["read", "write", "admin"]

Reply = aiohttp.ClientResponse


def entry(name: str, tenant: str, scopes: list[str], **budgets: int) -> dict[str, Any]:
    """Return the entry of a token that is called as it is."""
    token = {"name": name, "hash": hash_of(name), "tenant": tenant, "scopes": scopes}
    return {**token, "budgets": budgets} if budgets else token


TOKENS_OF_ALL = (
    entry("ann", "acme", ALL),
    entry("ben", "globex", ALL),
    entry("reader", "acme", ["read"]),
    entry("writer", "acme", ["write"]),
    entry("watcher", "acme", ["admin"]),
    entry("operator", "default", ALL),
)


@dataclass(frozen=True, slots=True)
class Service:
    """A service with tokens, each of which is its own name."""

    client: Client
    path: Path

    async def send(self, token: str, method: str, path: str, **options: Any) -> Reply:
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        reply: Reply = await self.client.request(method, path, headers=headers, **options)
        await reply.read()
        return reply

    async def json(self, token: str, path: str) -> Any:
        return await (await self.send(token, "GET", path)).json()

    async def put_tokens(self, *entries: dict[str, Any]) -> None:
        """Replace the file, and have it read again."""
        write(self.path, *entries)
        assert self.client.app is not None

        async def unchanged(_table: TokenTable) -> None:
            pass

        await self.client.app[TOKENS].check(unchanged)


def write(path: Path, *entries: dict[str, Any]) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"tokens": entries}))
    new.replace(path)


Start = Callable[..., Awaitable[Service]]


@pytest.fixture
def start(make_client: MakeClient, tmp_path: Path) -> Start:
    async def start(
        *entries: dict[str, Any], planner: ScriptedPlanner | None = None, **variables: object
    ) -> Service:
        path = tmp_path / "tokens.json"
        write(path, *(entries or TOKENS_OF_ALL))
        client = await make_client(planner, LARS_AUTH_TOKENS_FILE=str(path), **variables)
        return Service(client, path)

    return start
