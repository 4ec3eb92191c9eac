"""The records that every server stores: about 230 bytes each, the same on each run."""

from __future__ import annotations

from typing import Any

GROUP_RECORDS = 10
"""A search for one group has this many matches."""

NEW_GROUP = -1
"""The group of the records that a load creates: no search for a group matches them."""

_CITIES = ("Berlin", "Paris", "Madrid", "Rome", "Vienna", "Prague", "Oslo")
_SCATTER = 7919
"""A prime: names in an order that differs from that of the ids."""


def groups(count: int) -> int:
    """Return the number of groups among this many records."""
    return max(1, count // GROUP_RECORDS)


def record(number: int, count: int) -> dict[str, Any]:
    """Return the record of this number, from 1 to `count`."""
    return {
        "name": f"User {number * _SCATTER % count}",
        "email": f"user{number}@example.com",
        "age": 18 + number % 60,
        "city": _CITIES[number % len(_CITIES)],
        "active": number % 2 == 0,
        "score": round(number * 1.37 % 100, 2),
        "tags": ["alpha", "beta"],
        "address": {"street": f"{number} Main Street", "zip": f"{10000 + number}"},
        "grp": number % groups(count),
    }


def new_record() -> dict[str, Any]:
    """Return the record that POST sends."""
    return {**record(33, 1000), "name": "New User", "grp": NEW_GROUP}


def all_records(count: int) -> list[dict[str, Any]]:
    """Return records 1 to `count`, without ids."""
    return [record(number, count) for number in range(1, count + 1)]
