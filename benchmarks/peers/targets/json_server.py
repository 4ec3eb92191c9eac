"""json-server, both lines of versions. It keeps all records in memory and rewrites its file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.installation import Cache
from benchmarks.peers.loads import Routes
from benchmarks.peers.pins import JSON_SERVER_0, JSON_SERVER_1, Pin
from benchmarks.peers.processes import Command, Server, free_port, running
from benchmarks.peers.records import all_records


class _JsonServer:
    """The parts that both versions share."""

    has_store = True

    def __init__(
        self, pin: Pin, program: str, options: Sequence[str], variables: Mapping[str, str]
    ) -> None:
        self.title = f"json-server {pin.version}"
        self._pin, self._program = pin, program
        self._options, self._variables = options, variables
        self._package = Path()

    def install(self, cache: Cache) -> None:
        """Install the pinned version."""
        self._package = cache.node_package(self._pin)

    @contextmanager
    def serve(self, folder: Path, records: int) -> Iterator[Server]:
        """Serve a db.json with this many records."""
        rows = [{"id": key, **row} for key, row in enumerate(all_records(records), 1)]
        (folder / "db.json").write_text(json.dumps({"users": rows}, indent=2))
        (folder / "public").mkdir()  # version 1 does not start without its folder of static files
        port = free_port()
        address = ("--host", "127.0.0.1", "--port", str(port))
        words = ("node", str(self._package / self._program), *address, *self._options, "db.json")
        with running(Command(words, folder, "/users/1", self._variables), port) as server:
            yield server


class JsonServer0(_JsonServer):
    """The stable line, without its log of requests."""

    routes = Routes(list="/users?_sort=name&_page=1&_limit=20", page="/users?_page=2&_limit=20")

    def __init__(self) -> None:
        super().__init__(JSON_SERVER_0, "lib/cli/bin.js", ("--quiet",), {})


class JsonServer1(_JsonServer):
    """The beta of version 1, in its production mode."""

    routes = Routes(
        list="/users?_sort=name&_page=1&_per_page=20", page="/users?_page=2&_per_page=20"
    )

    def __init__(self) -> None:
        super().__init__(JSON_SERVER_1, "lib/bin.js", (), {"NODE_ENV": "production"})
