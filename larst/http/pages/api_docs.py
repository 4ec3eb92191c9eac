"""Swagger UI and ReDoc: the two pages that show the API of a session, and their files.

Pages and files are the same for every visitor and hold no data, so they need no token. Their
scripts fetch the document of the session with one. Must never refer to another host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

import openapi_ui_bundles
from aiohttp import web

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
_SWAGGER, _REDOC = openapi_ui_bundles.swagger_ui.static_path, openapi_ui_bundles.redoc.static_path
_REMOTE_LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_LOCAL_LOGO = b"/_larst/ui/redoc-logo.svg"

FILES: Mapping[str, tuple[str, Path | None]] = {
    "swagger-ui-bundle.js": ("text/javascript", _SWAGGER / "swagger-ui-bundle.js"),
    "swagger-ui.css": ("text/css", _SWAGGER / "swagger-ui.css"),
    "favicon.png": ("image/png", _SWAGGER / "favicon-32x32.png"),
    "redoc.standalone.js": ("text/javascript", _REDOC / "redoc.standalone.js"),
    "redoc-logo.svg": ("image/svg+xml", _REDOC / "logo-mini.svg"),
    "pages.css": ("text/css", None),
    "replies.css": ("text/css", None),
    "swagger-colours.css": ("text/css", None),
    "session.js": ("text/javascript", None),
    "docs.js": ("text/javascript", None),
    "redoc.js": ("text/javascript", None),
    "larst.js": ("text/javascript", None),  # the helper for tests, which people copy
}
"""The media type and the path of each file; None: the file is in `larst/http/pages/static`."""

PAGES: Mapping[str, Mapping[str, str]] = {
    "docs": {
        "here": "Swagger UI",
        "other": "ReDoc",
        "other_path": "/redoc",
        "style": '<link rel="stylesheet" href="/_larst/ui/swagger-ui.css">\n'
        '<link rel="stylesheet" href="/_larst/ui/swagger-colours.css">',
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
"""The values of the template `page.html` for each page."""


async def page(name: str, prefix: str = "") -> web.Response:
    """Answer one of `PAGES`, below the prefix of a session if it has one."""
    # ReDoc's script generates its styles at run time.
    policy = _POLICY.format(styles=" 'unsafe-inline'" if name == "redoc" else "")
    return web.Response(
        text=Template(_content("page.html").decode()).substitute(
            {**PAGES[name], "prefix": escape(prefix)}
        ),
        content_type="text/html",
        headers={
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        },
    )


async def file(name: str) -> web.Response | None:
    """Answer one of `FILES`; return None for any other name."""
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
    return path.read_bytes().replace(_REMOTE_LOGO, _LOCAL_LOGO)
