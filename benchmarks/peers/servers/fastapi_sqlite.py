"""FastAPI with sqlite3, as a developer would write it by hand for this one resource.

Variables: PEERS_DATABASE, the file; PEERS_SYNCHRONOUS, NORMAL or FULL. One connection in WAL mode,
used from the event loop alone: the fastest arrangement for statements as short as these.
"""

from __future__ import annotations

import json
import os
import sqlite3
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel

_SCHEMA = """
create table if not exists users (id integer primary key, document text not null);
create index if not exists users_by_group on users (json_extract(document, '$.grp'));
create index if not exists users_by_name on users (json_extract(document, '$.name'));
"""


class Address(BaseModel):
    """An address."""

    street: str
    zip: str


class User(BaseModel):
    """A user, complete."""

    name: str
    email: str
    age: int
    city: str
    active: bool
    score: float
    tags: list[str]
    address: Address
    grp: int


class UserChange(BaseModel):
    """The fields that PATCH changes."""

    age: int


def _connect() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["PEERS_DATABASE"], isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute(f"pragma synchronous = {os.environ['PEERS_SYNCHRONOUS']}")
    connection.executescript(_SCHEMA)
    return connection


app = FastAPI()
database = _connect()


def _user(row: tuple[int, str]) -> dict[str, Any]:
    return {"id": row[0], **json.loads(row[1])}


def _find(key: int) -> dict[str, Any]:
    row = database.execute("select id, document from users where id = ?", (key,)).fetchone()
    if row is None:
        raise HTTPException(404)
    return _user(row)


@app.get("/users/{key}")
async def get_user(key: int) -> dict[str, Any]:
    """Return one user."""
    return _find(key)


@app.get("/users")
async def list_users(
    limit: int = 20, offset: int = 0, sort: str = "id", grp: int | None = None
) -> Any:
    """Return the users of a group, or a page of all."""
    if grp is not None:
        condition = "json_extract(document, '$.grp') = ?"
        rows = database.execute(f"select id, document from users where {condition}", (grp,))  # noqa: S608 - constant text
        return [_user(row) for row in rows]
    order = "json_extract(document, '$.name')" if sort == "name" else "id"
    (total,) = database.execute("select count(*) from users").fetchone()
    rows = database.execute(
        f"select id, document from users order by {order} limit ? offset ?",  # noqa: S608 - constant text
        (limit, offset),
    )
    return {"items": [_user(row) for row in rows], "total": total}


@app.post("/users", status_code=201)
async def create_user(user: User) -> dict[str, Any]:
    """Store a user."""
    fields = user.model_dump()
    cursor = database.execute("insert into users (document) values (?)", (json.dumps(fields),))
    return {"id": cursor.lastrowid, **fields}


@app.patch("/users/{key}")
async def change_user(key: int, change: UserChange) -> dict[str, Any]:
    """Change a user."""
    user = {**_find(key), **change.model_dump()}
    fields = {name: value for name, value in user.items() if name != "id"}
    database.execute("update users set document = ? where id = ?", (json.dumps(fields), key))
    return user


@app.delete("/users/{key}", status_code=204)
async def delete_user(key: int) -> Response:
    """Delete a user."""
    if not database.execute("delete from users where id = ?", (key,)).rowcount:
        raise HTTPException(404)
    return Response(status_code=204)
