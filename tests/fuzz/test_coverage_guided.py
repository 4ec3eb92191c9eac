"""Each reader, fuzzed by coverage for some seconds; `pip install atheris` first."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

READERS = ("target", "body", "program", "import", "recording", "document", "journal")
SECONDS = 20


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_has_no_bug_and_takes_no_time(reader: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz.coverage_guided", reader]
    options = ["--seconds", str(SECONDS), "--artifacts", str(tmp_path)]
    result = subprocess.run([*command, *options], capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr[-3000:]
    assert re.search(r"Done \d+ runs", result.stderr)
