"""Edits of the files of a resource with settings: they keep to them, as requests do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from larst.errors import SessionDamagedError
from larst.store import SessionStore
from larst.store.resource_settings import parse_resource_settings
from tests.store.disks import MemoryDisk
from tests.store.edits.editing import ANN, ASIDE, BOB, USERS, asides, edit, on_disk, patch
from tests.store.stores import HOME, insert, open_store, records_of

MADE = "2026-11-23T00:00:00.000Z"
"""The time of `tests.store.stores.now`."""


async def declare(store: SessionStore, **settings: Any) -> None:
    resources = {"users": parse_resource_settings(settings)}
    await store.settings.put(replace(store.settings.current, resources=resources))


BREAKS = [
    ({"unique": ["name"]}, {"id": 2, "name": "Ann"}, "both have the name 'Ann'; name is unique"),
    ({"required": ["name"]}, {"id": 2}, "users/2: name is required"),
    ({"expiry": "until"}, {**BOB, "until": "soon"}, "until must be null or an instant"),
]


@pytest.mark.parametrize(
    ("settings", "record", "reason"),
    [*BREAKS, ({"id": "integer"}, {"id": "x", "name": "Carl"}, "id must be of the kind integer")],
)
async def test_an_edit_that_breaks_them_is_set_aside(
    disk: MemoryDisk, store: SessionStore, settings: Any, record: Any, reason: str
) -> None:
    await declare(store, **settings)
    content = edit(disk, ANN, record)

    await store.edits.take_in()

    assert records_of(store) == [ANN, BOB]
    assert disk.content[ASIDE] == content
    (report,) = store.edits.reports
    assert reason in report.detail
    assert "correct it and rename it to users.json" in report.detail


@pytest.mark.parametrize(("settings", "record", "reason"), BREAKS)
async def test_such_an_edit_of_a_session_that_sleeps_is_refused_and_kept(
    disk: MemoryDisk, store: SessionStore, settings: Any, record: Any, reason: str
) -> None:
    """Only the file has the records. A corrected one ends the matter."""
    await declare(store, **settings)
    await store.close()
    content = edit(disk, ANN, record)

    with pytest.raises(SessionDamagedError, match=reason.split(";")[0]):
        await open_store(disk)

    (aside,) = [path for path in disk.content if ".damaged-" in path.name]
    assert disk.content[aside] == content
    edit(disk, ANN, {**BOB, "name": "Bobby"})
    assert records_of(await open_store(disk)) == [ANN, {**BOB, "name": "Bobby"}]


async def test_after_a_kill_such_an_edit_is_set_aside(disk: MemoryDisk) -> None:
    """The journal has the session's own records."""
    store = await open_store(disk)
    await declare(store, unique=["name"])
    await insert(store, "users", {"name": "Ann"}, {"name": "Bob"})
    await store.durability.flush()
    content = edit(disk, ANN, {"id": 3, "name": "Bob"})

    again = await open_store(MemoryDisk(disk.content))

    assert records_of(again) == [ANN, BOB]
    assert "both have the name 'Bob'" in again.edits.reports[0].detail
    assert disk.content[USERS] == content


async def test_an_edit_gets_the_defaults_and_times_that_it_lacks(
    disk: MemoryDisk, store: SessionStore
) -> None:
    """As for requests; but a time that a person writes is kept."""
    await declare(store, defaults={"role": "user"}, timestamps=True, ttl="1h")
    await patch(store, 1, name="Ann")
    await store.durability.checkpoint()
    ann = {**ANN, "role": "user", "createdAt": "1999", "updatedAt": MADE}
    edit(disk, ann, BOB, {"name": "Carl", "createdAt": "2001"})

    await store.close()

    assert records_of(store) == on_disk(disk)
    first, second, third = records_of(store)
    assert first == {**ann, "updatedAt": MADE}
    assert second == BOB  # not edited
    own = {"role": "user", "updatedAt": MADE, "expiresAt": "2026-11-23T01:00:00.000Z"}
    assert third == {"id": 3, "name": "Carl", "createdAt": "2001", **own}


async def test_the_time_of_the_last_change_follows_an_edit(disk: MemoryDisk) -> None:
    times = iter([datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 29)])
    store = SessionStore(HOME, files=disk, now=lambda: next(times))
    await store.load()
    await declare(store, timestamps=True)
    await insert(store, "users", {"name": "Ann"}, {"name": "Bob"})
    await store.durability.checkpoint()
    ann, bob = on_disk(disk)
    edit(disk, {**ann, "name": "Anna"}, {**bob, "updatedAt": "by hand"})

    await store.edits.take_in()

    anna, bob = records_of(store)
    assert anna["createdAt"] == ann["createdAt"] < anna["updatedAt"]
    assert bob["updatedAt"] == "by hand"


async def test_a_record_without_an_id_gets_one_of_the_kind(
    disk: MemoryDisk, store: SessionStore
) -> None:
    """Those that were stored before the kind was declared keep theirs."""
    await declare(store, id="nanoid")
    edit(disk, ANN, BOB, {"name": "Carl"})
    await store.edits.take_in()

    assert records_of(store)[:2] == [ANN, BOB]
    assert len(records_of(store)[2]["id"]) == 21
    assert asides(disk) == []


async def test_an_edit_of_a_session_that_sleeps_gets_defaults_and_no_time_to_expire(
    disk: MemoryDisk, store: SessionStore
) -> None:
    """The records may be older than the settings, and must not expire for that."""
    await declare(store, id="uuid", defaults={"role": "user"}, ttl="1h", required=["role"])
    await store.close()
    edit(disk, ANN, {**BOB, "age": 5}, {"name": "Carl"})

    ann, bob, carl = records_of(await open_store(disk))

    assert (ann, bob) == ({**ANN, "role": "user"}, {**BOB, "age": 5, "role": "user"})
    assert (len(carl["id"]), carl["role"]) == (36, "user")
    assert carl["expiresAt"] == "2026-11-23T01:00:00.000Z"


async def test_an_enforced_schema_takes_the_fields_that_are_declared(disk: MemoryDisk) -> None:
    store = SessionStore(HOME, files=disk, now=lambda: datetime.now(UTC), enforces_schema=True)
    await store.load()
    await insert(store, "users", {"name": "Ann"})
    await store.durability.checkpoint()
    await declare(store, defaults={"role": "user"}, timestamps=True)
    edit(disk, ANN, {"name": "Bob"})

    await store.edits.take_in()

    assert [record["name"] for record in records_of(store)] == ["Ann", "Bob"]


async def test_a_record_that_an_edit_lets_expire_is_deleted_in_time(
    disk: MemoryDisk, store: SessionStore
) -> None:
    """The store remembers when the next record expires: here, none."""
    await declare(store, expiry="until")
    assert not await store.commits.delete_expired(datetime(2026, 11, 23, tzinfo=UTC))
    edit(disk, {**ANN, "until": "2026-11-24T00:00:00Z"}, BOB)
    await store.edits.take_in()

    instant = datetime(2026, 11, 25, tzinfo=UTC)
    assert store.data.rules.is_due(store.data.resources, instant)
    await store.commits.delete_expired(instant)
    assert records_of(store) == [BOB]
