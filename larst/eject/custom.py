"""Custom routes as Python source, from the programs of their plans. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from larst.eject.description import Api, Resource


@dataclass(frozen=True, slots=True)
class ActionRoute:
    """A custom route of the project: its function, and the source of that function."""

    method: str
    path: str
    function: str
    summary: str
    resource: Resource | None
    source: str


def action_routes(api: Api) -> tuple[ActionRoute, ...]:
    """Return the custom routes of the API."""
    return ()
