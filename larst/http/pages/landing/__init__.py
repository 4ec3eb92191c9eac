"""The reply to `GET /`: the first requests to try, as JSON for programs or as an HTML page.

Pure. Must never pass on a visitor's text unescaped, neither to a browser nor to the shell that a
command is pasted into.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Literal
from urllib.parse import quote

from larst import __version__
from larst.accept import preferred

PlanMode = Literal["learn", "fresh", "locked"]
SessionFrom = Literal["header", "path", "token", "default"]
"""What named the session: X-Session-ID, the path, the bearer token, or nothing."""

LINKS = {
    "console": "/_larst/",
    "docs": "/docs",
    "redoc": "/redoc",
    "openapi": "/swagger.json",
    "agents": "/llms.txt",
    "control": "/_larst/openapi.json",
    "metrics": "/_larst/metrics",
    "health": "/healthz",
    "ready": "/readyz",
}

_SESSION_LINKS = frozenset({"docs", "redoc", "openapi", "agents"})

MAX_RESOURCES = 30
"""The resources of a session that the page lists."""

MAX_FORM_CHARACTERS = 300
"""Longer ids and records are not suggested as commands."""

_FORM = '{"name":"Alice"}'
_RECORD = '{"id":1,"name":"Alice"}'
_PLANNER_NAMES = {"openai": "OpenAI", "anthropic": "Anthropic", "mock": "Your own function"}
_WHEN_CALLED = {
    "learn": "once for each new shape of request; the plan is then reused",
    "fresh": "for every request, because LARS_PLAN_MODE is fresh",
}
_SESSION_RULES = {
    "header": "Your browser named it in the header X-Session-ID, as the commands above do.",
    "token": "It belongs to the bearer token that your browser sent: same token, same data.",
    "path": "The path names it, as in the commands above.",
    "default": "It is the session of all requests that name none: curl sees the same data.",
}
_FORMATS = ("text/html", "application/json")
_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Sample:
    """A resource of the session, the id of a record in it, and a record to create, as JSON.

    Those that it has not, or that are too long for a command, are None.
    """

    resource: str
    id: str | None = None
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor and the settings that the page shows.

    `address` is the service as the visitor addressed it, without a trailing slash; it ends in
    `prefix`, which names a session (`/@shop`) or is empty.
    `resources` has the number of records of each resource; the commands use the `sample`, if any.
    `has_model_server`: the planner calls a configured server, not a provider's own.
    `has_console`: the console is served.
    """

    address: str
    prefix: str
    session_id: str
    session_from: SessionFrom
    has_token: bool
    planner: str
    model: str | None
    plan_mode: PlanMode
    has_model_server: bool
    resources: Mapping[str, int] = field(default_factory=dict)
    sample: Sample | None = None
    has_console: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page, and the Content-Security-Policy that allows its own style and script."""

    html: str
    policy: str


def welcome(visitor: Visitor) -> dict[str, Any]:
    """Return the hints as JSON."""
    return {
        "name": "LARST",
        "version": __version__,
        "what": "The last REST service: send any REST request, without setting anything up",
        "try": _commands(visitor),
        "resources": {
            name: {"records": count, "path": f"{visitor.prefix}/{name}"}
            for name, count in visitor.resources.items()
        },
        "session": "Send the header X-Session-ID to keep your data separate",
        "session_id": visitor.session_id,
        "watch": "Send Accept: text/event-stream with a GET of records to follow their changes",
        "planner": visitor.planner,
        "model": visitor.model,
        "links": {
            name: visitor.prefix + path if name in _SESSION_LINKS else path
            for name, path in LINKS.items()
            if name != "console" or visitor.has_console
        },
    }


def welcome_page(visitor: Visitor) -> Page:
    """Return the hints as an HTML page that loads nothing from other hosts."""
    style, script = _text("page.css"), _text("copy.js")
    html = _fill(
        "page.html",
        {
            "style": style,
            "script": script,
            "planner": _planner(visitor),
            "data": _data(visitor),
            "steps": "\n".join(map(_step_markup, _steps(visitor))),
            "console": _console(visitor),
        },
        version=__version__,
        address=visitor.address,
        prefix=visitor.prefix,
        session_id=visitor.session_id,
        session_rule=_SESSION_RULES[visitor.session_from],
    )
    return Page(html, _policy(style, script))


def prefers_html(accept: str) -> bool:
    """Return whether an Accept header asks for HTML; a client that takes anything gets JSON."""
    return preferred(accept, _FORMATS, default="application/json") == "text/html"


@dataclass(frozen=True, slots=True)
class _Step:
    """A command to try, and the status and body of its reply if they are known."""

    title: str
    command: str
    reply: tuple[str, str] | None = None


def _steps(visitor: Visitor) -> tuple[_Step, ...]:
    """Return up to three commands that work as they are, in the visitor's session."""
    flags = ""
    if visitor.has_token:
        flags += ' -H "Authorization: Bearer $TOKEN"'
    if visitor.session_from == "header":
        flags += f" -H {shlex.quote(f'X-Session-ID: {visitor.session_id}')}"

    def curl(path: str) -> str:
        # Quoted, because a forged Host header could contain shell commands.
        return f"curl {shlex.quote(visitor.address + path)}{flags}"

    if (sample := visitor.sample) is None:
        return (
            _Step("Create", f"{curl('/members/')} -d {shlex.quote(_FORM)}", ("201", _RECORD)),
            _Step("Read", curl("/members/1"), ("200", _RECORD)),
            _Step("Search", curl("/members/search?name=A*"), ("200", f"[{_RECORD}]")),
        )
    path = f"/{sample.resource}"
    steps = [_Step("List", curl(f"{path}?limit=2"))]
    if sample.id is not None:
        steps.append(_Step("Read", curl(f"{path}/{quote(sample.id, safe='')}")))
    if sample.form is not None:
        steps.append(_Step("Create", f"{curl(path)} -d {shlex.quote(sample.form)}"))
    return tuple(steps)


