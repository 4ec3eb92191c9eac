"""A small REST client for the tests, and the real service process that it talks to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from yarl import URL

from tests.wire.watched import WATCH_FILE


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply: its status, its headers, and its body as JSON (None if it has another type)."""

    status: int
    headers: Mapping[str, str]
    body: Any
    raw: bytes = b""


class Api:
    """Sends requests within one session of the service."""

    def __init__(self, http: aiohttp.ClientSession, url: str, session_id: str | None) -> None:
        self._http = http
        self.url = url
        self.session_id = session_id

    def session(self, session_id: str) -> Api:
        """Return a client of another session."""
        return Api(self._http, self.url, session_id)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; `path` is sent exactly as written, `body` as JSON."""
        all_headers = dict(headers or {})
        if self.session_id is not None:
            all_headers.setdefault("X-Session-ID", self.session_id)
        if body is not None:
            raw = orjson.dumps(body)
            all_headers.setdefault("Content-Type", "application/json")
        url = URL(self.url + path, encoded=True)
        # aiohttp warns of large bytes, and sends a file in pieces.
        data = BytesIO(raw) if raw is not None and len(raw) > 2**20 else raw
        async with self._http.request(method, url, data=data, headers=all_headers) as reply:
            received = await reply.read()
            is_json = re.search(r"[/+]json\b", reply.headers.get("Content-Type", ""))
            parsed = orjson.loads(received) if received and is_json else None
            return Answer(reply.status, reply.headers, parsed, received)

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.send("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.send("POST", path, body, **options)

    async def put(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.send("PUT", path, body, **options)

    async def patch(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.send("PATCH", path, body, **options)

    async def delete(self, path: str, **options: Any) -> Answer:
        return await self.send("DELETE", path, **options)


ROOT = Path(__file__).parents[2]


class Service:
    """A process of `larst serve`, on a free port, with a watch on its event loop."""

    def __init__(self, data_root: Path, log_path: Path, **settings: str) -> None:
        self.data_root = data_root
        self.log_path = log_path
        self.cwd: Path | None = None  # None: the directory of the tests
        self.arguments: tuple[str, ...] = ()  # of `larst serve`, after its flags
        self.banner = ""
        self.url = ""
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait for its start-up notice."""
        command = [sys.executable, "-m", "tests.wire.watched", "serve", "--port", "0"]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--data-root", str(self.data_root), *self.arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.cwd,
                env={**os.environ, **self._settings, **self._watch_variables()},
            )
        assert self._process.stdout is not None
        self.banner = ""
        for line in self._process.stdout:
            self.banner += line.decode()
            if line.startswith(b"  stop"):
                match = re.search(r"http://[\d.]+:\d+", self.banner)
                assert match is not None
                self.url = match[0]
                return
        self._process.communicate()
        raise AssertionError(f"the service did not start: {self.log_path.read_text()}")

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop it; it must stop in good order after any request."""
        assert self.stop() == 0
        self.check_turns()

    def check_turns(self) -> None:
        """Check that no turn held the event loop for too long."""
        if self._watch_path.exists():
            raise AssertionError(self._watch_path.read_text())

    @property
    def _watch_path(self) -> Path:
        return self.log_path.with_suffix(".watch")

    def _watch_variables(self) -> dict[str, str]:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {WATCH_FILE: str(self._watch_path), "PYTHONPATH": os.pathsep.join(paths)}

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process is not None
        return self._process.pid

    def children(self) -> list[int]:
        """Return the ids of its child processes."""
        lists = [file.read_text() for file in Path(f"/proc/{self.pid}/task").glob("*/children")]
        return [int(child) for children in lists for child in children.split()]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process; return its exit code, which is negative if a signal killed it."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(how)
            self._process.communicate(timeout=30)
        return self._process.returncode


async def listed_ids(api: Api, path: str) -> list[int]:
    """Return the ids of a plain list or of an envelope."""
    reply = await api.get(path)
    assert reply.status == 200, reply.body
    return [
        item["id"] for item in (reply.body if isinstance(reply.body, list) else reply.body["items"])
    ]
