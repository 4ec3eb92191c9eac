"""The command line. Imports the service only to serve, so that `--version` and `--help` are quick.

Speaks to people in plain lines; what the service says later is JSON, by logs.py.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import importlib
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO
from uuid import uuid4

from larst import __version__

if TYPE_CHECKING:
    from larst.config import Settings
    from larst.http.components import Components
    from larst.otel import Providers

OK, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes; 130 is what a shell expects of a program that Ctrl-C ended."""

TELEMETRY_END_S = 2.0
"""What the last spans and metrics are given to be sent, when all else has ended."""

_FLAGS = (
    ("--host", "LARS_HOST", "ADDRESS", "listen on this address (default 127.0.0.1)"),
    ("--port", "LARS_PORT", "PORT", "listen on this port (default 8000; 0: any that is free)"),
    ("--data-root", "SANDBOX_DATA_ROOT", "DIR", "keep sessions and plans in this directory"),
    ("--log-level", "LARS_LOG_LEVEL", "LEVEL", "debug, info (default), warning or error"),
)


_COMMANDS = {
    "plans": "plans",
    "sessions": "sessions",
    "export": "sessions",
    "import": "sessions",
    "check": "check",
    "repair": "repair",
    "eval": "eval",
}
"""The module of larst.cli that runs each command; imported when it does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code: 0, 1 where it failed, 2 where it was put wrongly."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.command is None:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    given = {variable: getattr(options, variable, None) for _, variable, _, _ in _FLAGS}
    overrides = {name: value for name, value in given.items() if value is not None}
    if options.command == "serve":
        return _serve(overrides)
    return _command(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="larst", description="The last REST service: send it any REST request."
    )
    parser.add_argument("--version", action="version", version=f"larst {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="serve HTTP until SIGTERM or Ctrl-C",
        description="Serve HTTP until SIGTERM or Ctrl-C.",
        epilog="Everything else is set by LARS_ variables, in the environment or in .env.",
    )
    for flag, variable, metavar, text in _FLAGS:
        serve.add_argument(flag, dest=variable, metavar=metavar, help=text)
    _add_plans(commands)
    _add_sessions(commands)
    _add_check(commands)
    _add_eval(commands)
    return parser


def _add_plans(commands: Any) -> None:
    plans = commands.add_parser(
        "plans",
        help="look at the plan book of a running service, and decide on its plans",
        description="Look at the plan book of a running service, and decide on its plans.",
    )
    actions = plans.add_subparsers(dest="plans_command", metavar="ACTION")
    listing = actions.add_parser("list", help="list the plans, the most used first (the default)")
    show = actions.add_parser("show", help="show one plan and its program")
    pin = actions.add_parser("pin", help="approve a plan: it is served ever after")
    reject = actions.add_parser("reject", help="rule a plan out, and tell the planner why")
    delete = actions.add_parser("delete", help="forget a plan: its shape is planned anew")
    for action in (plans, listing):
        action.add_argument("--state", choices=("learned", "pinned", "rejected"), default=None)
    for action in (show, pin, reject, delete):
        action.add_argument("key", metavar="KEY", help="the plan's key, or how it begins")
    reject.add_argument("--reason", required=True, help="what is wrong with the program")
    for action in (plans, listing, show, pin, reject, delete):
        action.add_argument("--url", help="where the service is (by LARS_HOST and LARS_PORT)")
        action.add_argument("--json", action="store_true", help="print JSON")


def _add_sessions(commands: Any) -> None:
    where = "where the service is (by LARS_HOST and LARS_PORT)"
    sessions = commands.add_parser(
        "sessions",
        help="list the sessions of a running service, or erase one",
        description="List the sessions of a running service, or erase one.",
    )
    sessions.add_argument("--delete", metavar="SESSION", help="erase it: it begins anew")
    sessions.add_argument("--json", action="store_true", help="print JSON")
    export = commands.add_parser(
        "export",
        help="write a session of a running service to stdout",
        description="Write a session of a running service to stdout, as JSON a line.",
    )
    import_ = commands.add_parser(
        "import",
        help="read a session from stdin: an export, or a json-server db.json",
        description="Read a session from stdin: an export, or a json-server db.json.",
    )
    import_.add_argument("--replace", action="store_true", help="replace what the session has")
    for command in (export, import_):
        command.add_argument("session", metavar="SESSION")
    for command in (sessions, export, import_):
        command.add_argument("--url", help=where)


def _add_check(commands: Any) -> None:
    check = commands.add_parser(
        "check",
        help="verify every session of a data root, while no service has it",
        description="Verify every session of a data root, while no service has it.",
    )
    check.add_argument("data_root", metavar="DATA_ROOT", nargs="?", help="by SANDBOX_DATA_ROOT")
    check.add_argument("--json", action="store_true", help="print JSON")
    repair = commands.add_parser(
        "repair",
        help="keep what is whole of a damaged session, while no service has it",
        description="Keep every whole record of a damaged session, and its files as they were.",
    )
    repair.add_argument("session", metavar="SESSION")
    repair.add_argument("--data-root", metavar="DIR", help="by SANDBOX_DATA_ROOT")


def _add_eval(commands: Any) -> None:
    evaluate = commands.add_parser(
        "eval",
        help="try the configured planner on a suite of requests, to choose a model",
        description="Try the configured planner on a suite of requests with known outcomes.",
    )
    evaluate.add_argument("--suite", metavar="FILE", help="a suite of your own, as JSON")
    evaluate.add_argument("--only", metavar="TEXT", help="cases whose group or name contains TEXT")
    evaluate.add_argument("--json", action="store_true", help="print JSON")


def _command(options: argparse.Namespace) -> int:
    """Run a command that is no service."""
    # Here and not above: these take most of a second.
    from larst.config import load_settings
    from larst.errors import ConfigError, LarstError
    from larst.process.logs import set_up_logging

    set_up_logging("critical" if options.command in ("check", "repair") else "error")
    try:
        module = importlib.import_module(f"larst.cli.{_COMMANDS[options.command]}")
        code = int(module.run(options, load_settings({})))
    except ConfigError as error:
        _say(sys.stderr, f"{error.detail}\n")
        return WRONG_USAGE
    except LarstError as error:
        _say(sys.stderr, f"{error.title}: {error.detail}\n")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _no_reader(sys.stdout)
        return FAILED
    except OSError as error:
        _say(sys.stderr, f"{error}\n")
        return FAILED
    return code


def _serve(overrides: dict[str, object]) -> int:
    # Here and not above: these take most of a second.
    from larst.config import load_settings
    from larst.errors import ConfigError
    from larst.process.logs import set_up_logging

    set_up_logging("info")
    try:
        settings = load_settings(overrides)
    except ConfigError as error:
        _say(sys.stderr, f"{error.detail}\n")
        return WRONG_USAGE
    set_up_logging(settings.log_level)
    return _run(settings)


def _run(settings: Settings) -> int:
    from larst import otel
    from larst.errors import ConfigError, LarstError
    from larst.process.server import run_service

    providers: otel.Providers | None = None
    try:
        providers = otel.set_up(
            _otel_environment(), service="larst", version=__version__, instance_id=uuid4().hex
        )
        parts = _parts(settings, providers)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run_service(settings, parts, lambda text: _say(sys.stdout, text)))
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ConfigError, otel.WrongVariableError) as error:
        _say(sys.stderr, f"{error}\n")
        return WRONG_USAGE
    except LarstError as error:
        _say(sys.stderr, f"{error.title}: {error.detail}".removesuffix(": ") + "\n")
        return FAILED
    except OSError as error:
        _say(sys.stderr, f"{_reason(error, settings)}\n")
        return FAILED
    finally:
        if providers is not None:
            providers.stop(TELEMETRY_END_S)
    return OK


def _otel_environment() -> Mapping[str, str]:
    """Return the environment, with the OTEL_ variables of `.env` in it: exporters read no other."""
    from larst.config import env_file_variables
    from larst.otel import WrongVariableError

    for name, value in {**env_file_variables(), **os.environ}.items():
        if name.startswith("OTEL_"):
            if "\0" in value:
                raise WrongVariableError(f"{name}: a NUL character in .env; take it out")
            os.environ[name] = value.strip()  # the SDK takes blanks for a value
    return os.environ


def _parts(settings: Settings, providers: Providers) -> Components:
    """Return what the service is made of, told of to those who asked by OTEL_ variables."""
    from larst.http.app import default_components
    from larst.telemetry import Telemetry

    telemetry = Telemetry(providers.recorder, shows_content=providers.shows_content)
    providers.export_metrics(telemetry.collect)
    return replace(default_components(settings), telemetry=telemetry, metrics_page=providers.page)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return the faster event loop where there is one."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _reason(error: OSError, settings: Settings) -> str:
    address = f"{settings.http.host}:{settings.http.port}"
    if error.errno == errno.EADDRINUSE:
        return f"{address} is in use by another program; choose another with --port"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"cannot listen on {address}: {error.strerror}"
    return str(error)


def _say(stream: TextIO, text: str) -> None:
    """Write a message to a person; nobody reading it is no reason to stop."""
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        _no_reader(stream)


def _no_reader(stream: TextIO) -> None:
    """Have a stream that nobody reads go nowhere.

    Else the interpreter fails at the very end, when it flushes the stream once more.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
