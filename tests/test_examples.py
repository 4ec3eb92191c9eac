"""The examples run as they stand, wherever somebody copies them to. Browsers: tests/browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_the_pytest_example_passes_by_itself(tmp_path: Path) -> None:
    """Away from this project's settings, as in the project of somebody who copied it."""
    copied = shutil.copy(EXAMPLES / "test_with_a_session_each.py", tmp_path)
    command = [sys.executable, "-m", "pytest", "-W", "error", copied]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "NO_PROXY": "*"}

    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed" in ended.stdout
