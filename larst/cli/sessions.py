"""`larst sessions`: list the sessions of a running service, or erase one."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from larst.cli.arguments import add_command, add_json, add_service_url, add_yes, complete
from larst.cli.confirm import confirm
from larst.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larst.cli.arguments import Subparsers
    from larst.cli.client import Service
    from larst.config import Settings

_PATH = "/_larst/sessions"
_PAGE_SIZE = 500


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst sessions`."""
    parser = add_command(
        subparsers,
        "sessions",
        "list the sessions of a running service, or erase one",
        examples="larst sessions\nlarst sessions --json\nlarst sessions --delete shop",
    )
    parser.set_defaults(run=run)
    delete = parser.add_argument(
        "--delete", metavar="SESSION", help="erase this session, its data and its snapshots"
    )
    complete(delete, "session_names")
    add_yes(parser)
    add_json(parser)
    add_service_url(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """List the sessions, or erase one; return 0.

    Raises:
        ServiceError: the service cannot be reached, or refuses the request.
        DeclinedError, ConfigError: the session was not to be erased.
    """
    from larst.cli.client import service_at

    service = service_at(options.url, settings)
    if options.delete is not None:
        confirm(f"Erase the session {options.delete}, its data and its snapshots?", options)
        service.request_json("DELETE", session_path(options.delete))
        sys.stdout.write(f"{options.delete} is erased; its next request finds it empty\n")
        return 0
    sessions = list(all_sessions(service))
    if options.json:
        print_json(sessions)
    elif sessions:
        columns = ("session", "state", "last use")
        print_table(columns, ("records", "resources", "bytes"), map(_row, sessions))
    else:
        sys.stdout.write("no session has data yet: send the service a request\n")
    return 0


def all_sessions(service: Service) -> Iterator[dict[str, Any]]:
    """Yield the sessions, page by page; others may be made or erased meanwhile."""
    path = f"{_PATH}?limit={_PAGE_SIZE}"
    while items := service.request_json("GET", path)["items"]:
        yield from items
        path = f"{_PATH}?limit={_PAGE_SIZE}&after={quote(items[-1]['id'])}"


def session_path(session: str) -> str:
    """Return the path of the session in the control API."""
    return f"{_PATH}/{quote(session, safe='')}"


def own_session(service: Service) -> str:
    """Return the session of requests that name none."""
    name: str = service.request_json("GET", "/")["session_id"]
    return name


def _row(session: dict[str, Any]) -> tuple[str, ...]:
    return (
        session["id"],
        session["state"],
        session["last_used_at"] or "?",
        *_counts(session["resources"]),
        str(session["size_bytes"]),
    )


def _counts(resources: dict[str, int] | None) -> tuple[str, str]:
    """Return the numbers of records and resources; unknown before the session has woken."""
    return ("?", "?") if resources is None else (str(sum(resources.values())), str(len(resources)))
