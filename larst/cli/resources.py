"""`larst resources`: what a session declares about its resources: show, put, delete."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from larst.cli.arguments import add_command, add_json, add_service_url, add_session
from larst.cli.output import print_json, print_table
from larst.cli.sessions import own_session, session_path

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.config import Settings


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst resources`."""
    parser = add_command(
        subparsers,
        "resources",
        "show or declare timestamps, ids, unique and required fields of resources",
        description="Show the settings of a session's resources, or declare those of one: id,"
        " timestamps, unique, required, defaults, ttl and expiry.",
        examples="larst resources\n"
        'larst resources members --put \'{"timestamps": true, "unique": ["email"]}\'\n'
        "larst resources members --put members.json --session shop\n"
        "larst resources members --delete",
    )
    parser.set_defaults(run=run)
    parser.add_argument("resource", nargs="?", help="only this resource")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--put", metavar="JSON|FILE", help="declare these settings of the resource")
    change.add_argument("--delete", action="store_true", help="take the settings from the resource")
    add_session(parser, "--session")
    add_json(parser)
    add_service_url(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Show, declare or delete the settings of resources; return 0.

    Raises:
        ServiceError: the service cannot be reached, or refuses the request.
        ConfigError: the arguments are not understood.
    """
    from larst.cli.client import service_at
    from larst.errors import ConfigError

    if options.resource is None and (options.put is not None or options.delete):
        raise ConfigError("name the resource: `larst resources members --put …`")
    service = service_at(options.url, settings)
    session = own_session(service) if options.session is None else options.session
    path = f"{session_path(session)}/resources"
    own_path = f"{path}/{quote(options.resource or '', safe='')}"
    if options.delete:
        service.request_json("DELETE", own_path)
        sys.stdout.write(f"{options.resource} has no settings of its own\n")
    elif options.put is not None:
        _show(
            {options.resource: service.request_json("PUT", own_path, _value(options.put))}, options
        )
    elif options.resource is not None:
        _show({options.resource: service.request_json("GET", own_path)}, options)
    else:
        _show(service.request_json("GET", path), options)
    return 0


def _value(text: str) -> Any:
    """Return the JSON of an argument, or of the file that it names.

    Raises:
        ConfigError: it is neither.
    """
    from larst.errors import ConfigError

    try:
        return json.loads(text if text.lstrip().startswith("{") else Path(text).read_bytes())
    except OSError as error:
        raise ConfigError(f"{text} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"the settings are not JSON: {error}") from error


def _show(resources: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print_json(resources)
    elif not resources:
        sys.stdout.write("no resource has settings: declare some with --put\n")
    else:
        rows = (
            (name, setting, json.dumps(value, ensure_ascii=False))
            for name, settings in resources.items()
            for setting, value in settings.items()
        )
        print_table(("resource", "setting", "value"), (), rows)
