"""LARST, from this checkout: with its default settings, and with every request traced."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.client import Client
from benchmarks.peers.installation import Cache
from benchmarks.peers.loads import Routes
from benchmarks.peers.processes import Command, Server, free_port, running
from benchmarks.peers.records import all_records

CHECKOUT = Path(__file__).parents[3]
SESSION = "X-Session-ID"

_COLLECTOR = Path(__file__).parents[1] / "servers" / "collector.py"
_IMPORTED_AT_ONCE = 1000


class Larst:
    """Every write is durable before its reply."""

    title = "LARST"
    has_store = True
    routes = Routes(search="/users/search?grp={group}", headers={SESSION: "bench"})

    def install(self, cache: Cache) -> None:
        """Nothing to install: it runs from the checkout."""

    @contextmanager
    def serve(self, folder: Path, records: int) -> Iterator[Server]:
        """Serve a session with this many records."""
        with serve_root(folder) as server:
            fill(server.port, "bench", records)
            yield server


class TracedLarst:
    """Exports the trace of every request to a collector in another process."""

    title = "LARST, every request traced"
    has_store = True
    routes = Larst.routes

    def install(self, cache: Cache) -> None:
        """Nothing to install: the collector accepts everything and keeps nothing."""

    @contextmanager
    def serve(self, folder: Path, records: int) -> Iterator[Server]:
        """Serve a session with this many records."""
        port = free_port()
        words = (sys.executable, str(_COLLECTOR), str(port))
        (folder / "collector").mkdir()
        with running(Command(words, folder / "collector", "/"), port):
            tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
            with serve_root(folder, tracing) as server:
                fill(server.port, "bench", records)
                yield server


@contextmanager
def serve_root(folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve the data root in this folder, with these settings."""
    port = free_port()
    words = (sys.executable, "-m", "larst", "serve", "--port", str(port))
    search_path = os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH"))))
    command = Command(
        (*words, "--data-root", str(folder / "sessions")),
        folder,
        "/readyz",
        {"PYTHONPATH": search_path, **(variables or {})},
    )
    with running(command, port) as server:
        yield server


def fill(port: int, session: str, records: int) -> None:
    """Store this many records in a session."""
    client = Client(port, {SESSION: session})
    rows = all_records(records)
    for start in range(0, records, _IMPORTED_AT_ONCE):
        client.expect("POST", "/users", rows[start : start + _IMPORTED_AT_ONCE])
    client.close()
