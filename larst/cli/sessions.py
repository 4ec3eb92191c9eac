"""`larst sessions`, `export` and `import`: the sessions of a running service."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from typing import IO, Any
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from larst.cli.client import MOVING_TIMEOUT_S, Service, ServiceError, print_json, service_at
from larst.config import Settings

_PAGE = 100
_CHUNK_BYTES = 1024 * 1024


def run(options: Namespace, settings: Settings) -> int:
    """Run one of the commands; return the exit code."""
    try:
        service = service_at(options.url, settings)
        match options.command:
            case "export":
                _export(service, options.session, sys.stdout.buffer)
            case "import":
                _import(service, options, sys.stdin.buffer)
            case _:
                _sessions(service, options)
        sys.stdout.flush()
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:  # those of the network are ServiceErrors
        _drop_output()
        sys.stderr.write(f"{_unwritten(error)}\n")
        return 1
    return 0


def _sessions(service: Service, options: Namespace) -> None:
    if options.delete is not None:
        service.ask("DELETE", _path(options.delete))
        sys.stdout.write(f"{options.delete} is erased; what it is asked next, it begins anew\n")
        return
    sessions: list[dict[str, Any]] = []
    while True:
        page = service.ask("GET", f"/_larst/sessions?limit={_PAGE}&offset={len(sessions)}")
        sessions += page["items"]
        if not page["items"] or len(sessions) >= page["page"]["total"]:
            break
    if options.json:
        print_json(sessions)
    elif sessions:
        Console().print(_table(sessions))
    else:
        sys.stdout.write("no session has data yet: send the service a request\n")


def _export(service: Service, session: str, target: IO[bytes]) -> None:
    """Write the stream as it comes, and hold its last line against it: a cut one is an error."""
    last = b""
    path = f"{_path(session)}/export"
    with service.opened("GET", path, None, timeout_s=MOVING_TIMEOUT_S) as reply:
        while chunk := reply.read(_CHUNK_BYTES):
            target.write(chunk)
            last = (last + chunk)[-1000:]
    target.flush()
    if b'{"end":true' not in last:
        raise ServiceError("the export broke off: what was written is not whole")


def _import(service: Service, options: Namespace, source: IO[bytes]) -> None:
    query = "?replace=true" if options.replace else ""
    path = f"{_path(options.session)}/import{query}"
    try:
        content = source.read()
    except OSError as error:
        raise ServiceError(f"the input cannot be read: {error.strerror}") from error
    with service.opened("POST", path, content, timeout_s=MOVING_TIMEOUT_S) as reply:
        told = reply.json()
    counts = ", ".join(f"{count} {name}" for name, count in told["imported"].items())
    sys.stdout.write(f"imported into {options.session}: {counts or 'nothing'}\n")


def _drop_output() -> None:
    """Have what is still buffered go nowhere: Python would complain of it again at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _unwritten(error: OSError) -> str:
    if isinstance(error, BrokenPipeError):
        return "the output was closed before all of it was written"
    return f"the output cannot be written: {error.strerror}; what is there is not whole"


def _table(sessions: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("session", "state", "last use"):
        table.add_column(title, overflow="fold")
    for title in ("records", "resources", "bytes"):
        table.add_column(title, justify="right")
    for one in sessions:
        table.add_row(
            one["id"],
            one["state"],
            one["last_used_at"],
            str(one["records"]),
            str(len(one["resources"])),
            str(one["size_bytes"]),
        )
    return table


def _path(session: str) -> str:
    return f"/_larst/sessions/{quote(session, safe='')}"
