"""`larst eject`: write the API of a session as an ordinary project.

Reads a running service, or a data root that no service uses, through the control API. Must never
change the session, and never write into a directory that has files.
"""

from __future__ import annotations

import argparse
import subprocess  # ruff, which formats the files
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from larst.cli.arguments import add_command, add_data_root, add_service_url, add_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from larst.cli.arguments import Subparsers
    from larst.cli.client import Service
    from larst.config import Settings
    from larst.eject import Api

_PAGE_SIZE = 200


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst eject`."""
    parser = add_command(
        subparsers,
        "eject",
        "write the API of a session as a FastAPI project of your own",
        description="Write the API of a session as an ordinary project: FastAPI, SQLite, tests.",
        examples="larst eject shop --to shop-api\nlarst eject shop --to shop-api --root data",
    )
    parser.set_defaults(run=run)
    add_session(parser)
    parser.add_argument(
        "--to", metavar="DIR", required=True, help="a new directory, or an empty one"
    )
    add_data_root(parser, "--root", metavar="ROOT")
    add_service_url(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Write the project and report what it lacks; return 0.

    Raises:
        ConfigError: the directory has files, or both a service and a data root are named.
        ServiceError: the service cannot be reached, or refuses the request.
        OSError: the files cannot be written.
    """
    from larst.cli.replay import replayed
    from larst.eject import cases_of, project_files

    target = Path(options.to)
    _check_target(target)
    with _service(options, settings) as service:
        api, plans = _frozen(service, options)
    replays = replayed(api, plans, cases_of(api))
    _write(target, project_files(api, replays))
    _format(target)
    _report(api, target, len(replays))
    return 0


def _check_target(target: Path) -> None:
    from larst.errors import ConfigError

    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(f"{target} is not an empty directory: name a new one with --to")


@contextmanager
def _service(options: argparse.Namespace, settings: Settings) -> Iterator[Service]:
    """Yield the running service, or one that serves the data root meanwhile."""
    from larst.cli.client import service_at
    from larst.errors import ConfigError

    if options.root is None:
        yield service_at(options.url, settings)
        return
    if options.url is not None:
        raise ConfigError("--url names a running service and --root a stopped one: use one of them")
    if not Path(options.root).is_dir():
        raise ConfigError(f"{options.root} is not a data root: it does not exist")
    from larst.cli.replay import private_service

    with private_service(Path(options.root)) as service:
        yield service


def _frozen(service: Service, options: argparse.Namespace) -> tuple[Api, list[dict[str, Any]]]:
    from larst.cli.sessions import own_session, session_path
    from larst.eject import frozen_api

    session = options.session or own_session(service)
    service.request_json("GET", session_path(session))  # a session that does not exist: 404
    with service.open("GET", f"{session_path(session)}/export", None, timeout_s=600) as reply:
        export = reply.read().splitlines()
    summaries = service.list_all("/_larst/plans", page_size=_PAGE_SIZE)
    plans = [service.request_json("GET", f"/_larst/plans/{quote(p['key'])}") for p in summaries]
    own = [plan for plan in plans if session in plan["sessions"]]
    return frozen_api(session, export, own), own


def _write(target: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _format(target: Path) -> None:
    """Format the project with ruff, which the extra `eject` installs."""
    if find_spec("ruff") is None:
        sys.stderr.write(
            "ruff is not installed, so long lines stay long: run `ruff format` in the project\n"
        )
        return
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--quiet", "--fix"], ["format", "--quiet"]):
        subprocess.run([*ruff, *command, "--no-cache", "."], cwd=target, check=True)  # noqa: S603 - fixed words


def _report(api: Api, target: Path, tests: int) -> None:
    from larst.eject import action_routes, alternatives

    actions = action_routes(api)
    lines = [
        f"wrote {target}: {len(api.resources)} resources, {len(actions)} custom routes,"
        f" {tests} tests"
    ]
    lacks = [(f"{item.request}", item.reason) for item in (*api.omissions, *alternatives(api))]
    lacks += [
        (f"{action.method} {action.path}", f"its program: {action.lack}; the route answers 501")
        for action in actions
        if action.lack is not None
    ]
    if lacks:
        lines.append("not in the project:")
        lines += [f"  {request}: {reason}" for request, reason in lacks]
    lines.append(f"next: cd {target} && cat README.md")
    sys.stdout.write("\n".join(lines) + "\n")
