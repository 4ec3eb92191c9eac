"""`larst reset` and `larst snapshot`: save a session of a running service, and go back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from larst.cli.arguments import (
    add_actions,
    add_command,
    add_json,
    add_service_url,
    add_session,
    add_yes,
    complete,
)
from larst.cli.confirm import confirm
from larst.cli.output import print_json, print_table
from larst.cli.progress import working
from larst.cli.sessions import own_session, session_path

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.cli.client import Service
    from larst.config import Settings


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst reset` and `larst snapshot` with its actions."""
    _add_reset(subparsers)
    snapshot = add_command(
        subparsers,
        "snapshot",
        "save all that a session has, and go back to it later",
        examples="larst snapshot save before-demo\nlarst snapshot load before-demo\n"
        "larst snapshot list --session shop\nlarst snapshot delete before-demo --yes\n"
        "larst snapshot pack shop bug.larst",
    )
    snapshot.set_defaults(run=run)
    actions = add_actions(
        snapshot,
        (
            ("list", "list the snapshots of a session (the default)", _list),
            ("save", "save a snapshot; it replaces one of its name", _save),
            ("load", "replace all that the session has with a snapshot", _load),
            ("delete", "delete a snapshot", _delete),
            ("pack", "write the session and its plans into one file to serve", _pack),
        ),
    )
    for name in ("save", "load", "delete"):
        argument = actions[name].add_argument("name", metavar="NAME", help="the snapshot")
        if name != "save":
            complete(argument, "snapshot_names")
    add_yes(actions["delete"])
    actions["pack"].add_argument(
        "words", metavar="[SESSION] FILE.larst", nargs="+", help="the session, and the file"
    )
    for parser in (snapshot, *actions.values()):
        add_session(parser, "--session")
        add_service_url(parser)
        add_json(parser)


def _add_reset(subparsers: Subparsers) -> None:
    reset = add_command(
        subparsers,
        "reset",
        "empty a session, or go back to a snapshot",
        description="Go back to the file that the service was started with, or to no data.",
        examples="larst reset\nlarst reset shop\nlarst reset shop --to before-demo",
    )
    reset.set_defaults(run=run, action=_reset)
    add_session(reset)
    to = reset.add_argument("--to", metavar="SNAPSHOT", help="go back to this snapshot")
    complete(to, "snapshot_names")
    add_service_url(reset)
    add_json(reset)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Run one of the actions and return 0.

    Raises:
        ServiceError: the service cannot be reached, or refuses the request.
        ConfigError: the words are not a session and a file.
        OSError: the file cannot be written.
    """
    from larst.cli.client import service_at

    if "words" in options:
        options.file, options.session = _file_and_session(options.words, options.session)
    service = service_at(options.url, settings)
    if options.session is None:
        options.session = own_session(service)
    options.action(service, options)
    return 0


def _reset(service: Service, options: argparse.Namespace) -> None:
    query = f"?{urlencode({'to': options.to})}" if options.to else ""
    with working(f"resetting {options.session}"):
        _print_restored(_post(service, f"{_path(options, '/reset')}{query}"), options)


def _load(service: Service, options: argparse.Namespace) -> None:
    with working(f"loading {options.name}"):
        _print_restored(_post(service, f"{_snapshot_path(options)}/load"), options)


def _save(service: Service, options: argparse.Namespace) -> None:
    from larst.cli.client import TRANSFER_TIMEOUT_S

    with (
        working(f"saving {options.session}"),
        service.open("PUT", _snapshot_path(options), None, timeout_s=TRANSFER_TIMEOUT_S) as reply,
    ):
        snapshot = reply.json()
    if options.json:
        print_json(snapshot)
    else:
        size = snapshot["size_bytes"]
        sys.stdout.write(f"{options.session} is saved as {options.name}: {size} bytes\n")


def _list(service: Service, options: argparse.Namespace) -> None:
    snapshots = service.request_json("GET", _path(options, "/snapshots"))["items"]
    if options.json:
        print_json(snapshots)
    elif snapshots:
        rows = ((item["name"], item["saved_at"], str(item["size_bytes"])) for item in snapshots)
        print_table(("snapshot", "saved"), ("bytes",), rows)
    else:
        sys.stdout.write(
            f"no snapshot of {options.session}: `larst snapshot save NAME` saves one\n"
        )


def _delete(service: Service, options: argparse.Namespace) -> None:
    confirm(f"Delete the snapshot {options.name} of {options.session}?", options)
    service.request_json("DELETE", _snapshot_path(options))
    sys.stdout.write(f"the snapshot {options.name} of {options.session} is deleted\n")


def _file_and_session(words: list[str], session: str | None) -> tuple[str, str | None]:
    """Return the file and the session of a pack, which are given in the other order.

    Raises:
        ConfigError: there are too many words, or the last one is not a file for packs.
    """
    from larst.errors import ConfigError

    *sessions, file = words
    if len(sessions) > 1 or not file.endswith(".larst"):
        raise ConfigError("the order is `larst snapshot pack [SESSION] FILE.larst`")
    return file, next(iter(sessions), session)


def _pack(service: Service, options: argparse.Namespace) -> None:
    from larst.cli.client import TRANSFER_TIMEOUT_S

    with (
        working(f"packing {options.session}"),
        service.open(
            "GET", _path(options, "/pack"), None, timeout_s=TRANSFER_TIMEOUT_S, accept="*/*"
        ) as reply,
    ):
        content = reply.read()
    Path(options.file).write_bytes(content)
    sys.stdout.write(f"{options.session} is packed as {options.file}: {len(content)} bytes\n")


def _post(service: Service, path: str) -> dict[str, Any]:
    from larst.cli.client import TRANSFER_TIMEOUT_S

    with service.open("POST", path, b"", timeout_s=TRANSFER_TIMEOUT_S) as reply:
        body: dict[str, Any] = reply.json()
    return body


def _print_restored(restored: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print_json(restored)
        return
    from larst.planning.reading.nouns import counted

    counts = counted(restored["resources"])
    state = "empty" if restored["snapshot"] is None else f"as in {restored['snapshot']}"
    sys.stdout.write(f"{options.session} is {state}: {counts or 'no records'}\n")


def _path(options: argparse.Namespace, rest: str) -> str:
    return f"{session_path(options.session)}{rest}"


def _snapshot_path(options: argparse.Namespace) -> str:
    return _path(options, f"/snapshots/{quote(options.name, safe='')}")
