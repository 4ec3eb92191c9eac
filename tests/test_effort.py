"""Generated cases in full, before a release: the default suite runs a quarter of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
IMPORT = "from tests.effort import examples"
FULL = "4"


def modules() -> list[Path]:
    """Return the test modules whose examples `tests/effort.py` counts."""
    return [
        path
        for path in sorted(ROOT.glob("tests/**/test_*.py"))
        if f"\n{IMPORT}\n" in path.read_text()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("module", modules(), ids=lambda path: path.stem)
def test_all_examples_pass(module: Path) -> None:
    """`pytest -m slow` before a release."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", str(module)],
        cwd=ROOT,
        env={**os.environ, "FUZZ_EFFORT": FULL},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-6000:]
