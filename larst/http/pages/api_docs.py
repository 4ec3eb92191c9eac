"""What shows a session its own API: the OpenAPI document, and the pages that are made of it.

The pages' files are the same for everybody and hold no data, so they are served without a token;
what they show, they ask for with one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from string import Template
from typing import NamedTuple

import openapi_ui_bundles
import orjson
from aiohttp import web

from larst.config import Settings
from larst.domain import Json
from larst.http.responses import json_response
from larst.openapi import Described, control_document, document
from larst.openapi.custom import LearnedPath
from larst.openapi.schemas import Learned
from larst.planning.book import PlanBook
from larst.planning.book.files import BookEntry
from larst.planning.rules.planner import RULES
from larst.planning.shapes.rest_path import plain_path
from larst.session.client import SessionClient
from larst.store import SessionStore

MAX_KEPT_BYTES = 64 << 20
"""Of documents that are kept until something new is learned; a larger one is made each time."""

LARGE_FIELDS = 2000
"""A document of more fields is made in a thread: it takes longer than others should wait."""

MAX_CUSTOM_PATHS = 500

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
_SWAGGER, _REDOC = openapi_ui_bundles.swagger_ui.static_path, openapi_ui_bundles.redoc.static_path
_FOREIGN_LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_OWN_LOGO = b"/_larst/ui/redoc-logo.svg"

FILES: Mapping[str, tuple[str, Path | None]] = {
    "swagger-ui-bundle.js": ("text/javascript", _SWAGGER / "swagger-ui-bundle.js"),
    "swagger-ui.css": ("text/css", _SWAGGER / "swagger-ui.css"),
    "favicon.png": ("image/png", _SWAGGER / "favicon-32x32.png"),
    "redoc.standalone.js": ("text/javascript", _REDOC / "redoc.standalone.js"),
    "redoc-logo.svg": ("image/svg+xml", _REDOC / "logo-mini.svg"),
    "pages.css": ("text/css", None),
    "session.js": ("text/javascript", None),
    "docs.js": ("text/javascript", None),
    "redoc.js": ("text/javascript", None),
}
"""The pages' files: of which type, and where; None: beside this module, in `pages`."""

PAGES: Mapping[str, Mapping[str, str]] = {
    "docs": {
        "here": "Swagger UI",
        "other": "ReDoc",
        "other_path": "/redoc",
        "style": '<link rel="stylesheet" href="/_larst/ui/swagger-ui.css">',
        "bundle": "swagger-ui-bundle.js",
        "script": "docs.js",
    },
    "redoc": {
        "here": "ReDoc",
        "other": "Swagger UI",
        "other_path": "/docs",
        "style": "",
        "bundle": "redoc.standalone.js",
        "script": "redoc.js",
    },
}
"""What is put into `page.html` for each of the pages."""


Known = dict[str, dict[str, Json]]
"""What a session has learned, by resource."""

_NO_ADDRESS = b'"servers":[{"url":""}]'


class _Kept(NamedTuple):
    """A document, and what it was made of."""

    known: Known
    paths: list[LearnedPath]
    body: bytes


