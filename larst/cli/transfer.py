"""`larst export` and `larst import`: copy sessions out of a running service, or into one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlencode

from larst.cli.arguments import add_command, add_lenient, add_service_url, add_session
from larst.cli.progress import working
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
    exporting = add_command(
        subparsers,
        "export",
        "write the sessions of a running service, one JSON value per line",
        examples="larst export > backup.ndjson\nlarst export shop > shop.ndjson\n"
        "larst export --all backup",
    )
    exporting.set_defaults(run=run, transfer=_export)
    add_session(exporting)
    exporting.add_argument(
        "--all",
        type=Path,
        metavar="DIR",
        help="write every session to a file of its own in this directory",
    )
    add_service_url(exporting)
    importing = add_command(
        subparsers,
        "import",
        "load an export, a db.json, or a HAR, Postman or OpenAPI file into a session",
        examples="larst import db.json\nlarst import recording.har shop\n"
        "larst import db.json shop --dialect json-server\n"
        "larst import - shop --replace < shop.ndjson\n"
        "larst import --openapi api.yaml shop",
    )
    importing.set_defaults(run=run, transfer=_import)
    importing.add_argument("file", metavar="FILE", help="the file; - reads stdin")
    importing.add_argument(
        "--openapi",
        action="store_true",
        help="the file is an OpenAPI document, in JSON or YAML: the contract of the session",
    )
    importing.add_argument(
        "--enforce",
        action="store_true",
        help="with --openapi: refuse replies that deviate (default: report them)",
    )
    add_session(importing)
    importing.add_argument(
        "--replace", action="store_true", help="replace the data that the session has"
    )
    add_lenient(importing)
    importing.add_argument(
        "--dialect", metavar="NAME", help="set the dialect of the session, such as json-server"
    )
    add_service_url(importing)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Export or import the session; return 0.

    Raises:
        ServiceError: the service cannot be reached or refuses, or the transfer is incomplete.
        ConfigError: it is not clear which file or session is meant.
        OSError: the file cannot be read, or stdout cannot be written.
    """
    from larst.cli.client import service_at
    from larst.errors import ConfigError

    if "file" in options:
        options.file, options.session = _file_and_session(options.file, options.session)
    elif options.all is not None and options.session is not None:
        raise ConfigError(f"--all exports every session: leave out {options.session}")
    service = service_at(options.url, settings)
    if options.session is None:
        options.session = own_session(service)
    options.transfer(service, options)
    return 0


def _file_and_session(first: str, second: str | None) -> tuple[str, str | None]:
    """Return the file and the session of an import, given in this order.

    The other order is understood where it is the only one that makes sense.

    Raises:
        ConfigError: the file does not exist, or it is not clear which of the two is the file.
    """
    from larst.errors import ConfigError
    from larst.http.client_identity import SESSION_ID

    if second is None:
        if not _is_readable(first):
            raise ConfigError(
                f"{first} does not exist; `larst import FILE [SESSION]` imports a file, and"
                " - as FILE reads stdin"
            )
        return first, None
    orders = ((first, second), (second, first))
    possible = [pair for pair in orders if _is_readable(pair[0]) and SESSION_ID.fullmatch(pair[1])]
    if not possible:
        file = second if _is_readable(first) or not SESSION_ID.fullmatch(second) else first
        if _is_readable(file):
            raise ConfigError(f"neither {first} nor {second} can be the name of a session")
        raise ConfigError(f"{file} does not exist; the order is `larst import FILE [SESSION]`")
    if len(possible) > 1:
        raise ConfigError(
            f"{first} and {second} are both files: write ./{first} or ./{second} for the file"
        )
    return possible[0]


def _is_readable(name: str) -> bool:
    """Return whether the argument can be the file: stdin, or a file that exists."""
    return name == "-" or (Path(name).exists() and not Path(name).is_dir())


def _export(service: Service, options: argparse.Namespace) -> None:
    if options.all is not None:
        from larst.cli.export_all import export_all

        export_all(service, options.all, _write_export)
        return
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
    with (
        working(f"exporting {session}", _line_count(service, session)) as advance,
        service.open("GET", path, None, timeout_s=TRANSFER_TIMEOUT_S) as reply,
    ):
        while chunk := reply.read(_CHUNK_BYTES):
            target.write(chunk)
            advance(chunk.count(b"\n"))
            tail = (tail + chunk)[-_LAST_LINE_BYTES:]
    target.flush()
    if b'{"end":true' not in tail:
        raise ServiceError("the export broke off: the output is incomplete")


def _line_count(service: Service, session: str) -> int | None:
    """Return about how many lines an export will have; None if the service cannot say yet."""
    if not sys.stderr.isatty():
        return None  # no bar needs it
    records: int | None = service.request_json("GET", session_path(session))["records"]
    return records


def _import(service: Service, options: argparse.Namespace) -> None:
    from larst.cli.client import TRANSFER_TIMEOUT_S, Upload
    from larst.cli.contracts import as_json, put_contract
    from larst.planning.reading.nouns import counted

    query = {name: "true" for name in ("replace", "lenient") if getattr(options, name)}
    if options.dialect is not None:
        query["dialect"] = options.dialect
    if options.openapi:
        put_contract(service, options.session, _input(options.file), enforces=options.enforce)
        return
    path = f"{session_path(options.session)}/import{'?' if query else ''}{urlencode(query)}"
    content = as_json(_input(options.file))
    with (
        working(f"importing into {options.session}", len(content)) as advance,
        service.open("POST", path, Upload(content, advance), timeout_s=TRANSFER_TIMEOUT_S) as reply,
    ):
        body = reply.json()
    imported = body["imported"]
    for line in (*body.get("changed", ()), *body.get("warnings", ())):
        sys.stderr.write(f"{line}\n")
    counts = counted(imported) or "nothing"
    sys.stdout.write(f"imported into {options.session}: {counts}\n")


def _input(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        source = "the input" if name == "-" else name
        raise OSError(f"cannot read {source}: {error.strerror}") from error
