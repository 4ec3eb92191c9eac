"""The settings of a session's resources: declared, taken in with an import, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from larst.store import SessionStore
from larst.store.collection import Collection
from larst.store.records import validate_resource_name
from larst.store.resource_settings import ResourceSettings, check_size
from larst.store.session_rules import check_declared


async def put_resource_settings(name: str, settings: ResourceSettings, store: SessionStore) -> None:
    """Give a resource these settings in place of its old ones, durably.

    Raises:
        BadResourceNameError: the name is not valid.
        BadRequestError: the session has too many settings.
        FieldRefusedError, ValueTakenError: a stored record breaks them; nothing is changed.
        DiskRefusedError: see `SessionSettings.put`.
    """
    store.commits.begin().resource(name)
    current = store.settings.current
    resources = {**current.resources, name: settings}
    check_size(resources)
    if (collection := store.data.resources.get(name)) is not None:
        store.work.begin()
        check = partial(check_declared, {name: collection}, {name: settings})
        await store.work.off_loop(check)
    await store.settings.put(replace(current, resources=resources))


async def take_in_settings(
    store: SessionStore,
    collections: Mapping[str, Collection],
    declared: Mapping[str, ResourceSettings],
) -> None:
    """Give a session the settings of an import, if its records keep to them and to its own.

    Raises:
        BadRequestError: the session has too many settings.
        FieldRefusedError, ValueTakenError: a record of the import breaks them.
        DiskRefusedError: see `SessionSettings.put`.
    """
    current = store.settings.current
    resources = {**current.resources, **declared}
    if not resources:
        return
    check_size(resources)
    store.work.begin()
    await store.work.off_loop(partial(check_declared, collections, resources))
    if declared:
        await store.settings.put(replace(current, resources=resources))


async def delete_resource_settings(name: str, store: SessionStore) -> bool:
    """Take the settings from a resource, durably; return whether it had any.

    Raises:
        BadResourceNameError: the name is not valid.
        DiskRefusedError: see `SessionSettings.put`.
    """
    validate_resource_name(name)
    current = store.settings.current
    if name not in current.resources:
        return False
    resources = {other: item for other, item in current.resources.items() if other != name}
    await store.settings.put(replace(current, resources=resources))
    return True
