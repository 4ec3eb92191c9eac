"""`larst serve`: set telemetry up, and serve HTTP until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from larst import __version__
from larst.cli import frozen
from larst.cli.arguments import add_command, add_lenient
from larst.cli.memory_root import memory_root
from larst.cli.output import write_line

if TYPE_CHECKING:
    import asyncio

    from larst.cli.arguments import Subparsers
    from larst.config import Settings
    from larst.http.components import Components
    from larst.otel import Providers
    from larst.process.banner import Notice
    from larst.process.logs import LineHandler
    from larst.process.seeding import SeedFile

TELEMETRY_STOP_S = 2.0
"""How long the last spans and metrics may take to be sent when the service stops."""

FLAGS = (
    ("--host", "LARS_HOST", "ADDRESS", "listen on this address (default: 127.0.0.1)"),
    ("--port", "LARS_PORT", "PORT", "listen on this port (default: 8000; 0: a free port)"),
    ("--data-root", "SANDBOX_DATA_ROOT", "DIR", "keep sessions and plans in this directory"),
    ("--dialect", "LARS_DIALECT", "NAME", "reply as this server does, such as json-server"),
    ("--cors", "LARS_CORS_ORIGINS", "ORIGINS", "let pages of these origins call; '*': of all"),
    (
        "--log-format",
        "LARS_LOG_FORMAT",
        "FORMAT",
        "text, json or auto: text on a terminal (default)",
    ),
    ("--log-level", "LARS_LOG_LEVEL", "LEVEL", "debug, info (default), warning or error"),
)
"""Each flag, the variable that it overrides, its metavar and its help."""

WATCH = "LARS_WATCH"


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst serve`."""
    parser = add_command(
        subparsers,
        "serve",
        "serve HTTP until SIGTERM or Ctrl-C",
        description="Serve HTTP until SIGTERM or Ctrl-C. LARS_ variables, in the environment or in"
        " .env, set everything else.",
        examples="larst serve\nlarst serve db.json --open\nlarst serve db.json --fresh --memory\n"
        "larst serve --port 3000 --dialect json-server\nlarst serve bug.larst",
    )
    parser.set_defaults(run=run, log_level="info")
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="a db.json, an export, or a HAR, Postman or OpenAPI file to start with; replies are in"
        " the dialect json-server",
    )
    add_lenient(parser)
    parser.add_argument("--session", metavar="NAME", help="put the data of FILE into this session")
    parser.add_argument(
        "--fresh", action="store_true", help="begin with FILE again: replace the session's data"
    )
    parser.add_argument(
        "--memory", action="store_true", help="keep all data in memory: it is gone after the stop"
    )
    parser.add_argument("--open", action="store_true", help="open the service in the browser")
    for flag, variable, metavar, text in FLAGS:
        parser.add_argument(flag, dest=variable, metavar=metavar, help=text)
    parser.add_argument(
        "--watch",
        dest=WATCH,
        action="store_const",
        const="on",
        help="see edits of the files of sessions within a second (default on a terminal)",
    )
    parser.add_argument(
        "--no-watch",
        dest=WATCH,
        action="store_const",
        const="off",
        help="see edits when a file is written again, and when a session sleeps or wakes",
    )


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Serve, and return 0 after an orderly stop.

    Raises:
        ConfigError: a setting or an OTEL_ variable is wrong.
        DataRootTakenError: another process serves the data root.
        BadRequestError: the file cannot be imported.
        OSError: the address is in use, the data root cannot be created, or the file not read.
    """
    file, is_in_memory = _seed_file(options), options.memory
    if file is not None and (file := frozen.unpacked(file, settings)).pack is not None:
        settings = frozen.frozen_settings(settings)
        is_in_memory = is_in_memory or not frozen.has_own_root(options)
    if is_in_memory:
        with memory_root() as root:
            return _serve(options, settings.model_copy(update={"data_root": root}), file)
    return _serve(options, settings, file)


def _serve(options: argparse.Namespace, settings: Settings, file: SeedFile | None) -> int:
    import asyncio
    from uuid import uuid4

    from larst import otel
    from larst.errors import ConfigError
    from larst.process.logs import set_up_logging
    from larst.process.server import run_service

    log = set_up_logging(settings.log_level, log_format=settings.log_format)
    settings = _watching(settings, is_terminal=log.stream.isatty())
    providers: Providers | None = None
    try:
        providers = otel.set_up(
            _otel_environment(), service="larst", version=__version__, instance_id=uuid4().hex
        )
        components = _components(settings, providers, log, file)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run_service(settings, components, _announcer(options), file))
    except otel.WrongVariableError as error:
        raise ConfigError(str(error)) from error
    except OSError as error:
        raise OSError(_reason(error, settings)) from error
    finally:
        if providers is not None:
            providers.stop(TELEMETRY_STOP_S)
    return 0


def _watching(settings: Settings, *, is_terminal: bool) -> Settings:
    """Return the settings with LARS_WATCH on or off."""
    if settings.sessions.watch != "auto":
        return settings
    sessions = settings.sessions.model_copy(update={"watch": "on" if is_terminal else "off"})
    return settings.model_copy(update={"sessions": sessions})


def _seed_file(options: argparse.Namespace) -> SeedFile | None:
    """Return the file that the service starts with.

    Raises:
        ConfigError: a flag needs a file, or the name of the session is not valid.
        OSError: the file cannot be read.
    """
    from larst.cli.contracts import as_json
    from larst.errors import BadSessionIdError, ConfigError
    from larst.http.client_identity import checked_session_id
    from larst.process.seeding import SeedFile

    name, session = options.file, options.session
    if name is None:
        if session is not None or options.fresh:
            raise ConfigError("--session and --fresh say what becomes of FILE: name a file, too")
        return None
    try:
        if session is not None:
            checked_session_id(session)
        content = as_json(Path(name).read_bytes())
        return SeedFile(name, content, options.lenient, session, replaces=options.fresh)
    except BadSessionIdError as error:
        raise ConfigError(f"--session {session}: {error.detail}") from error
    except OSError as error:
        raise OSError(f"{name} cannot be read: {error.strerror}") from error


def _otel_environment() -> Mapping[str, str]:
    """Add the OTEL_ variables of `.env` to the environment, which exporters read, and return it."""
    from larst.config import env_file_variables
    from larst.otel import WrongVariableError

    for name, value in {**env_file_variables(), **os.environ}.items():
        if name.startswith("OTEL_"):
            if "\0" in value:
                raise WrongVariableError(f"{name}: a NUL character in .env; remove it")
            os.environ[name] = value.strip()  # the SDK does not strip spaces
    return os.environ


def _components(
    settings: Settings, providers: Providers, log: LineHandler, file: SeedFile | None
) -> Components:
    """Return the components of the service, with the telemetry that OTEL_ variables ask for."""
    from dataclasses import replace

    from larst.telemetry import Telemetry

    telemetry = Telemetry(
        providers.recorder,
        shows_content=providers.shows_content,
        add_line=None if log.is_for_people else log.add_line,
        for_people=log.is_for_people,
    )
    providers.export_metrics(telemetry.collect)
    return replace(
        frozen.components_of(settings, file), telemetry=telemetry, metrics_page=providers.page
    )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return the event loop of uvloop, which is faster, if it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _announcer(options: argparse.Namespace) -> Callable[[Notice], None]:
    """Return what prints the notice of a service that is ready, and opens it if asked to."""

    def announce(notice: Notice) -> None:
        from larst.process.banner import banner

        notice = replace(notice, keeps_data=not options.memory)
        write_line(sys.stdout, banner(notice, shows_token=sys.stdout.isatty()).removesuffix("\n"))
        if options.open:
            # In a thread: a browser may take seconds to begin, and one for terminals stays.
            target = (notice.first_page,)
            threading.Thread(target=_open, args=target, name="larst browser", daemon=True).start()

    return announce


def _open(url: str) -> None:
    import webbrowser

    if not webbrowser.open(url):
        write_line(sys.stderr, f"no browser was found to open {url}")


def _reason(error: OSError, settings: Settings) -> str:
    address = f"{settings.http.host}:{settings.http.port}"
    if error.errno == errno.EADDRINUSE:
        return f"{address} is in use by another program; choose another port with --port"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"cannot listen on {address}: {error.strerror}"
    return str(error)
