"""The examples run unchanged from any folder. tests/browser has those that need a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_the_pytest_example_passes(tmp_path: Path) -> None:
    """In another folder, without this project's settings: users copy the file."""
    example = shutil.copy(EXAMPLES / "test_with_a_session_each.py", tmp_path)
    command = [sys.executable, "-m", "pytest", "-W", "error", example]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "NO_PROXY": "*"}

    process = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )

    assert process.returncode == 0, process.stdout + process.stderr
    assert "3 passed" in process.stdout
