"""Asking before something is changed. Must never go on without an answer, or `--yes`."""

from __future__ import annotations

import argparse
import sys

from larst.cli.output import printable


class DeclinedError(Exception):
    """The person at the terminal said no."""


def confirm(
    question: str, options: argparse.Namespace, *, unchanged: str = "nothing was deleted"
) -> None:
    """Return if `--yes` is given, or the person at the terminal answers with yes.

    `unchanged` begins the message if not.

    Raises:
        DeclinedError: the answer is not yes.
        ConfigError: the question cannot be asked: stdin or stderr is not a terminal.
    """
    from larst.errors import ConfigError

    if options.yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(f"{unchanged}: without a terminal to ask at, --yes is required")
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise DeclinedError(unchanged)
