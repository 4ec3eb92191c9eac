"""The command line as users and shell scripts run it: real processes, and their exit codes."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from larst import __version__, cli
from larst.cli import main

SLOW_MODULES = (
    *("aiohttp", "asyncio", "pydantic", "rich", "urllib.request"),
    *("larst.config", "larst.errors", "larst.http", "larst.otel", "larst.process"),
)


def run(
    *arguments: str, cwd: Path, program: Sequence[str] = ("-m", "larst"), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m larst`; of the LARST variables, only these are set."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LARS_", "SANDBOX_"))
    }
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=cwd,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_version_is_printed(tmp_path: Path) -> None:
    process = run("--version", cwd=tmp_path)

    assert (process.returncode, process.stdout) == (0, f"larst {__version__}\n")


def test_a_wrong_setting_is_one_line_each_and_exit_code_2(tmp_path: Path) -> None:
    """No traceback: the line alone is enough to fix the setting."""
    process = run("serve", "--port", "http", cwd=tmp_path, LARS_SCHEMA_MODE="strict")

    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr.splitlines() == [
        "LARS_PORT='http': an integer from 0 to 65535 is allowed",
        "LARS_SCHEMA_MODE='strict': learn, warn or enforce is allowed",
    ]


def test_an_address_in_use_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        process = run("serve", "--port", port, "--data-root", str(tmp_path / "data"), cwd=tmp_path)

    assert process.returncode == 1
    assert process.stdout == ""
    (line,) = [text for text in process.stderr.splitlines() if not text.startswith("{")]
    assert line == f"127.0.0.1:{port} is in use by another program; choose another port with --port"


def test_a_wrong_otel_variable_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    root = str(tmp_path / "data")
    process = run("serve", "--data-root", root, cwd=tmp_path, OTEL_TRACES_EXPORTER="often")

    assert process.returncode == 2
    assert process.stderr == "OTEL_TRACES_EXPORTER=often: otlp, console, none are allowed\n"


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_import_no_slow_module(tmp_path: Path, argument: str) -> None:
    """`larst --version` must not take a second."""
    code = (
        "import contextlib, io, sys; from larst.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main([{argument!r}])\n"
        f"print([name for name in {SLOW_MODULES} if name in sys.modules])"
    )

    process = run(cwd=tmp_path, program=("-c", code))

    assert process.stdout == "[]\n", process.stderr


def test_every_command_declares_its_own_arguments() -> None:
    """A new command is a module with these two functions, and a name in larst.cli."""
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()

    for command in cli._COMMANDS:
        command.add_arguments(subparsers)

    assert set(subparsers.choices) == {
        *("serve", "plans", "sessions", "export", "import", "token", "check", "repair", "eval"),
        *("reset", "snapshot", "completion", "doctor", "eject", "tail", "fake", "mcp"),
        *("resources", "faults", "imagine"),
    }
    assert all(callable(command.run) for command in cli._COMMANDS)


def test_without_a_command_the_help_is_printed_and_the_exit_code_is_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    assert "serve" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["dance"], ["serve", "--colour", "red"]])
def test_an_unknown_argument_exits_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)

    assert exit_info.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_help_lists_the_flags(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["serve", "--help"])

    assert exit_info.value.code == 0
    text = capsys.readouterr().out
    assert all(flag in text for flag in ("--host", "--port", "--data-root", "--log-level"))
    assert "--dialect NAME" in text
    assert "db.json" in text


def test_an_unknown_dialect_exits_2_with_the_name_of_the_setting(tmp_path: Path) -> None:
    process = run("serve", "--dialect", "klingon", cwd=tmp_path)

    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr.startswith("LARS_DIALECT='klingon': ")
