"""The OpenAPI document of a session, cached until the session learns something new.

Must never hold the event loop: large documents are built in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import NamedTuple

import orjson
from aiohttp import web
from cachetools import LRUCache

from larst.config import Settings
from larst.dialects import DIALECTS, LARST
from larst.domain import Json, SessionKey, session_name
from larst.openapi import LearnedPath, SessionApi, session_document
from larst.openapi.declared import with_settings
from larst.openapi.schemas import LearnedSchema
from larst.planning import RULES
from larst.planning.book import BookEntry
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes import is_plain_path
from larst.runtime import paused_collector
from larst.session import SessionClient
from larst.session.settings import applied_settings
from larst.store import SessionStore, StoredSettings
from larst.store.resource_settings import ResourceSettings

MAX_CACHED_BYTES = 64 << 20
"""The size of all cached documents; a larger document is built on each request."""

LARGE_FIELDS = 500
"""Documents of more fields than this are built in a thread: 500 take about 20 ms."""

FIELDS_PER_RESOURCE = 5
"""The operations of a resource cost as much as this many fields."""

PART_BYTES = 256 * 1024
"""Larger documents are sent in parts of this size."""

MAX_CUSTOM_PATHS = 500

Resources = dict[str, dict[str, Json]]
"""The learned schema of each resource of a session."""

_NO_URL = b'"servers":[{"url":""}]'


class _Cached(NamedTuple):
    """A document, and what it was built from."""

    resources: Resources
    declared: Mapping[str, ResourceSettings]
    paths: list[LearnedPath]
    dialect: str
    body: bytes


class SessionDocuments:
    """Answers requests for the documents of sessions; `served` returns the plans of one."""

    def __init__(
        self,
        settings: Settings,
        sessions: SessionClient,
        served: Callable[[SessionKey], Sequence[BookEntry]],
        *,
        max_cached_bytes: int = MAX_CACHED_BYTES,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._served = served
        self._cache: LRUCache[str, _Cached] = LRUCache(
            max_cached_bytes, getsizeof=lambda entry: len(entry.body)
        )
        self._building_large = asyncio.Lock()

    async def respond(self, session_key: SessionKey, url: str) -> web.Response:
        """Answer the document of a session; `url` is the service as the client addresses it."""
        resources, stored = await self._sessions.run_on_store(
            session_key, _learned, keeps_awake=False
        )
        default = self._settings.sessions.dialect
        dialect = applied_settings(ReadingSettings(dialect=default), stored).reply_dialect.name
        body = await self._document(session_key, resources, dialect, stored.resources)
        # The first match is the service's own: what clients sent comes after it.
        place = body.index(_NO_URL)
        start = body[:place] + b'"servers":[{"url":%b}]' % orjson.dumps(url)
        end = memoryview(body)[place + len(_NO_URL) :]
        size_bytes = len(start) + len(end)
        return web.Response(
            body=start + end if size_bytes <= PART_BYTES else _parts(start, end),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Content-Length": str(size_bytes),
                "Cache-Control": "private, no-cache",
                "Vary": "X-Session-ID",
            },
        )

    async def _document(
        self,
        session_key: SessionKey,
        resources: Resources,
        dialect: str = LARST.name,
        declared: Mapping[str, ResourceSettings] | None = None,
    ) -> bytes:
        """Return the document of a session, without the address of the service."""
        declared = declared or {}
        shown = _with_settings(resources, declared)
        paths = self._custom_paths(session_key, shown)
        entry = _Cached(resources, declared, paths, dialect, b"")
        if (body := self._cached(session_key, entry)) is not None:
            return body
        api = SessionApi(
            session_id=session_name(session_key),
            url="",
            resources=shown,
            paths=paths,
            has_auth=self._settings.http.has_tokens,
            is_enforced=self._settings.sessions.schema_mode == "enforce",
            dialect=DIALECTS[dialect],
        )
        if _size(resources) <= LARGE_FIELDS:
            return self._store(session_key, entry._replace(body=_build(api)))
        async with self._building_large:
            if (body := self._cached(session_key, entry)) is None:
                body = await asyncio.to_thread(_build, api)
                self._store(session_key, entry._replace(body=body))
            return body

    def _custom_paths(
        self, session_key: SessionKey, resources: Mapping[str, Mapping[str, Json]]
    ) -> list[LearnedPath]:
        return [
            LearnedPath(entry.shape, entry.plan.action, entry.plan.resource)
            for entry in self._served(session_key)
            if _is_custom(entry, resources)
        ][:MAX_CUSTOM_PATHS]

    def _cached(self, session_key: SessionKey, wanted: _Cached) -> bytes | None:
        entry = self._cache.get(session_key)
        if entry is None or entry[1:4] != wanted[1:4]:
            return None
        return entry.body if _is_same(entry.resources, wanted.resources) else None

    def _store(self, session_key: SessionKey, entry: _Cached) -> bytes:
        if len(entry.body) <= self._cache.maxsize:
            self._cache[session_key] = entry
        else:
            self._cache.pop(session_key, None)
        return entry.body


async def _parts(start: bytes, end: memoryview) -> AsyncIterator[bytes]:
    """Yield a document in parts: to copy 50 MB into a buffer takes 0.15 s."""
    yield start
    for place in range(0, len(end), PART_BYTES):
        yield bytes(end[place : place + PART_BYTES])
        await asyncio.sleep(0)  # the connection does not make a fast client wait


async def _learned(store: SessionStore) -> tuple[Resources, StoredSettings]:
    names = store.data.names()
    resources = {
        name: learned for name in names if (learned := store.data.schema(name)) is not None
    }
    return resources, store.settings.current


def _with_settings(
    resources: Resources, declared: Mapping[str, ResourceSettings]
) -> Mapping[str, Mapping[str, Json]]:
    """Return the schemas with the settings, also of resources without records."""
    added = {name: with_settings(resources.get(name), item) for name, item in declared.items()}
    return {**resources, **added}


def _build(api: SessionApi) -> bytes:
    with paused_collector(freezes=False):  # it would visit each of a million objects, in one go
        return _dumped(session_document(api), levels=3)


def _dumped(value: Json, levels: int) -> bytes:
    """Return JSON, written in parts: one call for 30 MB would keep all other threads waiting."""
    if not levels or not isinstance(value, dict):
        return orjson.dumps(value)
    members = (
        orjson.dumps(name) + b":" + _dumped(item, levels - 1) for name, item in value.items()
    )
    return b"{" + b",".join(members) + b"}"


def _size(resources: Resources) -> int:
    fields = sum(len(_fields(learned)) for learned in resources.values())
    return fields + FIELDS_PER_RESOURCE * len(resources)


def _fields(learned: Mapping[str, Json]) -> Mapping[str, Json]:
    return LearnedSchema.of(learned).properties


def _is_same(before: Resources, after: Resources) -> bool:
    """Return whether nothing was learned in between: the store replaces schemas, never edits."""
    return before.keys() == after.keys() and all(
        learned is after[name] for name, learned in before.items()
    )


def _is_custom(entry: BookEntry, resources: Mapping[str, Mapping[str, Json]]) -> bool:
    """Return whether a plan serves a request that the resources' own paths do not describe."""
    if entry.state == "rejected" or entry.shape["method"] in ("HEAD", "OPTIONS"):
        return False
    if entry.plan.action == "custom":
        return True  # on the path of a resource, the operations of the resource take precedence
    is_word_an_id = entry.planner == RULES
    return not is_plain_path(entry.shape["path"], resources, is_word_an_id=is_word_an_id)
