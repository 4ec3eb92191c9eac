"""The tools, for the official MCP SDK. Each does one thing that the service can do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from larst import __version__
from larst.mcp.backend import Backend, BackendError

Result = TypeVar("Result")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]

_INSTRUCTIONS = """\
LARST is an HTTP server without predefined endpoints, over real data. Send the REST request that
you would send to a finished backend: POST /members with an object creates the first member. All
tools work in the session {session}, which other clients see only if they name it. `guide` returns
a page about the service."""


async def _run(work: Callable[[], Result]) -> Result:
    """Run blocking work in a thread; its errors are those of the tool."""
    try:
        return await asyncio.to_thread(work)
    except BackendError as error:
        raise ToolError(str(error)) from error


def make_server(backend: Backend) -> MCPServer:
    """Return the server with all tools, for any transport."""
    server = MCPServer(
        "larst",
        version=__version__,
        instructions=_INSTRUCTIONS.format(session=backend.session),
        log_level="ERROR",
    )
    for add_tools in (
        _add_requests,
        _add_data,
        _add_settings,
        _add_snapshots,
        _add_verification,
        _add_faults,
        _add_plans,
    ):
        add_tools(server, backend)
    return server


def _add_requests(server: MCPServer, backend: Backend) -> None:
    @server.tool()
    async def request(
        method: Method, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a REST request, such as POST /members or GET /members?role=admin&limit=5.

        Returns status, headers and body; an error's detail says what to do.
        """
        return await _run(partial(backend.request, method, path, body, headers or {}))

    @server.tool()
    async def guide() -> str:
        """Return one page about the service: its session, its data, all that it can do."""
        reply = await _run(partial(backend.request, "GET", "/llms.txt", None, {}))
        return str(reply["body"])


def _add_data(server: MCPServer, backend: Backend) -> None:
    @server.tool()
    async def seed(data: dict[str, Any]) -> dict[str, Any]:
        """Replace all data of the session by an object of lists: {"users": [{"id": 1}]}."""
        work = partial(backend.control, "POST", "/import", data, {"replace": "true"})
        result: dict[str, Any] = await _run(work)
        return result

    @server.tool()
    async def fake(records: dict[str, Any], seed: int | None = None) -> dict[str, Any]:
        """Add fake records that link to each other: {"users": 50, "posts": 200}.

        A resource of an unusual name needs its fields: {"gadgets": {"count": 5, "fields":
        ["name", "price"]}}. The same seed makes the same records.
        """
        query = None if seed is None else {"seed": str(seed)}
        result: dict[str, Any] = await _run(
            partial(backend.control, "POST", "/fake", records, query)
        )
        return result


def _add_settings(server: MCPServer, backend: Backend) -> None:
    @server.tool()
    async def declare(resource: str, settings: dict[str, Any]) -> dict[str, Any]:
        """Declare what the records of a resource keep to, in place of earlier settings.

        {"timestamps": true, "id": "uuid", "unique": ["email"], "required": ["name"],
        "defaults": {"role": "user"}, "ttl": "1h"}: each may be left out.
        """
        path = f"/resources/{quote(resource, safe='')}"
        result: dict[str, Any] = await _run(partial(backend.control, "PUT", path, settings))
        return result


def _add_snapshots(server: MCPServer, backend: Backend) -> None:
    @server.tool()
    async def reset(snapshot: str | None = None) -> dict[str, Any]:
        """Empty the session, or go back to a snapshot."""
        query = None if snapshot is None else {"to": snapshot}
        result: dict[str, Any] = await _run(partial(backend.control, "POST", "/reset", None, query))
        return result

    @server.tool()
    async def snapshot(name: str) -> dict[str, Any]:
        """Save all that the session has under a name, for `reset`."""
        result: dict[str, Any] = await _run(partial(backend.control, "PUT", f"/snapshots/{name}"))
        return result


def _add_verification(server: MCPServer, backend: Backend) -> None:
    @server.tool()
    async def record(on: bool) -> dict[str, Any]:
        """Begin or end to record the requests that the session receives, from any client."""
        result: dict[str, Any] = await _run(
            partial(backend.control, "PUT", "/recording", {"recording": "on" if on else "off"})
        )
        return result

    @server.tool()
    async def received(method: Method | None = None, path: str | None = None) -> dict[str, Any]:
        """Return the recorded requests with their replies, in order; `record` begins it."""
        query = {"method": method, "path": path}
        chosen = {name: value for name, value in query.items() if value is not None}
        result: dict[str, Any] = await _run(
            partial(backend.control, "GET", "/requests", None, chosen)
        )
        return result


def _add_faults(server: MCPServer, backend: Backend) -> None:
    @server.tool()
    async def faults(
        rules: list[dict[str, Any]] | None = None, seed: int | None = None
    ) -> dict[str, Any]:
        """Let requests fail: [{"method": "POST", "path": "/orders", "status": 503, "times": 1}].

        A rule has any of delay ("200ms"), status, body, drop, truncate, malformed, bytes_per_s, and
        may have method, path, query, rate, times, skip and phase ("after"). The rules replace all
        others; [] removes them. Without rules, returns those that there are, with their strikes.
        """
        body = {"rules": rules, "seed": seed}
        work = partial(backend.control, "GET", "/faults")
        if rules is not None:
            work = partial(backend.control, "PUT", "/faults", body)
        result: dict[str, Any] = await _run(work)
        return result

    @server.tool()
    async def clock(setting: dict[str, Any] | None = None) -> dict[str, Any]:
        """Set the time of the session: {"now": "2030-02-28T23:59:00Z", "frozen": true}.

        {"advance": "+1d"} moves it. Programs, timestamps and expiry follow it. Without a setting,
        returns the time.
        """
        work = partial(backend.control, "GET", "/clock")
        if setting is not None:
            work = partial(backend.control, "PUT", "/clock", setting)
        result: dict[str, Any] = await _run(work)
        return result


def _add_plans(server: MCPServer, backend: Backend) -> None:
    @server.tool()
    async def plans() -> dict[str, Any]:
        """List the plans: how each shape of request is answered, the most used first."""
        result: dict[str, Any] = await _run(partial(backend.manage, "GET", "/plans"))
        return result

    @server.tool()
    async def plan(key: str) -> dict[str, Any]:
        """Return a plan with its program, by its key or the first six digits of it."""
        result: dict[str, Any] = await _run(partial(backend.manage, "GET", f"/plans/{key}"))
        return result

    @server.tool()
    async def judge_plan(
        key: str, verdict: Literal["pin", "reject"], reason: str = "it does something else"
    ) -> dict[str, Any]:
        """Approve a plan for good, or reject it: the planner gets the reason and plans again."""
        body = {"reason": reason} if verdict == "reject" else None
        result: dict[str, Any] = await _run(
            partial(backend.manage, "POST", f"/plans/{key}/{verdict}", body)
        )
        return result
