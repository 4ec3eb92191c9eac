"""Arguments that several commands share, and the parser of all.

Imports little but argparse, so that `--help` stays quick.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_WRONG_CHOICE = re.compile(r"invalid choice: '(?P<value>.*?)' \(choose from (?P<choices>.*)\)")


class Parser(argparse.ArgumentParser):
    """A parser that suggests the nearest command or flag where one is unknown."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, with the nearest choice, and exit with status 2."""
        if match := _WRONG_CHOICE.search(message):
            choices = re.findall(r"[\w-]+", match["choices"])
            nearest = _nearest(match["value"], choices)
            message = f"{match['value']!r} is unknown; {nearest or 'use ' + ', '.join(choices)}"
        super().error(message)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments, and refuse the first flag that is unknown here."""
        parsed, extras = super().parse_known_args(args, namespace)
        for extra in extras:
            if extra.startswith("--"):
                flag = extra.partition("=")[0]
                nearest = _nearest(flag, list(self._option_string_actions))
                self.error(f"{flag} is unknown" + (f"; {nearest}" if nearest else ""))
        return parsed, extras


def _nearest(value: str, choices: Sequence[str]) -> str | None:
    import difflib

    nearest = difflib.get_close_matches(value, choices, n=1)
    return f"did you mean {nearest[0]}?" if nearest else None


def add_command(
    subparsers: Subparsers, name: str, text: str, *, description: str = "", examples: str = ""
) -> argparse.ArgumentParser:
    """Add a command; `text` says in a line what it does, `examples` has a command per line."""
    lines = "".join(f"\n  {line}" for line in examples.splitlines())
    return subparsers.add_parser(
        name,
        help=text,
        description=description or f"{text[0].upper()}{text[1:]}.",
        epilog=f"examples:{lines}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_actions(
    parser: argparse.ArgumentParser, actions: Sequence[tuple[str, str, Callable[..., int | None]]]
) -> dict[str, argparse.ArgumentParser]:
    """Add the actions of a command: name, help and function; the first one is the default.

    Returns the parser of each action, by its name.
    """
    parser.set_defaults(action=actions[0][2])
    subparsers = parser.add_subparsers(metavar="ACTION")
    parsers = {}
    for name, text, function in actions:
        parsers[name] = add_command(subparsers, name, text)
        parsers[name].set_defaults(action=function)
    return parsers


def add_session(parser: argparse.ArgumentParser, *name: str) -> None:
    """Add the session as a flag or as a positional argument that may be left out."""
    text = "the session (default: that of requests that name none)"
    if name:
        action = parser.add_argument(*name, metavar="SESSION", help=text)
    else:
        action = parser.add_argument("session", metavar="SESSION", nargs="?", help=text)
    complete(action, "session_names")


def complete(action: argparse.Action, function: str) -> None:
    """Let a shell complete the argument with a function of `completion.py`."""

    def completer(parsed_args: argparse.Namespace, **_: object) -> list[str]:
        from larst.cli import completion

        names: list[str] = getattr(completion, function)(parsed_args)
        return names

    vars(action)["completer"] = completer  # argcomplete reads it there


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Add `--yes`, for commands that delete."""
    parser.add_argument("--yes", action="store_true", help="delete without asking")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_lenient(parser: argparse.ArgumentParser) -> None:
    """Add `--lenient`, for imports."""
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="change what cannot be stored, such as an id that is there twice, and say so",
    )


def add_service_url(parser: argparse.ArgumentParser) -> None:
    """Add `--url`, the address of the running service."""
    parser.add_argument(
        "--url", help="the address of the service (default: from LARS_HOST and LARS_PORT)"
    )


def add_data_root(parser: argparse.ArgumentParser, *name: str, metavar: str) -> None:
    """Add the data root as a flag or as a positional argument."""
    text = "the directory of sessions and plans (default: SANDBOX_DATA_ROOT)"
    is_flag = name[0].startswith("-")
    parser.add_argument(*name, metavar=metavar, nargs=None if is_flag else "?", help=text)
