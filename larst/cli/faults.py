"""`larst faults`: which requests of a session fail, and how: show, put, add, clear."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from larst.cli.arguments import add_command, add_json, add_service_url, add_session
from larst.cli.output import print_json, print_table
from larst.cli.sessions import own_session, session_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larst.cli.arguments import Subparsers
    from larst.cli.client import Service
    from larst.config import Settings

_TEXTS = (
    ("method", "METHOD", "strike only requests with this method"),
    ("path", "PATH", "strike only requests of this path: /orders, /orders/*, /orders/**"),
    ("query", "QUERY", "strike only requests with these values: state=open&limit=5"),
    ("delay", "DURATION", "such as 200ms, 100ms..300ms or 'normal 200ms 50ms'"),
    ("body", "TEXT", "the body of the reply with --status, as JSON or as a text"),
    ("phase", "PHASE", "before (default), or after the session has served the request"),
)
_NUMBERS = (
    ("status", int, "the status of the reply"),
    ("truncate", int, "so many bytes of the body, then the connection ends"),
    ("bytes_per_s", int, "send the body slowly"),
    ("rate", float, "the probability, from 0 to 1"),
    ("times", int, "strike so many requests at most"),
    ("skip", int, "let the first ones pass"),
)
_FLAGS = (
    ("drop", "end the connection without a reply"),
    ("malformed", "send half of the body, and a spoiled end"),
)


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst faults`."""
    parser = add_command(
        subparsers,
        "faults",
        "show, set or clear the faults on demand of a session",
        examples="larst faults\n"
        "larst faults add --method POST --path /orders --status 503 --times 1\n"
        "larst faults put faults.json --session shop\nlarst faults clear",
    )
    parser.set_defaults(run=run, action=_show)
    actions = parser.add_subparsers(metavar="ACTION")
    show = add_command(actions, "show", "show the rules, and how many requests each has struck")
    add_json(show)
    put = add_command(actions, "put", "replace the rules by those of a file")
    put.add_argument("file", metavar="FILE", help='a file such as {"seed": 7, "rules": [{…}]}')
    add = add_command(actions, "add", "add a rule behind the others, which count from 0 again")
    _add_rule(add)
    clear = add_command(actions, "clear", "remove the rules")
    for action, function in ((show, _show), (put, _put), (add, _add), (clear, _clear)):
        add_session(action, "--session")
        add_service_url(action)
        action.set_defaults(action=function)
    add_session(parser, "--session")
    add_json(parser)
    add_service_url(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Do what the action says; return 0.

    Raises:
        ServiceError: the service cannot be reached, or refuses the request.
        ConfigError: the file cannot be read.
    """
    from larst.cli.client import service_at

    service = service_at(options.url, settings)
    session = own_session(service) if options.session is None else options.session
    options.action(service, f"{session_path(session)}/faults", options)
    return 0


def _add_rule(parser: argparse.ArgumentParser) -> None:
    for name, metavar, text in _TEXTS:
        parser.add_argument(f"--{name}", metavar=metavar, help=text)
    for name, kind, text in _NUMBERS:
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, dest=name, type=kind, metavar="N", help=text)
    for name, text in _FLAGS:
        parser.add_argument(f"--{name}", action="store_true", default=None, help=text)


def _show(service: Service, path: str, options: argparse.Namespace) -> None:
    faults = service.request_json("GET", path)
    if options.json:
        print_json(faults)
    elif not faults["rules"]:
        sys.stdout.write("no request fails on demand: add a rule with `larst faults add`\n")
    else:
        sys.stdout.write(f"seed {faults['seed']}\n")
        print_table(("rule",), ("matches", "strikes"), map(_row, faults["rules"]))


def _put(service: Service, path: str, options: argparse.Namespace) -> None:
    from larst.errors import ConfigError

    try:
        faults = json.loads(Path(options.file).read_bytes())
    except OSError as error:
        raise ConfigError(f"{options.file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{options.file} is not JSON: {error}") from error
    _report(service.request_json("PUT", path, faults))


def _add(service: Service, path: str, options: argparse.Namespace) -> None:
    names = [name for name, *_ in (*_TEXTS, *_NUMBERS, *_FLAGS)]
    rule = {name: value for name in names if (value := getattr(options, name)) is not None}
    if "body" in rule:
        rule["body"] = _body(rule["body"])
    current = service.request_json("GET", path)
    rules = [*map(_sent, current["rules"]), rule]
    _report(service.request_json("PUT", path, {"seed": current["seed"], "rules": rules}))


def _clear(service: Service, path: str, _options: argparse.Namespace) -> None:
    service.request_json("DELETE", path)
    sys.stdout.write("no request fails on demand\n")


def _report(faults: Mapping[str, Any]) -> None:
    count = len(faults["rules"])
    sys.stdout.write(f"{count} rule{'' if count == 1 else 's'}, seed {faults['seed']}\n")


def _body(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _sent(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule as it was sent, without its counts."""
    return {name: value for name, value in rule.items() if name not in ("matches", "strikes")}


def _row(rule: Mapping[str, Any]) -> tuple[str, str, str]:
    text = json.dumps(_sent(rule), ensure_ascii=False)
    return text, str(rule["matches"]), str(rule["strikes"])
