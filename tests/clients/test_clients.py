"""Client libraries of other servers, unchanged, against a real service.

Opt-in, since it installs packages with npm: `pytest -m clients`. It needs Node 20 or newer. Each
client has a script in `scripts`, which runs its checks in a session of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.service.api import Service

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
PACKAGE = HERE / "package.json"
SCRIPTS = HERE / "scripts"
CLIENTS = (
    "ra-data-json-server",
    "ra-data-simple-rest",
    "refine-simple-rest",
    "postgrest-js",
    "pocketbase",
    "devour-client",
    "axios",
    "odata-query",
    "supertest",
)
INSTALL = ("install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
TIMEOUT_S = 300


@pytest.fixture(scope="module")
def workplace() -> Path:
    """A directory outside of the checkout that has the packages, and a copy of the scripts.

    The packages stay for later runs; another package.json has another directory.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("the clients are JavaScript: install Node 20 or newer, with npm")
    digest = hashlib.sha256(PACKAGE.read_bytes()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"larst-clients-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if not (folder / "installed").exists():
        shutil.copy(PACKAGE, folder)
        subprocess.run([npm, *INSTALL], cwd=folder, check=True, timeout=TIMEOUT_S)
        (folder / "installed").touch()
    shutil.copytree(SCRIPTS, folder / "scripts", dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("clients")
    with Service(folder / "data", folder / "log") as running:
        yield running


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_works_unchanged(service: Service, workplace: Path, client: str) -> None:
    """People judge the service by the front ends that they already have."""
    run = subprocess.run(
        ["node", str(workplace / "scripts" / f"{client}.mjs")],
        env={**os.environ, "LARST_URL": service.url, "LARST_SESSION": client},
        capture_output=True,
        timeout=TIMEOUT_S,
    )

    assert run.stdout, run.stderr.decode()
    checks = orjson.loads(run.stdout.splitlines()[-1])
    problems = [f"{check['name']}: {check['error']}" for check in checks if check["error"]]
    assert not problems, "\n\n".join(problems)
    assert run.returncode == 0, run.stderr.decode()
    assert len(checks) >= 10
