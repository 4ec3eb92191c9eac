"""The command line as a person and a shell script meet it: real processes, and their exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from larst import __version__
from larst.cli import main


def run(
    *arguments: str, cwd: Path, program: Sequence[str] = ("-m", "larst"), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m larst` with no other LARST variables than those given."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LARS_", "SANDBOX_"))
    }
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=cwd,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_version_is_told(tmp_path: Path) -> None:
    told = run("--version", cwd=tmp_path)

    assert (told.returncode, told.stdout) == (0, f"larst {__version__}\n")


def test_a_wrong_setting_is_one_line_each_and_exit_code_2(tmp_path: Path) -> None:
    """No traceback: whoever starts the service can mend it from the line alone."""
    told = run("serve", "--port", "http", cwd=tmp_path, LARS_SCHEMA_MODE="strict")

    assert told.returncode == 2
    assert told.stdout == ""
    assert told.stderr.splitlines() == [
        "LARS_PORT='http': an integer from 0 to 65535 is allowed",
        "LARS_SCHEMA_MODE='strict': learn, warn or enforce is allowed",
    ]


def test_importing_the_command_line_imports_no_server(tmp_path: Path) -> None:
    """`larst --version` must not take a second."""
    code = (
        "import sys, larst.cli;"
        "print([m for m in ('aiohttp', 'pydantic', 'larst.service') if m in sys.modules])"
    )

    assert run(cwd=tmp_path, program=("-c", code)).stdout == "[]\n"


def test_without_a_command_it_helps_and_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "serve" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["dance"], ["serve", "--colour", "red"]])
def test_an_unknown_argument_exits_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)

    assert exit_.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_help_lists_the_flags(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["serve", "--help"])

    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    assert all(flag in shown for flag in ("--host", "--port", "--data-root", "--log-level"))
