"""Two servers that every test of a module shares, and a client that compares their replies."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.http.lane.servers import Twins, masked
from tests.service.api import Answer, Api


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """A server with the lane, and one without it."""
    with Twins(tmp_path_factory.mktemp("lane")) as twins:
        yield twins


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, to be sent once more in other sessions."""

    session_id: str | None
    method: str
    path: str
    body: Any
    raw: bytes | None
    headers: Mapping[str, str] | None


class TwinApi(Api):
    """Sends each request to both servers, and returns the reply if both are the same."""

    def __init__(
        self, http: aiohttp.ClientSession, twins: Twins, session_id: str | None, log: list[Sent]
    ) -> None:
        super().__init__(http, f"http://127.0.0.1:{twins.on.port}", session_id)
        self._other = Api(http, f"http://127.0.0.1:{twins.off.port}", session_id)
        self._client = http
        self._twins = twins
        self._log = log

    def session(self, session_id: str) -> Api:
        return TwinApi(self._client, self._twins, session_id, self._log)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        self._log.append(Sent(self.session_id, method, path, body, raw, headers))
        answer = await super().send(method, path, body, raw=raw, headers=headers)
        expected = await self._other.send(method, path, body, raw=raw, headers=headers)
        assert _as_bytes(answer) == _as_bytes(expected)
        if method in ("GET", "HEAD"):  # again: now its reply may be remembered
            again = await super().send(method, path, body, raw=raw, headers=headers)
            expected = await self._other.send(method, path, body, raw=raw, headers=headers)
            assert _as_bytes(again) == _as_bytes(expected)
        return answer

    async def replay(self) -> None:
        """Send all requests once more, in new sessions: now the plan book knows them."""
        for sent in tuple(self._log):
            api, path = self.session(f"{sent.session_id}-2"), sent.path
            if self.session_id is not None:
                path = path.replace(self.session_id, f"{self.session_id}-2")
            await api.send(sent.method, path, sent.body, raw=sent.raw, headers=sent.headers)


def _as_bytes(answer: Answer) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return masked(f"HTTP/1.1 {answer.status}\r\n{head}\r\n".encode() + answer.raw)


@pytest.fixture
def session_id(request: pytest.FixtureRequest) -> str:
    """A session that no other test uses."""
    return hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]


@pytest.fixture
async def api(twins: Twins, session_id: str) -> AsyncIterator[TwinApi]:
    """A client in a session that no other test uses; its requests are sent twice."""
    async with aiohttp.ClientSession() as http:
        api = TwinApi(http, twins, session_id, [])
        yield api
        await api.replay()
