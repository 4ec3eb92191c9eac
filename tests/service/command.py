"""Commands of `larst`, run in this process: a new interpreter for each takes most of their time.

`tests/cli` and `test_pages.py` run them as processes of their own.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from larst.cli import main


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The exit code of a command, and its output as text."""

    exit_code: int
    stdout: str
    stderr: str


def run_larst(
    *arguments: str, variables: Mapping[str, str] | None = None, stdin: bytes = b""
) -> CommandResult:
    """Run `larst` with these arguments, environment variables and input."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    environment = {"COLUMNS": "160", **(variables or {})}
    with (
        patch.dict(os.environ, environment),
        patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        exit_code = main(arguments)
    return CommandResult(exit_code, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
