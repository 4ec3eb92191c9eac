"""Count the walk of one request: calls of our functions, and moves between files.

    python tools/request_walk.py [--list] [--ordinary] [METHOD PATH]

Starts the application in this process on a free port, stores a member, and sends the request twice
so that its plan is in the plan book. Then follows it with a profiler: each call of a function in
`larst/` counts (each step of a coroutine is a call), and so does each call that is in another file
than the call before it. A busy machine adds steps, so the shortest walk of several is reported.
`--list` prints the calls in their order, indented by depth; `--ordinary` closes the lane for known
requests. The figures for `GET /members/1` stand in docs/architecture.md.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import aiohttp
from aiohttp import web

import larst
from larst.config import load_settings
from larst.http.app import make_app
from larst.process.server import ServiceRunner

_ROOT = Path(larst.__file__).parent
_ROUNDS = 10


@dataclass
class Walk:
    """Calls into `larst/` on one thread, in order."""

    calls: list[tuple[int, str, str]] = field(default_factory=list)
    moves: int = 0
    _depth: int = 0
    _file: str | None = None

    def follow(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Take one event of the profiler."""
        path = frame.f_code.co_filename
        if event not in ("call", "return") or not path.startswith(str(_ROOT)):
            return
        name = path[len(str(_ROOT)) + 1 :]
        if event == "return":
            self._depth = max(0, self._depth - 1)
            return
        self.moves += self._file is not None and name != self._file
        self._file = name
        self.calls.append((self._depth, name, frame.f_code.co_qualname))
        self._depth += 1


async def walk_of(method: str, path: str, lane: str) -> Walk:
    """Return the walk of the request, once its plan is in the plan book."""
    with tempfile.TemporaryDirectory(prefix="larst-walk-") as directory:
        settings = load_settings({"SANDBOX_DATA_ROOT": directory, "LARS_FAST_LANE": lane})
        runner = ServiceRunner(make_app(settings))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with aiohttp.ClientSession(headers={"X-Session-ID": "walk"}) as client:
                await _send(client, "POST", f"{url}/members", json={"name": "Alice", "age": 34})
                for _ in range(2):
                    await _send(client, method, url + path)
                walks = [await _follow(client, method, url + path) for _ in range(_ROUNDS)]
                return min(walks, key=lambda walk: len(walk.calls))
        finally:
            await runner.cleanup()


async def _follow(client: aiohttp.ClientSession, method: str, url: str) -> Walk:
    walk = Walk()
    sys.setprofile(walk.follow)
    try:
        await _send(client, method, url)
    finally:
        sys.setprofile(None)
    return walk


async def _send(client: aiohttp.ClientSession, method: str, url: str, **options: Any) -> None:
    async with client.request(method, url, **options) as reply:
        await reply.read()
        reply.raise_for_status()


def main() -> None:
    """Print the counts, by file."""
    parser = argparse.ArgumentParser(description="Count the walk of one request.")
    parser.add_argument("--list", action="store_true", help="print each call")
    parser.add_argument("--ordinary", action="store_true", help="close the lane")
    parser.add_argument("method", nargs="?", default="GET")
    parser.add_argument("path", nargs="?", default="/members/1")
    options = parser.parse_args()
    lane = "off" if options.ordinary else "on"
    walk = asyncio.run(walk_of(options.method, options.path, lane))
    if options.list:
        for depth, name, function in walk.calls:
            print(f"{'  ' * depth}{name}:{function}")  # noqa: T201
    by_file = Counter(name for _, name, _ in walk.calls)
    for name, calls in by_file.most_common():
        print(f"{calls:5} {name}")  # noqa: T201
    print(  # noqa: T201
        f"{options.method} {options.path}: {len(walk.calls)} calls,"
        f" {walk.moves} moves between {len(by_file)} files"
    )


if __name__ == "__main__":
    main()
