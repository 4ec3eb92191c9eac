"""PocketBase with one collection, open to all, and the indexes that its loads need."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers.client import Client
from benchmarks.peers.installation import Cache
from benchmarks.peers.loads import Routes
from benchmarks.peers.pins import POCKETBASE
from benchmarks.peers.processes import Command, Server, free_port, running
from benchmarks.peers.records import all_records

_RECORDS = "/api/collections/people/records"
_EMAIL, _PASSWORD = "admin@example.com", "a password of this run"
_TYPES = {
    "name": "text",
    "email": "email",
    "age": "number",
    "city": "text",
    "active": "bool",
    "score": "number",
    "tags": "json",
    "address": "json",
    "grp": "number",
}
_RULES = ("listRule", "viewRule", "createRule", "updateRule", "deleteRule")
_COLLECTION = {
    "name": "people",
    "type": "base",
    "fields": [{"name": name, "type": kind} for name, kind in _TYPES.items()],
    "indexes": ["create index by_grp on people (grp)", "create index by_name on people (name)"],
    **dict.fromkeys(_RULES, ""),
}


class Pocketbase:
    """Its SQLite commits without fsync (synchronous NORMAL in WAL mode)."""

    title = f"PocketBase {POCKETBASE.version}"
    has_store = True
    routes = Routes(
        one=f"{_RECORDS}/{{id}}",
        list=f"{_RECORDS}?perPage=20&sort=name",
        page=f"{_RECORDS}?perPage=20&page=2",
        search=f"{_RECORDS}?filter=(grp={{group}})",
        collection=_RECORDS,
        stored_id="user{number:011d}",
    )

    def __init__(self) -> None:
        self._program = ""

    def install(self, cache: Cache) -> None:
        """Install the pinned version."""
        self._program = str(cache.python_programs() / "pocketbase")

    @contextmanager
    def serve(self, folder: Path, records: int) -> Iterator[Server]:
        """Create the collection, fill it with this many records, and serve it."""
        port, data = free_port(), folder / "data"
        words = (self._program, "serve", f"--http=127.0.0.1:{port}", "--dir", str(data))
        command = Command((*words, "--automigrate=false"), folder, "/api/health")
        login = ("superuser", "upsert", _EMAIL, _PASSWORD, "--dir", str(data))
        subprocess.run([self._program, *login], check=True, capture_output=True, cwd=folder)
        with running(command, port):
            _create_collection(port)
        _fill(data / "data.db", records)
        with running(command, port) as server:
            yield server


def _create_collection(port: int) -> None:
    client = Client(port)
    path = "/api/collections/_superusers/auth-with-password"
    token = client.expect("POST", path, {"identity": _EMAIL, "password": _PASSWORD})["token"]
    client.expect("POST", "/api/collections", _COLLECTION, Authorization=token)
    client.close()


def _fill(database: Path, records: int) -> None:
    columns = ", ".join(_TYPES)
    marks = ", ".join("?" * (len(_TYPES) + 1))
    statement = f"insert into people (id, {columns}) values ({marks})"  # noqa: S608 - constant text
    rows = [
        (Pocketbase.routes.stored_id.format(number=number), *map(_stored, row.values()))
        for number, row in enumerate(all_records(records), 1)
    ]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(statement, rows)


def _stored(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value
