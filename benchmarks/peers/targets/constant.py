"""The constant aiohttp Application, which is the unit of cost."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.installation import Cache
from benchmarks.peers.loads import Routes
from benchmarks.peers.processes import Command, Server, free_port, running

_SCRIPT = Path(__file__).parents[1] / "servers" / "constant.py"


class Constant:
    """Runs in the environment of LARST, so both have the same aiohttp and uvloop."""

    title = "aiohttp, constant reply"
    routes = Routes()
    has_store = False

    def install(self, cache: Cache) -> None:
        """Nothing to install: LARST depends on aiohttp and uvloop."""

    @contextmanager
    def serve(self, folder: Path, records: int) -> Iterator[Server]:
        """Serve; the number of records has no effect."""
        port = free_port()
        words = (sys.executable, str(_SCRIPT), str(port))
        with running(Command(words, folder, "/users/1"), port) as server:
            yield server
