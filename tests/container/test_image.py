"""The image of the Dockerfile: built, run, stopped, and started again on its data."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import aiohttp
import pytest

from tests.container.conftest import Container, StartContainer
from tests.container.podman import STEP_S, Podman
from tests.image import ROOT, arguments_of

pytestmark = pytest.mark.container

MB = 1_000_000
MAX_ADDED_BYTES = 150 * MB
"""The image was 127 MB larger than its base in November 2026."""

GRACE_S = 30
"""As compose.yaml and docs/operations.md advise."""

START_S = 60

SESSION = {"X-Session-ID": "shop"}


@pytest.fixture(scope="module")
def image(podman: Podman) -> Iterator[str]:
    tag = f"localhost/larst-test:{uuid4().hex[:12]}"
    podman.build(tag, context=ROOT, dockerfile=(ROOT / "Dockerfile").read_text())
    yield tag
    podman.attempt("rmi", "--force", tag)


def wait_until_healthy(container: Container) -> None:
    """Run the health check of the image until it succeeds; no daemon does so for podman."""
    deadline_s = time.monotonic() + START_S
    while container.podman.attempt("healthcheck", "run", container.name).returncode != 0:
        assert time.monotonic() < deadline_s, container.logs()
        time.sleep(STEP_S)


def test_it_is_not_much_larger_than_its_base(podman: Podman, image: str) -> None:
    base = arguments_of("FROM")[-1]
    added_bytes = podman.image_bytes(image) - podman.image_bytes(base)

    assert added_bytes < MAX_ADDED_BYTES, f"{added_bytes / MB:.0f} MB over {base}"


async def test_data_outlives_a_stop_within_the_grace(
    image: str, volume: str, start_container: StartContainer
) -> None:
    """The whole life of a container, as its user, on a volume."""
    container = start_container(image, options=("--volume", f"{volume}:/data"))
    wait_until_healthy(container)
    async with aiohttp.ClientSession(container.url, headers=SESSION) as http:
        created = await http.post("/members", json={"name": "Alice"})
        assert (created.status, await created.json()) == (201, {"id": 1, "name": "Alice"})
    owner = container.podman("exec", container.name, "stat", "-c", "%u", "/data/shop")
    process_user = container.podman("exec", container.name, "stat", "-c", "%u:%g", "/proc/1")

    begin_s = time.monotonic()
    container.podman("stop", "--time", str(GRACE_S), container.name)
    stop_s = time.monotonic() - begin_s
    exit_code = container.inspect("{{.State.ExitCode}}")

    container.podman("start", container.name)
    wait_until_healthy(container)
    async with aiohttp.ClientSession(container.url, headers=SESSION) as http:
        reply = await http.get("/members/1")
        assert (reply.status, await reply.json()) == (200, {"id": 1, "name": "Alice"})
    assert process_user == arguments_of("USER")[0]
    assert owner == process_user.partition(":")[0]
    assert exit_code == "0", container.logs()
    assert stop_s < GRACE_S


def test_it_has_the_command_line_and_no_pip(podman: Podman, image: str) -> None:
    version = podman.run(image, "--version")
    pip = podman.run(image, "-c", "import pip", options=("--entrypoint", "/opt/larst/bin/python"))

    assert version.stdout.startswith("larst "), version.stderr
    assert "No module named 'pip'" in pip.stderr
