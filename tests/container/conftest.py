"""Images that the tests build, and containers that they run; both are removed at the end."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.container.podman import Podman, podman_of_environment


@dataclass(frozen=True, slots=True)
class Container:
    """A running container that serves on `port` of this machine."""

    podman: Podman
    name: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def inspect(self, template: str) -> str:
        return self.podman("inspect", "--format", template, self.name)

    def logs(self) -> str:
        process = self.podman.attempt("logs", self.name)
        return process.stdout + process.stderr


StartContainer = Callable[..., Container]


@pytest.fixture(scope="session")
def podman() -> Podman:
    return podman_of_environment()


@pytest.fixture
def start_container(podman: Podman) -> Iterator[StartContainer]:
    """Starts containers from an image, with options of `podman run` and a command."""
    with contextlib.ExitStack() as stack:

        def start(image: str, *command: str, options: tuple[str, ...] = ()) -> Container:
            name, port = f"larst-test-{uuid4().hex[:12]}", _free_port()
            stack.callback(podman.attempt, "rm", "--force", "--time", "0", name)
            # Published, and the same inside: with --network=host the latter counts.
            published = ("--publish", f"127.0.0.1:{port}:{port}", "--env", f"LARS_PORT={port}")
            arguments = (*published, *podman.run_options, *options, image, *command)
            podman("run", "--detach", "--name", name, *arguments)
            return Container(podman, name, port)

        yield start


@pytest.fixture
def volume(podman: Podman) -> Iterator[str]:
    """A new, empty volume."""
    name = f"larst-test-{uuid4().hex[:12]}"
    podman("volume", "create", name)
    yield name
    podman.attempt("volume", "rm", "--force", name)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
