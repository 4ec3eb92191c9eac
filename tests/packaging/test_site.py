"""The documentation builds as a site."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """A link or an anchor that leads nowhere is a warning, and `strict` makes it an error."""
    pytest.importorskip("mkdocs", reason="needs pip install -e '.[docs]'")

    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    assert (tmp_path / "operations" / "index.html").exists()
    assert 'href="../README.md"' not in (tmp_path / "index.html").read_text()
    # With `repo_url`, the theme's script asks api.github.com for figures of the repository.
    assert 'data-md-component="source"' not in (tmp_path / "index.html").read_text()