class ApiPages:
    """Handles the requests for documents and pages."""

    def __init__(self, settings: Settings, sessions: SessionClient, book: PlanBook) -> None:
        self._settings = settings
        self._sessions = sessions
        self._book = book
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._kept_bytes = 0
        self._making_large = asyncio.Lock()

    async def session_document(self, session_id: str, address: str) -> web.Response:
        """Answer a session's document; `address` is the service's own, as the client knows it."""
        known = await self._sessions.run_on_store(session_id, _known, keeps_awake=False)
        body = await self._document(session_id, known)
        # The first there is: what a session has learned comes after it.
        body = body.replace(_NO_ADDRESS, b'"servers":[{"url":%b}]' % orjson.dumps(address), 1)
        return web.Response(
            body=body,
            content_type="application/json",
            charset="utf-8",
            headers={"Cache-Control": "no-cache"},
        )

    def control_document(self, address: str) -> web.Response:
        """Answer the document of the service's own paths."""
        has_auth = self._settings.http.auth_token is not None
        return json_response(control_document(address, has_auth=has_auth))

    async def _document(self, session_id: str, known: Known) -> bytes:
        """Return the session's document, without the service's address."""
        paths = [
            LearnedPath(entry.shape, entry.plan.action, entry.plan.resource)
            for entry in self._book.entries()
            if session_id in entry.sessions and _is_custom(entry, known)
        ][:MAX_CUSTOM_PATHS]
        if (body := self._find(session_id, known, paths)) is not None:
            return body
        described = Described(
            session_id=session_id,
            url="",
            resources=known,
            paths=paths,
            has_auth=self._settings.http.auth_token is not None,
            is_enforced=self._settings.sessions.schema_mode == "enforce",
        )
        if sum(map(_fields, known.values())) <= LARGE_FIELDS:
            return self._keep(session_id, _Kept(known, paths, _made(described)))
        async with self._making_large:
            if (body := self._find(session_id, known, paths)) is None:
                body = await asyncio.to_thread(_made, described)
                self._keep(session_id, _Kept(known, paths, body))
            return body

    def _find(self, session_id: str, known: Known, paths: list[LearnedPath]) -> bytes | None:
        kept = self._kept.get(session_id)
        # What was learned is replaced, never changed in its place.
        if kept is None or not _is_same(kept.known, known) or kept.paths != paths:
            return None
        self._kept.move_to_end(session_id)
        return kept.body

    def _keep(self, session_id: str, made: _Kept) -> bytes:
        if (old := self._kept.pop(session_id, None)) is not None:
            self._kept_bytes -= len(old.body)
        self._kept[session_id] = made
        self._kept_bytes += len(made.body)
        while self._kept_bytes > MAX_KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.body)
        return made.body


async def page(name: str) -> web.Response:
    """Answer one of the pages, `docs` or `redoc`."""
    # ReDoc's styles are made by its script, while it runs.
    policy = _POLICY.format(styles=" 'unsafe-inline'" if name == "redoc" else "")
    return web.Response(
        text=Template(_content("page.html").decode()).substitute(PAGES[name]),
        content_type="text/html",
        headers={
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        },
    )


async def file(name: str) -> web.Response | None:
    """Answer one of `FILES`, None where there is no such file."""
    if name not in FILES:
        return None
    body = await asyncio.to_thread(_content, name)
    return web.Response(
        body=body,
        headers={
            "Content-Type": f"{FILES[name][0]}; charset=utf-8",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "max-age=3600",
        },
    )


@cache
def _content(name: str) -> bytes:
    _, path = FILES.get(name, ("", None))
    if path is None:
        return (resources.files("larst.http.pages.static") / name).read_bytes()
    return path.read_bytes().replace(_FOREIGN_LOGO, _OWN_LOGO)


async def _known(store: SessionStore) -> Known:
    """Return what the session has learned."""
    return {name: learned for name in store.names() if (learned := store.schema(name)) is not None}


def _made(described: Described) -> bytes:
    return orjson.dumps(document(described))


def _fields(learned: Mapping[str, Json]) -> int:
    return len(Learned.of(learned).properties)


def _is_same(one: Known, other: Known) -> bool:
    return one.keys() == other.keys() and all(one[name] is other[name] for name in one)


def _is_custom(entry: BookEntry, known: Known) -> bool:
    """Tell whether a plan serves what the documents do not tell of anyway."""
    if entry.state == "rejected" or entry.shape["method"] in ("HEAD", "OPTIONS"):
        return False
    if entry.plan.action == "custom":
        return True  # of a path that a resource has, that one's operations win
    is_word_an_id = entry.planner == RULES
    return not plain_path(entry.shape["path"], known, is_word_an_id=is_word_an_id)
