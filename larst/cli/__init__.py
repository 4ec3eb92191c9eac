"""The command line: assembles the commands, runs one, and maps errors to exit codes.

A module of a command has `add_arguments` and `run`. Must never import the service, pydantic or
rich before a command runs, so that `--version` and `--help` are quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from larst import __version__
from larst.cli import (
    check,
    completion,
    doctor,
    eject,
    fake,
    faults,
    imagine,
    mcp,
    plans,
    repair,
    resources,
    serve,
    sessions,
    snapshots,
    tail,
    token,
    transfer,
)
from larst.cli import eval as evaluate
from larst.cli.arguments import Parser
from larst.cli.confirm import DeclinedError
from larst.cli.output import flush_or_discard, write_line

OK, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes; shells expect 130 from a program that Ctrl-C stopped."""

_COMMANDS = (
    *(
        serve,
        sessions,
        transfer,
        fake,
        imagine,
        resources,
        faults,
        snapshots,
        plans,
        tail,
        token,
        check,
        repair,
    ),
    *(evaluate, eject, mcp, completion, doctor),
)


_FIRST_STEPS = """begin with:
  larst serve                   serve, and print the first request to send
  larst serve db.json --open    serve the data of a file, and open it in the browser
  larst COMMAND --help          the flags of a command, with examples"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 if it failed, 2 if its arguments are wrong."""
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:
        completion.answer_shell(parser)
    options = parser.parse_args(argv)
    if options.command is None:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    try:
        return _run(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        flush_or_discard(sys.stdout)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = Parser(
        prog="larst",
        usage="larst COMMAND [ARGUMENTS]",
        description="The last REST service: send it any REST request.",
        epilog=_FIRST_STEPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"larst {__version__}")
    parser.set_defaults(log_level="error")
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", prog="larst", title="commands"
    )
    for command in _COMMANDS:
        command.add_arguments(subparsers)
    return parser


def _run(options: argparse.Namespace) -> int:
    # Imported here: these take most of a second.
    from larst.cli.client import ServiceError
    from larst.config import load_settings
    from larst.errors import ConfigError, LarstError
    from larst.process.logs import set_up_logging

    set_up_logging(options.log_level)
    try:
        code: int = options.run(options, load_settings(_overrides(options)))
        sys.stdout.flush()
    except ConfigError as error:
        write_line(sys.stderr, str(error))
        return WRONG_USAGE
    except LarstError as error:
        write_line(sys.stderr, f"{error.title}: {error.detail}".removesuffix(": "))
        return FAILED
    except DeclinedError as error:
        write_line(sys.stderr, str(error))
        return FAILED
    except BrokenPipeError:  # `larst plans | head`: the reader has seen enough
        return FAILED
    except (ServiceError, OSError) as error:
        write_line(sys.stderr, str(error))
        return FAILED
    return code


def _overrides(options: argparse.Namespace) -> dict[str, object]:
    """Return the settings that flags override, by variable."""
    flags = {serve.WATCH, *(variable for _, variable, _, _ in serve.FLAGS)}
    return {
        name: value for name, value in vars(options).items() if name in flags and value is not None
    }
