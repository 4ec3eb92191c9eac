"""Asking before something is deleted. Must never delete without an answer, or `--yes`."""

from __future__ import annotations

import argparse
import sys

from larst.cli.output import printable


class DeclinedError(Exception):
    """The person at the terminal said no."""


def confirm(question: str, options: argparse.Namespace) -> None:
    """Return if `--yes` is given, or the person at the terminal answers with yes.

    Raises:
        DeclinedError: the answer is not yes.
        ConfigError: the question cannot be asked: stdin or stderr is not a terminal.
    """
    from larst.errors import ConfigError

    if options.yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError("nothing was deleted: without a terminal to ask at, --yes is required")
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise DeclinedError("nothing was deleted")
