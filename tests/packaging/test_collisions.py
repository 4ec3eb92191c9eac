"""A user's own files may be named like LARST's packages: neither gets in the other's way."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

FOREIGN = 'raise RuntimeError("a module of the user was imported")\n'

PLANNER = """
import json

PROGRAM = 'REPLY = make_response(200, {"planned": "by the user"})'


def plan(prompt: str) -> str:
    code = {"language": "python", "block": PROGRAM}
    return json.dumps({"action": "custom", "resource": "orders", "code": code})
"""

COMMANDS = {
    "module": [sys.executable, "-m", "larst"],
    "script": [str(Path(sys.executable).parent / "larst")],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with files of these names."""
    for name in ("actors.py", "otel.py", "prompts.py"):
        (tmp_path / name).write_text(FOREIGN)
    return tmp_path


@contextmanager
def served(command: list[str], folder: Path, **settings: str) -> Iterator[str]:
    """Serve in that folder; yields the address."""
    process = subprocess.Popen(
        [*command, "serve", "--port", "0", "--data-root", str(folder / "data")],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **settings},
    )
    assert process.stdout is not None
    printed = ""
    try:
        while not (address := re.search(r"http://[\d.]+:\d+", printed)):
            line = process.stdout.readline()
            assert line, f"the service did not start: {printed}"
            printed += line
        yield address[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
async def test_the_service_runs_beside_files_of_these_names(
    command: list[str], folder: Path
) -> None:
    with served(command, folder) as url:
        async with aiohttp.ClientSession(url) as http:
            created = await http.post("/orders", json={"item": "tea"})
            metrics = await http.get("/_larst/metrics")

            assert created.status == 201
            assert metrics.status in (200, 404)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
async def test_a_planner_may_live_in_a_file_of_such_a_name(
    command: list[str], folder: Path
) -> None:
    """`LLM_MOCK_HANDLER=prompts.plan` is the function of the user."""
    (folder / "prompts.py").write_text(PLANNER)

    with served(command, folder, LLM_MOCK_HANDLER="prompts.plan") as url:
        async with aiohttp.ClientSession(url) as http:
            reply = await http.post("/orders/1/cancel")

            assert reply.status == 200, await reply.text()
            assert await reply.json() == {"planned": "by the user"}
