"""What `GET /` answers: the first requests to try at this very address, as JSON or as a page.

Pure: it is told what is known of the visitor. Must never show what a visitor sent unescaped,
neither to a browser nor to the shell that a command is pasted into.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Literal

from larst import __version__
from larst.accept import preferred

PlanMode = Literal["learn", "fresh", "locked"]
SessionFrom = Literal["header", "token", "address"]
"""What a session's id was taken from: X-Session-ID, the bearer token, or the client's address."""

LINKS = {
    "docs": "/docs",
    "redoc": "/redoc",
    "openapi": "/swagger.json",
    "control": "/_larst/openapi.json",
    "metrics": "/_larst/metrics",
    "health": "/healthz",
    "ready": "/readyz",
}

_FORM = '{"name":"Alice"}'
_NAMES = {"openai": "OpenAI", "anthropic": "Anthropic", "mock": "A function of your own"}
_ASKED = {
    "learn": "once for each shape of request; what it learned answers ever after",
    "fresh": "anew for every request, since LARS_PLAN_MODE is fresh",
}
_RULES_OF_SESSIONS = {
    "header": "Your browser named it in the header X-Session-ID, and so do the commands above.",
    "token": "It comes from the bearer token that your browser sent: same token, same data.",
    "address": "It comes from your network address: a curl on the same machine sees the same data.",
}
_FORMATS = ("text/html", "application/json")
_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """What is known of whoever asks; `address` is the service's own, as the visitor named it.

    It has no slash at its end. `has_model_server`: whom the planner asks is no provider's own.
    """

    address: str
    session_id: str
    session_from: SessionFrom
    has_token: bool
    planner: str
    model: str | None
    plan_mode: PlanMode
    has_model_server: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page for a person, and the Content-Security-Policy that lets its own parts work."""

    html: str
    policy: str


def welcome(visitor: Visitor) -> dict[str, Any]:
    """Return the hints for programs."""
    return {
        "name": "LARST",
        "version": __version__,
        "what": "The last REST service: send any REST request, there is nothing to set up",
        "try": list(_commands(visitor)),
        "session": "Send the header X-Session-ID to have data of your own",
        "session_id": visitor.session_id,
        "planner": visitor.planner,
        "model": visitor.model,
        "links": LINKS,
    }


def welcome_page(visitor: Visitor) -> Page:
    """Return the same as a page for a person; it asks nothing of any other host."""
    create, read, search = _commands(visitor)
    style, script = _text("page.css"), _text("copy.js")
    html = _fill(
        "page.html",
        {"style": style, "script": script, "planner": _planner(visitor)},
        version=__version__,
        create=create,
        read=read,
        search=search,
        address=visitor.address,
        session_id=visitor.session_id,
        session_rule=_RULES_OF_SESSIONS[visitor.session_from],
    )
    return Page(html, _policy(style, script))


def prefers_html(accept: str) -> bool:
    """Return whether an Accept header asks for HTML; a client that takes anything gets JSON."""
    return preferred(accept, _FORMATS, default="application/json") == "text/html"


def _commands(visitor: Visitor) -> tuple[str, str, str]:
    """Return the three requests to try: they work as they stand, in the visitor's own session."""
    flags = ""
    if visitor.has_token:
        flags += ' -H "Authorization: Bearer $TOKEN"'
    if visitor.session_from == "header":
        flags += f" -H {shlex.quote(f'X-Session-ID: {visitor.session_id}')}"

    def curl(path: str) -> str:
        # Quoted: a host that was made up could hold what a shell would run.
        return f"curl {shlex.quote(visitor.address + path)}{flags}"

    return (
        f"{curl('/members/')} -d {shlex.quote(_FORM)}",
        curl("/members/1"),
        curl("/members/search?name=A*"),
    )


def _planner(visitor: Visitor) -> str:
    if visitor.plan_mode == "locked":
        return _text("locked.html")
    if visitor.planner == "rules":
        return _text("rules.html")
    name = _NAMES.get(visitor.planner, visitor.planner)
    if visitor.has_model_server and visitor.planner != "mock":
        name = "A model server of your own"
    with_model = f", with the model <code>{escape((visitor.model or '')[:100])}</code>"
    return _fill(
        "model.html",
        {"with_model": with_model if visitor.model else ""},
        name=name,
        asked=_ASKED[visitor.plan_mode],
    )


def _fill(file: str, markup: Mapping[str, str], /, **texts: str) -> str:
    """Return a file with its variables in their places: markup as it is, texts escaped."""
    values = {**markup, **{name: escape(text) for name, text in texts.items()}}
    return _VARIABLE.sub(lambda found: values[found[1]], _text(file))


def _policy(style: str, script: str) -> str:
    """Return a policy that admits this style, this script and the icon, and nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)};"
        " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def _text(file: str) -> str:
    return (files(__name__) / file).read_text("utf-8")
