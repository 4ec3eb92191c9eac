"""The tests of a shop pass against LARST, and against the project that `larst eject` makes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.eject.projects import eject, larst_with
from tests.eject.workflows import WORKFLOWS, Sent

SUITE = Path(__file__).with_name("shop_suite.py")
TESTS = 7


def passes(folder: Path, **variables: str) -> None:
    """Check that the suite passes in a process of its own."""
    quiet = ("-q", "-p", "no:cacheprovider", "-W", "ignore", "-n", "0", "-c", os.devnull)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *quiet, "--rootdir", str(folder), str(SUITE)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert f"{TESTS} passed" in run.stdout, run.stdout[-4000:] + run.stderr[-2000:]


@pytest.mark.slow
def test_the_suite_of_a_shop_outlives_the_prototype(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    project = tmp_path / "project"
    with larst_with(tmp_path, "shop", [*WORKFLOWS["shop"], *_MORE]) as service:
        eject(service, "shop", project)
        passes(tmp_path, SHOP_URL=service.url, SHOP_SESSION="shop")

    package = next(path.parent.name for path in project.glob("*/app.py"))
    database = str(tmp_path / "shop.db")
    passes(project, SHOP_PACKAGE=package, **{f"{package.upper()}_DATABASE": database})


_MORE: Sequence[Sent] = (
    ("POST", "/api/v1/orders", {"lines": []}),
    ("GET", "/api/v1/orders/2", None),
    ("DELETE", "/api/v1/orders/2", None),
)
"""Requests of the front end that the workflow of the shop lacks."""
