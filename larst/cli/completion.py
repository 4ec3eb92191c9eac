"""`larst completion`: print the lines that make a shell complete commands, flags and names.

Names come from a running service. A completion must be quick and silent: without a service, it
offers nothing.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from larst.cli.arguments import add_command

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.cli.client import Service
    from larst.config import Settings

_SHELLS = ("bash", "zsh", "fish")
_MAX_NAMES = 500
_TIMEOUT_S = 1.0


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst completion`."""
    parser = add_command(
        subparsers,
        "completion",
        "print what makes your shell complete the commands of larst",
        examples='eval "$(larst completion bash)"    # in ~/.bashrc\n'
        'eval "$(larst completion zsh)"     # in ~/.zshrc, after compinit\n'
        "larst completion fish | source     # in ~/.config/fish/config.fish",
    )
    parser.set_defaults(run=run)
    parser.add_argument("shell", choices=_SHELLS, help="your shell")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print the lines; return 0."""
    from argcomplete.shell_integration import shellcode

    del settings
    sys.stdout.write(shellcode(["larst"], shell=options.shell))
    return 0


def answer_shell(parser: argparse.ArgumentParser) -> None:
    """Print the completions that a shell asks for, and exit."""
    import argcomplete

    argcomplete.autocomplete(parser)


def session_names(options: argparse.Namespace) -> list[str]:
    """Return the sessions of the service."""
    return _names(options, "/_larst/sessions?limit=500", "id")


def snapshot_names(options: argparse.Namespace) -> list[str]:
    """Return the snapshots of the session that the command names, or of the one of no name."""
    from larst.cli.sessions import own_session, session_path

    try:
        session = getattr(options, "session", None) or own_session(_service(options))
    except Exception:  # noqa: BLE001 - as in `_names`
        return []
    return _names(options, f"{session_path(session)}/snapshots", "name")


def _names(options: argparse.Namespace, path: str, field: str) -> list[str]:
    try:
        with _service(options).open("GET", path, None, timeout_s=_TIMEOUT_S) as reply:
            items: list[dict[str, Any]] = reply.json()["items"]
        return [item[field] for item in items[:_MAX_NAMES]]
    except Exception:  # noqa: BLE001 - a shell shows nothing rather than an error
        return []


def _service(options: argparse.Namespace) -> Service:
    from larst.cli.client import service_at
    from larst.config import load_settings

    return service_at(getattr(options, "url", None), load_settings({}))
