"""The reply to `GET /llms.txt`: one page for agents, about this very service. Pure.

It lists the operations of the control API from its document, so it names only what exists. Must
never hold a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from larst.http.pages.landing import MAX_RESOURCES, Visitor
from larst.openapi import ControlApi, ControlOperation

_TASKS = (
    ("import_session", "seed", 'the body is an object of lists: `{"users": [{"id": 1}]}`'),
    ("fake_data", "make fake records", 'the body is `{"users": 50, "posts": 200}`'),
    ("reset_session", "reset", "back to the file that the service began with, or to no data"),
    ("save_snapshot", "save a snapshot", ""),
    ("load_snapshot", "go back to it", ""),
    ("put_recording", "record requests", 'the body is `{"recording": "on"}`'),
    (
        "list_recorded_requests",
        "verify the requests that arrived",
        "`?count=2&wait=1s` waits for two",
    ),
    (
        "put_faults",
        "break replies",
        'the body is `{"rules": [{"method": "POST", "path": "/orders", "status": 503}]}`',
    ),
    ("delete_faults", "repair them", ""),
    (
        "put_session_clock",
        "set, freeze or move the clock",
        'the body is `{"now": "2030-01-01T00:00:00Z", "frozen": true}` or `{"advance": "+1d"}`',
    ),
    (
        "put_resource_settings",
        "declare timestamps, ids, unique and required fields of a resource",
        'the body is `{"timestamps": true, "unique": ["email"]}`',
    ),
    ("list_plans", "list the plans", "how each shape of request is answered"),
    ("reject_plan", "reject a plan that is wrong", 'the body is `{"reason": "…"}`'),
    ("pack_session", "pack the session into a file", "`larst serve FILE.larst` serves it"),
    ("erase_session", "erase the session", ""),
)
"""Operations by their ids, what an agent calls them, and how to call them."""

_TAGS = frozenset({"sessions", "snapshots", "recordings", "plans", "requests"})


def guide(visitor: Visitor, api: ControlApi) -> str:
    """Return the page, in Markdown."""
    parts = (
        _head(visitor),
        _session(visitor),
        _data(visitor),
        _tasks(visitor, api),
        _operations(visitor, api),
        _replies(visitor),
    )
    return "\n".join(line for part in parts for line in (*part, ""))


def _head(visitor: Visitor) -> Sequence[str]:
    token = "Send `Authorization: Bearer TOKEN` with every request." if visitor.has_token else ""
    return (
        f"# LARST at {visitor.address}",
        "",
        "> An HTTP server without predefined endpoints, over real data: send the REST request that",
        "> you would send to a finished backend, and it is answered. Nothing is set up before.",
        *(("", token) if token else ()),
    )


def _session(visitor: Visitor) -> Sequence[str]:
    return (
        "## Session",
        "",
        f"This page is about the session `{visitor.session_id}`. Sessions do not see each other's"
        " data.",
        "For your own work, name one with the header `X-Session-ID: NAME`, or begin paths with"
        " `/@NAME`;",
        "it exists from its first write on.",
    )


def _data(visitor: Visitor) -> Sequence[str]:
    lines = [
        f"- `{visitor.prefix}/{name}`: {count} {'record' if count == 1 else 'records'}"
        for name, count in list(visitor.resources.items())[:MAX_RESOURCES]
    ]
    more = len(visitor.resources) - len(lines)
    base = visitor.prefix
    return (
        "## Data and requests",
        "",
        *(lines or ["The session has no data yet."]),
        *((f"- and {more} more",) if more > 0 else ()),
        "",
        f"- create: `POST {base}/members` with a JSON object, or a list of them",
        f"- read: `GET {base}/members/1`, `GET {base}/members?role=admin&sort=-age&limit=5`",
        f"- change: `PUT`, `PATCH` and `DELETE {base}/members/1`",
        f"- nested: `GET` and `POST {base}/posts/1/comments`",
        f"- watch: `GET {base}/members` with `Accept: text/event-stream`, or `?watch`",
        f"- the API of this session as OpenAPI: `GET {base}/openapi.json`",
    )


def _tasks(visitor: Visitor, api: ControlApi) -> Sequence[str]:
    by_id = {operation.operation_id: (method, path) for method, path, operation in _all(api)}
    lines = []
    for id, task, hint in _TASKS:
        if id in by_id:
            method, path = by_id[id]
            ending = f" ({hint})" if hint else ""
            lines.append(f"- {task}: `{method} {_named(path, visitor)}`{ending}")
    return ("## Tasks", "", *lines)


def _operations(visitor: Visitor, api: ControlApi) -> Sequence[str]:
    tasks = {id for id, _, _ in _TASKS}
    lines = [
        f"- `{method} {_named(path, visitor)}`: {operation.summary}"
        for method, path, operation in _all(api)
        if operation.tag in _TAGS and operation.operation_id not in tasks
    ]
    return (
        "## More of the control API",
        "",
        *lines,
        "- bodies, parameters and errors: `GET /_larst/openapi.json`",
    )


def _replies(visitor: Visitor) -> Sequence[str]:
    custom = "Requests that are not plain REST, such as `POST /orders/1/cancel`,"
    if visitor.plan_mode == "locked":
        custom = f"{custom} and new shapes of any request are refused: the plan book is locked."
    elif visitor.planner == "rules":
        custom = f"{custom} are 501: no language model is configured."
    else:
        custom = f"{custom} are planned by a language model once, and then answered by the plan."
    return (
        "## Replies",
        "",
        '- An error is `{"error", "detail", "request_id"}`; the detail says what to do.',
        '- A list is `{"items", "page"}`; a search is a plain list.',
        f"- {custom}",
    )


def _all(api: ControlApi) -> Iterable[tuple[str, str, ControlOperation]]:
    for path, by_method in api.operations.items():
        for method, operation in by_method.items():
            yield method, path, operation


def _named(path: str, visitor: Visitor) -> str:
    """Return a path of the control API with the name of the session."""
    return path.replace("/sessions/{id}", f"/sessions/{visitor.session_id}")
