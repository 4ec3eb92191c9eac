"""Checks, before each load, that a server replies as the load expects.

Never inside a measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.peers.client import Client
from benchmarks.peers.loads import Routes
from benchmarks.peers.records import GROUP_RECORDS, groups, new_record, record

PAGE_RECORDS = 20

_LIST_NAMES = ("items", "data")
"""The members that hold the records; in json-server, `items` is a number."""


class WrongServerError(Exception):
    """A server does not reply as the load expects."""


def rows_of(body: Any) -> list[dict[str, Any]]:
    """Return the records of a list, plain or in an envelope."""
    lists = [body] if isinstance(body, list) else []
    if isinstance(body, dict):
        lists = [body[name] for name in _LIST_NAMES if isinstance(body.get(name), list)]
    if not lists:
        raise WrongServerError(f"not a list: {str(body)[:200]}")
    return lists[0]


def check_load(name: str, client: Client, routes: Routes, records: int) -> None:
    """Send the load's request once and check the reply, and the effect of a write.

    Raises:
        WrongServerError: the reply or the effect is wrong.
    """
    _CHECKS[name](client, routes, records)


def _check_get(client: Client, routes: Routes, records: int) -> None:
    body = client.expect("GET", routes.record(7))
    _same("name", body["name"], record(7, records)["name"])


def _check_list(client: Client, routes: Routes, records: int) -> None:
    names = [row["name"] for row in rows_of(client.expect("GET", routes.list))]
    _same("length", len(names), min(PAGE_RECORDS, records))
    _same("order", names, sorted(names))


def _check_page(client: Client, routes: Routes, records: int) -> None:
    rows = rows_of(client.expect("GET", routes.page))
    _same("length", len(rows), PAGE_RECORDS)
    _same("first", rows[0]["name"], record(PAGE_RECORDS + 1, records)["name"])


def _check_search(client: Client, routes: Routes, records: int) -> None:
    group = min(7, groups(records) - 1)
    rows = rows_of(client.expect("GET", routes.search.format(group=group)))
    _same("group", [row["grp"] for row in rows], [group] * GROUP_RECORDS)


def _check_post(client: Client, routes: Routes, records: int) -> None:
    created = client.expect("POST", routes.collection, new_record())
    stored = client.expect("GET", routes.one.format(id=created["id"]))
    _same("email", stored["email"], new_record()["email"])


def _check_patch(client: Client, routes: Routes, records: int) -> None:
    for age in (77, 78):  # two values: one could be there already
        client.expect("PATCH", routes.record(1), {"age": age})
        _same("age", client.expect("GET", routes.record(1))["age"], age)


def _check_delete(client: Client, routes: Routes, records: int) -> None:
    created = client.expect("POST", routes.collection, new_record())
    path = routes.one.format(id=created["id"])
    client.expect("DELETE", path)
    _same("status after DELETE", client.send("GET", path).status, 404)


_CHECKS: Mapping[str, Callable[[Client, Routes, int], None]] = {
    "get": _check_get,
    "list": _check_list,
    "page": _check_page,
    "search": _check_search,
    "post": _check_post,
    "patch": _check_patch,
    "delete": _check_delete,
}


def _same(subject: str, value: object, expected: object) -> None:
    if value != expected:
        raise WrongServerError(f"{subject}: {str(value)[:200]}, expected {str(expected)[:200]}")
