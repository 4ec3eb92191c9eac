"""Podman, as this machine wants it called; docs/contributing.md lists the variables."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest

BUILD_S = 1200
STEP_S = 0.2


def words(variable: str, default: str = "") -> list[str]:
    """Return a variable of the environment, split as a shell splits it."""
    return shlex.split(os.environ.get(variable, default))


@dataclass(frozen=True, slots=True)
class Podman:
    """Runs podman and returns what it prints."""

    command: tuple[str, ...]
    build_options: tuple[str, ...]
    run_options: tuple[str, ...]

    def __call__(self, *arguments: str, timeout_s: float = 120) -> str:
        process = self.attempt(*arguments, timeout_s=timeout_s)
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout.strip()

    def attempt(
        self, *arguments: str, timeout_s: float = 120, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail; `text` is its input."""
        return subprocess.run(
            [*self.command, *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def run(
        self, image: str, *command: str, options: tuple[str, ...] = (), timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a new container, which may fail."""
        arguments = ("--rm", *self.run_options, *options, image, *command)
        return self.attempt("run", *arguments, timeout_s=timeout_s)

    def build(self, tag: str, *, context: Path, dockerfile: str) -> None:
        """Build an image and keep no stage of it; the other format has no health checks."""
        options = (
            "--format",
            "docker",
            "--layers=false",
            "--tag",
            tag,
            "--file",
            "-",
            *self.build_options,
        )
        process = self.attempt("build", *options, str(context), timeout_s=BUILD_S, text=dockerfile)
        assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]

    def image_bytes(self, image: str) -> int:
        """Return the size of an image with its base."""
        return int(self("image", "inspect", "--format", "{{.Size}}", image))


def podman_of_environment() -> Podman:
    """Return podman with the options of the environment; skip the test if podman is missing."""
    command = words("LARST_TEST_PODMAN", "podman")
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return Podman(
        tuple(command),
        tuple(words("LARST_TEST_PODMAN_BUILD_ARGS")),
        tuple(words("LARST_TEST_PODMAN_RUN_ARGS")),
    )


def wait_for_http(url: str, *, timeout_s: float) -> None:
    """Wait until the address answers with 200."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310 - http, of this test
                if reply.status == HTTPStatus.OK:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        assert time.monotonic() < deadline_s, f"{url} did not answer within {timeout_s} s"
        time.sleep(STEP_S)
