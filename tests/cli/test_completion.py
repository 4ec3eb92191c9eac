"""Shells complete commands, flags, and the names that a running service knows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.api import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("completion")
    (directory / "db.json").write_text('{"posts":[{"id":1}]}')
    service = Service(directory / "data", directory / "log")
    service.arguments = (str(directory / "db.json"), "--session", "shop")
    with service:
        yield service


def completions(line: str, **variables: str) -> list[str]:
    """Return what bash would offer at the end of the line, as argcomplete's protocol has it."""
    environment = {
        **os.environ,
        **variables,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": os.devnull,
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    output = Path(os.environ.get("TMPDIR", "/tmp")) / f"completions-{os.getpid()}"  # noqa: S108
    environment["_ARGCOMPLETE_STDOUT_FILENAME"] = str(output)
    try:
        process = subprocess.run(
            [sys.executable, "-m", "larst"], env=environment, check=False, timeout=60
        )
        assert process.returncode == 0
        return [word.strip() for word in output.read_text().split("\v")]
    finally:
        output.unlink(missing_ok=True)


def test_commands_and_flags_are_completed() -> None:
    assert completions("larst se") == ["serve", "sessions"]
    assert completions("larst serve --po") == ["--port"]
    assert "save" in completions("larst snapshot ")


def test_sessions_and_snapshots_are_those_of_the_service(service: Service) -> None:
    port = service.url.rpartition(":")[2]

    assert completions("larst reset s", LARS_PORT=port) == ["shop"]
    assert completions("larst reset shop --to ", LARS_PORT=port) == ["start"]


def test_without_a_service_nothing_is_offered() -> None:
    assert completions("larst reset s", LARS_PORT="1") == [""]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_lines_for_a_shell_are_printed(shell: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "larst", "completion", shell],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "larst" in process.stdout
    assert "_ARGCOMPLETE" in process.stdout
