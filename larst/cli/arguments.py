"""Arguments that several commands share. Imports argparse alone, so that `--help` stays quick."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]


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
