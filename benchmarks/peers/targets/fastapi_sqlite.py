"""The server written by hand with FastAPI and sqlite3."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.peers.installation import Cache
from benchmarks.peers.loads import Routes
from benchmarks.peers.processes import Command, Server, free_port, running
from benchmarks.peers.records import all_records

_SERVERS = Path(__file__).parents[1] / "servers"


class FastapiSqlite:
    """FULL makes every commit durable with fsync; NORMAL does not."""

    routes = Routes()
    has_store = True

    def __init__(self, synchronous: str) -> None:
        self.title = f"FastAPI + sqlite, {synchronous}"
        self._synchronous = synchronous
        self._programs = Path()

    def install(self, cache: Cache) -> None:
        """Install FastAPI and uvicorn."""
        self._programs = cache.python_programs()

    @contextmanager
    def serve(self, folder: Path, records: int) -> Iterator[Server]:
        """Serve a database with this many records, without a log of requests."""
        port, database = free_port(), folder / "users.db"
        words = (
            *(str(self._programs / "python"), "-m", "uvicorn", "fastapi_sqlite:app"),
            *("--app-dir", str(_SERVERS), "--port", str(port), "--no-access-log"),
        )
        variables = {"PEERS_DATABASE": str(database), "PEERS_SYNCHRONOUS": self._synchronous}
        with running(Command(words, folder, "/users", variables), port) as server:
            _fill(database, records)
            yield server


def _fill(database: Path, records: int) -> None:
    rows = [(key, json.dumps(row)) for key, row in enumerate(all_records(records), 1)]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany("insert into users values (?, ?)", rows)
