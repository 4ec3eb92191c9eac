"""Installation of the peers in a cache directory, with npm and pip as the machine has them.

Never installs into the environment that runs the benchmark.
"""

from __future__ import annotations

import shutil
import subprocess
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.pins import PINS, Pin

_TIMEOUT_S = 600
_DONE = "installed.txt"
"""Written last: a directory without it holds an interrupted installation."""


class NotInstalledError(Exception):
    """A peer cannot be installed here; the message says why."""


@dataclass(frozen=True, slots=True)
class Cache:
    """The directory of the installed peers."""

    folder: Path

    def node_package(self, pin: Pin) -> Path:
        """Return the folder of an npm package, installed if it was not.

        Raises:
            NotInstalledError: Node.js is missing, or npm failed.
        """
        if not (shutil.which("node") and shutil.which("npm")):
            raise NotInstalledError("node and npm are not installed")
        folder = self.folder / f"{pin.package}-{pin.version}"
        if _is_stale(folder, [pin]):
            (folder / "package.json").write_text("{}")
            options = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
            _run(["npm", "install", *options, str(pin)], folder)
            _mark(folder, [pin])
        return folder / "node_modules" / pin.package

    def python_programs(self) -> Path:
        """Return the folder of the programs of a virtual environment with the Python peers.

        Raises:
            NotInstalledError: pip failed.
        """
        folder = self.folder / "venv"
        pins = [pin for pin in PINS if pin.registry == "PyPI"]
        if _is_stale(folder, pins):
            _create_environment(folder)
            pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet")
            _run([*pip, "--disable-pip-version-check", *map(str, pins)], folder)
            _mark(folder, pins)
        return folder / "bin"


def _is_stale(folder: Path, pins: Sequence[Pin]) -> bool:
    """Return whether the folder has other packages than these; then it is left empty."""
    done = folder / _DONE
    if done.exists() and done.read_text() == _listing(pins):
        return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return True


def _mark(folder: Path, pins: Sequence[Pin]) -> None:
    (folder / _DONE).write_text(_listing(pins))


def _listing(pins: Sequence[Pin]) -> str:
    return "".join(f"{pin}\n" for pin in pins)


def _create_environment(folder: Path) -> None:
    try:
        venv.create(folder, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotInstalledError(f"no virtual environment: {error}") from error


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        process = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalledError(f"{command[0]}: {error}") from error
    if process.returncode:
        lines = process.stderr.strip().splitlines() or ["no message"]
        raise NotInstalledError(f"installation failed: {lines[-1]}")