def _commands(visitor: Visitor) -> list[str]:
    return [step.command for step in _steps(visitor)]


def _step_markup(step: _Step) -> str:
    reply = ""
    if step.reply is not None:
        status, body = step.reply
        reply = _fill("reply.html", {}, status=status, body=body)
    id = step.title.lower()
    return _fill("step.html", {"reply": reply}, id=id, title=step.title, command=step.command)


def _data(visitor: Visitor) -> str:
    """Return the list of the session's resources, with links; nothing if it has none."""
    if not visitor.resources:
        return ""
    listed = list(visitor.resources.items())[:MAX_RESOURCES]
    items = [
        _fill(
            "resource.html",
            {},
            path=f"{visitor.prefix}/{name}",
            name=name,
            count=f"{count:,} {'record' if count == 1 else 'records'}",
        )
        for name, count in listed
    ]
    left_out = len(visitor.resources) - len(listed)
    more = f"    <p>{left_out:,} more are in the docs.</p>" if left_out else ""
    return _fill("data.html", {"resources": "\n".join(items), "more": more})


def _console(visitor: Visitor) -> str:
    if not visitor.has_console:
        return ""
    session = f"?session={visitor.session_id}" if visitor.session_from == "path" else ""
    return _fill("console.html", {}, path=LINKS["console"] + session)


def _planner(visitor: Visitor) -> str:
    if visitor.plan_mode == "locked":
        return _text("locked.html")
    if visitor.planner == "rules":
        return _text("rules.html")
    name = _PLANNER_NAMES.get(visitor.planner, visitor.planner)
    if visitor.has_model_server and visitor.planner != "mock":
        name = "Your own model server"
    with_model = f", with the model <code>{escape((visitor.model or '')[:100])}</code>"
    return _fill(
        "model.html",
        {"with_model": with_model if visitor.model else ""},
        name=name,
        when=_WHEN_CALLED[visitor.plan_mode],
    )


def _fill(file: str, markup: Mapping[str, str], /, **texts: str) -> str:
    """Return a file with its variables replaced: markup unchanged, texts escaped."""
    values = {**markup, **{name: escape(text) for name, text in texts.items()}}
    return _VARIABLE.sub(lambda match: values[match[1]], _text(file))


def _policy(style: str, script: str) -> str:
    """Return a policy that allows only this style, this script and the icon."""
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
