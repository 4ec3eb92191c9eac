"""`larst mcp`: offer a running service to agents as tools of the Model Context Protocol."""

from __future__ import annotations

import argparse
import secrets
import sys
from typing import TYPE_CHECKING

from larst.cli.arguments import add_command, add_service_url, add_session

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.config import Settings

HOST = "127.0.0.1"


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst mcp`."""
    parser = add_command(
        subparsers,
        "mcp",
        "offer a running service to agents as MCP tools",
        description="Serve the Model Context Protocol on stdin and stdout, or on HTTP. The tools"
        " work in a session of their own, which is kept under its name.",
        examples="larst mcp\nlarst mcp --session demo\nlarst mcp --http 8010",
    )
    parser.set_defaults(run=run)
    add_session(parser, "--session")
    parser.add_argument(
        "--http", type=int, metavar="PORT", help=f"serve on http://{HOST}:PORT/mcp, not on stdio"
    )
    add_service_url(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Serve until the client closes the connection, or Ctrl-C; return 0.

    Raises:
        ConfigError: the name of the session is not valid.
        ExtraMissingError: the MCP SDK is not installed.
        ServiceError: the address of the service is not one.
    """
    from larst.cli.client import service_at
    from larst.errors import BadSessionIdError, ConfigError, ExtraMissingError
    from larst.http.client_identity import checked_session_id

    service = service_at(options.url, settings)
    session = options.session or f"agent-{secrets.token_hex(4)}"
    try:
        checked_session_id(session)
    except BadSessionIdError as error:
        raise ConfigError(f"--session {session}: {error.detail}") from error
    try:
        from larst.mcp import Backend, make_server
    except ImportError as error:
        raise ExtraMissingError(
            "`larst mcp` needs the extra `mcp`: run `pip install 'larst[mcp]'`"
        ) from error
    server = make_server(Backend(service.url, service.token, session))
    if options.http is None:
        server.run("stdio")
        return 0
    sys.stderr.write(
        f"MCP tools for {session} of {service.url} at http://{HOST}:{options.http}/mcp\n"
    )
    server.run("streamable-http", host=HOST, port=options.http)
    return 0
