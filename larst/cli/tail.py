"""`larst tail`: print the requests of a running service as they are served.

Follows the event stream of the control API. Must never send a control character to a terminal.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from larst.cli.arguments import add_json, add_service_url
from larst.cli.output import printable, write_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larst.cli.arguments import Subparsers
    from larst.cli.client import Service
    from larst.config import Settings

_PATH = "/_larst/requests"
_SILENCE_S = 60.0
"""The service sends something every 15 seconds."""

_FILTERS = ("session", "method", "status", "path")


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst tail`."""
    text = "print the requests of a running service as they are served"
    parser = subparsers.add_parser("tail", help=text, description=f"{text.capitalize()}.")
    parser.set_defaults(run=run)
    parser.add_argument("--session", help="only the requests of this session")
    parser.add_argument("--method", help="only the requests with this method")
    parser.add_argument("--status", metavar="4xx", help="only the requests with such a status")
    parser.add_argument("--path", metavar="TEXT", help="only the requests with this in their path")
    parser.add_argument("--count", type=int, metavar="N", help="stop after N requests")
    add_json(parser)
    add_service_url(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print requests until the service stops or `--count` is reached; return 0.

    Raises:
        ServiceError: the service cannot be reached, refuses the request, or stops.
    """
    from larst.cli.client import ServiceError, service_at

    service = service_at(options.url, settings)
    printed = 0
    for name, data in _events(service, _address(options)):
        if name == "missed":
            write_line(sys.stderr, f"{data['count']} requests are left out: too many at once")
            continue
        write_line(sys.stdout, json.dumps(data) if options.json else _line(data))
        printed += 1
        if printed == options.count:
            return 0
    raise ServiceError(f"the service at {service.url} has stopped")


def _address(options: argparse.Namespace) -> str:
    chosen = {name: getattr(options, name) for name in _FILTERS}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return f"{_PATH}?{query}" if query else _PATH


def _events(service: Service, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the data of each event (https://html.spec.whatwg.org/#sse)."""
    name = "message"
    with service.open("GET", path, None, timeout_s=_SILENCE_S, accept="text/event-stream") as reply:
        while line := reply.read_line():
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)


def _line(request: dict[str, Any]) -> str:
    """Return a request as one line: time, status, duration, method and target, then what else."""
    target = request["path"] + (f"?{request['query']}" if request["query"] else "")
    parts = [
        request["at"][11:23],
        str(request["status"] or "---"),
        f"{request['ms']:>8.1f} ms",
        f"{request['method']:<6}",
        target,
        f"[{request['session']}]",
        request["plan"] or "",
        f"error: {request['error']}" if request["error"] else "",
    ]
    return printable(" ".join(filter(None, parts)))
