"""The helper for JavaScript, which every service has: its own tests, in Node, against a service."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

from larst.testing.service import running

HERE = Path(__file__).parent
TIMEOUT_S = 60


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node 20 or newer on the PATH")
def test_the_helper_passes_its_tests_as_a_suite_runs_them(tmp_path: Path) -> None:
    """The file that the service serves is copied beside the tests, as people do it."""
    helper = tmp_path / "larst.mjs"
    with running(tmp_path, {}) as url:
        with urllib.request.urlopen(f"{url}/_larst/ui/larst.js") as reply:  # noqa: S310 - http
            helper.write_bytes(reply.read())
        run = subprocess.run(
            ["node", "--test", str(HERE / "larst.test.mjs")],
            env={**os.environ, "LARST_URL": url, "LARST_JS": str(helper)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "pass 6" in run.stdout
