"""A disk that is full, read-only or limited: 507, an unchanged session, and a recovery."""

from __future__ import annotations

import contextlib
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.service.api import Api, Service

BIG = "x" * 20_000


def _mount(*arguments: str) -> bool:
    mount = shutil.which("mount")
    if mount is None or not sys.platform.startswith("linux"):
        return False
    return subprocess.run([mount, *arguments], capture_output=True, check=False).returncode == 0


def _unmount(folder: str) -> None:
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not _mount("-t", "tmpfs", "-o", "size=2m", "larst-test", str(folder)):
        pytest.skip("mounting a file system needs root on Linux")
    yield folder
    _unmount(str(folder))


@pytest.fixture
def service(small_disk: Path, tmp_path: Path) -> Iterator[Service]:
    running = Service(small_disk / "data", tmp_path / "log")
    running.start()
    yield running
    running.stop()


async def _count(api: Api) -> int:
    reply = await api.get("/things?limit=1")
    assert reply.status == 200, reply.body
    total: int = reply.body["page"]["total"]
    return total


async def test_a_full_disk_refuses_and_loses_nothing(
    service: Service, small_disk: Path, http: aiohttp.ClientSession
) -> None:
    api = Api(http, service.url, "one")
    stored = 0
    while (reply := await api.post("/things", {"text": BIG})).status == 201:
        stored += 1
    refused = [reply, *[await api.post("/things", {"text": BIG}) for _ in range(3)]]
    ready = await api.get("/readyz")

    assert stored > 10
    assert {answer.status for answer in refused} == {507}
    assert "No space left" in reply.body["detail"]
    assert (ready.status, ready.body["not_ready"]) == (503, ["data root"])
    assert ready.body["data_root"] == {"problem": "No space left on device"}
    assert await _count(api) == stored

    service.stop()
    assert _mount("-o", "remount,size=8m", str(small_disk))
    service.start()
    api = Api(http, service.url, "one")
    assert await _count(api) == stored
    assert (await api.post("/things", {"text": BIG})).body["id"] == stored + 1


async def test_space_that_becomes_free_is_used_at_once(
    service: Service, small_disk: Path, http: aiohttp.ClientSession
) -> None:
    """A restart must not be necessary."""
    api = Api(http, service.url, "one")
    assert (await api.post("/things", {"text": BIG})).status == 201
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    assert (await api.post("/things", {"text": BIG})).status == 507
    assert (await api.get("/readyz")).status == 503

    filler.unlink()

    assert (await api.get("/readyz")).status == 200
    assert (await api.post("/things", {"text": BIG})).status == 201
    assert await _count(api) == 2


async def test_a_read_only_directory_can_still_be_read(
    service: Service, small_disk: Path, http: aiohttp.ClientSession
) -> None:
    api = Api(http, service.url, "one")
    assert (await api.post("/things", {"n": 1})).status == 201
    folder = str(small_disk / "data" / "one")
    assert _mount("--bind", folder, folder)
    assert _mount("-o", "remount,bind,ro", folder)

    refused = await api.post("/things", {"n": 2})
    elsewhere = await api.session("two").post("/things", {"n": 1})
    existing = await api.get("/things/1")
    _unmount(folder)

    assert (refused.status, refused.body["error"]) == (507, "disk refused the write")
    assert "Read-only" in refused.body["detail"]
    assert elsewhere.status == 201
    assert existing.body == {"id": 1, "n": 1}
    assert (await api.post("/things", {"n": 2})).body == {"id": 2, "n": 2}


async def test_a_limit_of_the_file_size_is_a_full_disk_for_one_session(
    start_service: Callable[..., Service], http: aiohttp.ClientSession
) -> None:
    """Other sessions continue; without the limit, this one does too."""
    service = start_service(LARS_LOG_LEVEL="error")
    large, small = Api(http, service.url, "large"), Api(http, service.url, "small")
    unlimited = resource.prlimit(service.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (200_000, unlimited[1]))

    stored = 0
    while (reply := await large.post("/things", {"text": BIG})).status == 201:
        stored += 1
    assert reply.status == 507
    assert (await small.post("/things", {"text": "small"})).status == 201
    assert await _count(large) == stored

    resource.prlimit(service.pid, resource.RLIMIT_FSIZE, unlimited)
    assert (await large.post("/things", {"text": BIG})).status == 201
    service.stop()
    service.start()
    assert await _count(Api(http, service.url, "large")) == stored + 1
