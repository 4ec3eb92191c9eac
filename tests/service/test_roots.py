"""The data root of a real process: its lock, and its loss."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp

from tests.service.api import ROOT, Api, Service


def _serve(root: Path) -> subprocess.CompletedProcess[str]:
    """Run `larst serve` as a process that must refuse to serve the root."""
    command = [sys.executable, "-m", "larst", "serve", "--port", "0", "--data-root", str(root)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=environment
    )


async def test_a_second_service_is_refused_and_a_lost_root_is_damage(
    own_service: Service, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """One process through it all: `rm .lock`, then `rm -rf` of the root, then SIGTERM."""
    api, root = Api(http, own_service.url, "shop"), own_service.data_root
    assert (await api.post("/members", {"name": "Ann"})).status == 201
    (root / ".lock").unlink()

    second = await asyncio.to_thread(_serve, root)
    assert second.returncode == 1
    assert f"is held by process {own_service.pid}" in second.stderr
    assert (await api.post("/members", {"name": "Bob"})).body["id"] == 2

    shutil.move(root, tmp_path / "elsewhere")
    lost = await api.post("/members", {"name": "Cid"})
    listed = await api.get("/_larst/sessions")
    assert (lost.status, lost.body["error"]) == (503, "session damaged")
    assert (listed.status, listed.body["items"][0]["state"]) == (200, "damaged")
    assert (await api.get("/readyz")).body["not_ready"] == ["data root"]

    assert await asyncio.to_thread(own_service.stop) == 0
    assert not root.exists()
    shutil.move(tmp_path / "elsewhere", root)
    await asyncio.to_thread(own_service.start)
    assert (await Api(http, own_service.url, "shop").get("/members")).body["page"]["total"] == 2


def test_a_root_of_a_newer_larst_stops_the_start(tmp_path: Path) -> None:
    """Exit code 1, and the line that says what to install."""
    root = tmp_path / "data"
    root.mkdir()
    (root / ".format").write_text('{"format":99,"larst":"9.0.0"}')

    refused = _serve(root)

    assert refused.returncode == 1
    assert "install LARST 9.0.0 or newer" in refused.stderr
    assert [path.name for path in root.iterdir()] == [".format"]
