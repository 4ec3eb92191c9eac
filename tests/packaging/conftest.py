"""An sdist and two wheels, built once with the backend in this environment: no index is asked."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Distributions:
    """The files that a release uploads, and the wheel that pip builds from the sdist."""

    sdist: Path
    wheel: Path
    wheel_from_sdist: Path


def build(target: str, source: Path, folder: Path) -> Path:
    """Build a target ("sdist" or "wheel") of the source tree and return the file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    built = subprocess.run(
        command, cwd=source, capture_output=True, text=True, timeout=120, check=False
    )
    assert built.returncode == 0, built.stderr
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    folder = tmp_path_factory.mktemp("distributions")
    sdist = build("sdist", ROOT, folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    return Distributions(
        sdist,
        build("wheel", ROOT, folder / "wheel"),
        build("wheel", source, folder / "wheel-from-sdist"),
    )
