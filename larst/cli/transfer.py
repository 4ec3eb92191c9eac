"""`larst export` and `larst import`: copy a session out of a running service, or into one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlencode

from larst.cli.arguments import add_lenient, add_service_url
from larst.cli.sessions import own_session, session_path

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.cli.client import Service
    from larst.config import Settings

_CHUNK_BYTES = 1024 * 1024
_LAST_LINE_BYTES = 1000
"""More than the last line of an export has."""


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst export` and `larst import`."""
    text = "write a session of a running service to stdout, one JSON value per line"
    exporting = subparsers.add_parser("export", help=text, description=f"{text.capitalize()}.")
    exporting.set_defaults(transfer=_export)
    text = "load an export, or a json-server db.json, into a session"
    importing = subparsers.add_parser("import", help=text, description=f"{text.capitalize()}.")
    importing.set_defaults(transfer=_import)
    importing.add_argument(
        "--replace", action="store_true", help="replace the data that the session has"
    )
    add_lenient(importing)
    importing.add_argument(
        "--dialect", metavar="NAME", help="set the dialect of the session, such as json-server"
    )
    for parser in (exporting, importing):
        parser.set_defaults(run=run)
        parser.add_argument(
            "session",
            metavar="SESSION",
            nargs="?",
            help="the session (default: that of requests that name none)",
        )
        add_service_url(parser)
    importing.add_argument("file", metavar="FILE", nargs="?", help="the file (default: stdin)")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Export or import the session; return 0.

    Raises:
        ServiceError: the service cannot be reached or refuses, or the transfer is incomplete.
        OSError: stdin cannot be read, or stdout cannot be written.
    """
    from larst.cli.client import service_at

    service = service_at(options.url, settings)
    if options.session is not None and getattr(options, "file", "") is None and _is_file(options):
        options.session, options.file = None, options.session
    if options.session is None:
        options.session = own_session(service)
    options.transfer(service, options)
    return 0


def _is_file(options: argparse.Namespace) -> bool:
    """Return whether the only argument of an import is a file: `db.json` names no session."""
    from larst.http.client_identity import SESSION_ID

    return SESSION_ID.fullmatch(options.session) is None


def _export(service: Service, options: argparse.Namespace) -> None:
    try:
        _write_export(service, options.session, sys.stdout.buffer)
    except BrokenPipeError as error:
        raise OSError("the output was closed before the export was complete") from error
    except OSError as error:  # those of the network are ServiceErrors
        raise OSError(
            f"cannot write the output: {error.strerror}; the export is incomplete"
        ) from error


def _write_export(service: Service, session: str, target: IO[bytes]) -> None:
    """Write the stream as it arrives, and check that its last line has arrived."""
    from larst.cli.client import TRANSFER_TIMEOUT_S, ServiceError

    tail = b""
    path = f"{session_path(session)}/export"
    with service.open("GET", path, None, timeout_s=TRANSFER_TIMEOUT_S) as reply:
        while chunk := reply.read(_CHUNK_BYTES):
            target.write(chunk)
            tail = (tail + chunk)[-_LAST_LINE_BYTES:]
    target.flush()
    if b'{"end":true' not in tail:
        raise ServiceError("the export broke off: the output is incomplete")


def _import(service: Service, options: argparse.Namespace) -> None:
    from larst.cli.client import TRANSFER_TIMEOUT_S
    from larst.planning.reading.nouns import counted

    query = {name: "true" for name in ("replace", "lenient") if getattr(options, name)}
    if options.dialect is not None:
        query["dialect"] = options.dialect
    path = f"{session_path(options.session)}/import{'?' if query else ''}{urlencode(query)}"
    content = _input(options.file)
    with service.open("POST", path, content, timeout_s=TRANSFER_TIMEOUT_S) as reply:
        body = reply.json()
    imported = body["imported"]
    for line in (*body.get("changed", ()), *body.get("warnings", ())):
        sys.stderr.write(f"{line}\n")
    counts = counted(imported) or "nothing"
    sys.stdout.write(f"imported into {options.session}: {counts}\n")


def _input(name: str | None) -> bytes:
    try:
        return sys.stdin.buffer.read() if name is None else Path(name).read_bytes()
    except OSError as error:
        raise OSError(f"cannot read {name or 'the input'}: {error.strerror}") from error
