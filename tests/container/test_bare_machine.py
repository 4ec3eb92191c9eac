"""`./run` in a Debian that has Python and nothing else, where pip refuses to install."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.container.conftest import StartContainer
from tests.container.podman import Podman, wait_for_http
from tests.image import ROOT

pytestmark = pytest.mark.container

BASE = os.environ.get("LARST_TEST_BARE_IMAGE", "docker.io/library/debian:bookworm-slim")

DOCKERFILE = f"""
FROM {BASE}
RUN command -v python3 > /dev/null || {{ apt-get update && \\
    apt-get install --yes --no-install-recommends python3 python3-venv ca-certificates; }}
RUN useradd --create-home newcomer
COPY --chown=newcomer . /home/newcomer/larst
RUN chown newcomer /home/newcomer/larst
USER newcomer
ENV HOME=/home/newcomer
WORKDIR /home/newcomer/larst
CMD []
ENTRYPOINT []
"""

INSTALL_S = 900.0

_IGNORED = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info", ".dockerignore"
)


@pytest.fixture(scope="module")
def machine(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image of a bare machine with a checkout."""
    checkout = tmp_path_factory.mktemp("bare") / "larst"
    shutil.copytree(ROOT, checkout, ignore=_IGNORED, symlinks=True)
    tag = f"localhost/larst-bare:{uuid4().hex[:12]}"
    podman.build(tag, context=checkout, dockerfile=DOCKERFILE)
    yield tag
    podman.attempt("rmi", "--force", tag)


def test_the_service_starts_and_starts_again(
    machine: str, podman: Podman, start_container: StartContainer
) -> None:
    """The first of the two commands of the README, typed twice."""
    container = start_container(machine, "./run", "serve")
    wait_for_http(f"{container.url}/readyz", timeout_s=INSTALL_S)
    assert "this takes about a minute" in container.logs()

    podman("stop", "--time", "30", container.name)
    assert container.inspect("{{.State.ExitCode}}") == "0"

    podman("start", container.name)
    wait_for_http(f"{container.url}/readyz", timeout_s=30)
    assert container.logs().count("this takes about a minute") == 1


def test_the_tests_run(machine: str, podman: Podman) -> None:
    """The second command, on a part of the tests: all of them take minutes."""
    command = ("./run", "test", "tests/actors", "tests/policy")
    process = podman.run(machine, *command, timeout_s=INSTALL_S)

    assert process.returncode == 0, process.stdout + process.stderr
    assert " passed" in process.stdout.splitlines()[-1]


def test_pip_alone_is_refused_there(machine: str, podman: Podman) -> None:
    """The reason for ./run: without this refusal these tests would prove less."""
    process = podman.run(machine, "python3", "-m", "pip", "install", ".")

    assert process.returncode != 0
    assert "externally-managed-environment" in process.stderr or "No module" in process.stderr


def test_without_the_venv_module_the_package_to_install_is_named(
    machine: str, podman: Podman
) -> None:
    """Debian installs python3 without it."""
    command = ("sh", "-c", "rm -r /usr/lib/python3*/ensurepip && ./run serve")
    process = podman.run(machine, *command, options=("--user", "root"))

    assert process.returncode == 1
    assert "apt install python3-venv" in process.stderr
