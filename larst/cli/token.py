"""`larst token`: make, list and revoke tokens in the file of LARS_AUTH_TOKENS_FILE.

Changes the file alone: a running service reads it again within a second. Must never print a token
but once, when it is made.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from larst.cli.arguments import add_actions, add_command, add_json
from larst.cli.output import print_json, print_table, write_line

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.config import Settings
    from larst.tokens.file import Entries

_SCOPES = ("read", "write", "admin")
_COLUMNS = ("name", "tenant", "scopes", "budgets", "created")


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst token` and its actions."""
    token = add_command(
        subparsers,
        "token",
        "make, list or revoke tokens",
        examples="larst token new ci --scope read --file tokens.json\n"
        "larst token new shop --tenant acme --planner-calls 30\nlarst token revoke ci",
    )
    token.set_defaults(run=run)
    actions = add_actions(
        token,
        (
            ("list", "list the tokens, without their secrets (default)", _list),
            ("new", "make a token, and print it once", _new),
            ("revoke", "revoke a token: it counts no more", _revoke),
        ),
    )
    new = actions["new"]
    for name in ("new", "revoke"):
        actions[name].add_argument("name", metavar="NAME", help="the name of the token")
    new.add_argument("--tenant", help="the tenant (default: default, the operator's own)")
    new.add_argument(
        "--scope",
        action="append",
        choices=_SCOPES,
        help="what the token is for; can be repeated (default: read and write)",
    )
    new.add_argument(
        "--planner-calls",
        type=int,
        metavar="N",
        help="no planner call beyond N a minute of the tenant",
    )
    new.add_argument(
        "--sessions", type=int, metavar="N", help="no new session beyond N of the tenant"
    )
    for parser in (token, *actions.values()):
        parser.add_argument(
            "--file",
            metavar="FILE",
            default=argparse.SUPPRESS,
            help="the file of tokens (default: LARS_AUTH_TOKENS_FILE)",
        )
    for parser in (token, actions["list"]):
        add_json(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Make, list or revoke tokens; return 0.

    Raises:
        ConfigError: no file is set, or it is not a file of tokens.
        OSError: the file cannot be read or written.
    """
    from larst.errors import ConfigError

    name = getattr(options, "file", None) or settings.http.tokens_file
    if not name:
        raise ConfigError("set LARS_AUTH_TOKENS_FILE to the file of tokens, or name it with --file")
    path = Path(name).expanduser().absolute()
    try:
        options.action(path, options)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    except OSError as error:
        raise OSError(f"{path}: {error.strerror or error}") from error
    return 0


def _new(path: Path, options: argparse.Namespace) -> None:
    from larst.tokens.file import change_entries, is_toml, new_token
    from larst.tokens.table import hash_of, table_of

    token = new_token()
    entry = _entry(options, hash_of(token))
    if is_toml(path):  # to write it again would lose its comments
        table_of([entry])
        write_line(sys.stderr, f"add this to {path}:\n\n{_as_toml(entry)}\nand this is the token:")
    else:
        change_entries(path, lambda entries: [*entries, entry])
        write_line(sys.stderr, "this is the token; it is not shown again:")
    write_line(sys.stdout, token)


def _entry(options: argparse.Namespace, digest: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": options.name, "hash": digest}
    if options.tenant is not None:
        entry["tenant"] = options.tenant
    entry["scopes"] = [scope for scope in _SCOPES if scope in (options.scope or ("read", "write"))]
    budgets = {"planner_calls_per_minute": options.planner_calls, "sessions": options.sessions}
    if limits := {name: value for name, value in budgets.items() if value is not None}:
        entry["budgets"] = limits
    entry["created_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    return entry


def _as_toml(entry: dict[str, Any]) -> str:
    """Return an entry as TOML; its texts, numbers and lists are written as in JSON."""
    plain = {key: value for key, value in entry.items() if key != "budgets"}
    lines = ["[[tokens]]", *(f"{key} = {json.dumps(value)}" for key, value in plain.items())]
    lines += [f"budgets.{key} = {value}" for key, value in entry.get("budgets", {}).items()]
    return "\n".join(lines) + "\n"


def _list(path: Path, options: argparse.Namespace) -> None:
    from larst.tokens.file import read_entries
    from larst.tokens.table import table_of

    entries = read_entries(path)
    table_of(entries)
    if options.json:
        print_json([{**entry, "hash": entry["hash"][:15]} for entry in entries])
    else:
        print_table(_COLUMNS, (), map(_row, entries))


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    budgets = ", ".join(f"{value} {name}" for name, value in entry.get("budgets", {}).items())
    tenant, created = entry.get("tenant", "default"), str(entry.get("created_at", ""))
    return (entry["name"], tenant, ", ".join(entry["scopes"]), budgets, created)


def _revoke(path: Path, options: argparse.Namespace) -> None:
    from larst.errors import ConfigError
    from larst.tokens.file import change_entries, is_toml

    if is_toml(path):
        raise ConfigError(f"remove the entry of {options.name} by hand: comments would be lost")

    def without(entries: Entries) -> Entries:
        remaining = [entry for entry in entries if entry["name"] != options.name]
        if len(remaining) == len(entries):
            raise ConfigError(f"no token is called {options.name}; `larst token list` shows all")
        return remaining

    change_entries(path, without)
    write_line(sys.stdout, f"{options.name} is revoked; a running service refuses it in a second")
