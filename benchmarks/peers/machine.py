"""Facts about the machine and the versions, which a figure means nothing without."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import larst
from benchmarks.peers.pins import PINS
from benchmarks.peers.procfs import machine_cpu_s

_MODEL = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


def parse_model(cpuinfo: str) -> str:
    """Return the processor's name from /proc/cpuinfo."""
    match = _MODEL.search(cpuinfo)
    return match[1].strip() if match else "unknown"


def machine_facts() -> dict[str, Any]:
    """Return the facts of this machine, and its load before the run."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "cpu": parse_model(Path("/proc/cpuinfo").read_text()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "node": _node_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }


class OtherWork:
    """The CPU time that other work on the machine takes from the moment of its creation."""

    def __init__(self) -> None:
        self._start_s, self._before_s = time.monotonic(), self._foreign_cpu_s()

    def cores(self) -> float:
        """Return the cores that other work kept busy; a server that still runs counts as such."""
        elapsed_s = time.monotonic() - self._start_s
        return round(max(0.0, self._foreign_cpu_s() - self._before_s) / elapsed_s, 2)

    @staticmethod
    def _foreign_cpu_s() -> float:
        return machine_cpu_s() - sum(os.times()[:4])


def versions() -> dict[str, str]:
    """Return the versions of the servers and their parts."""
    peers = {f"{pin.package} {pin.version}": pin.version for pin in PINS}
    own = {name: version(name) for name in ("aiohttp", "uvloop")}
    return {"larst": larst.__version__, **own, **peers}


def _node_version() -> str:
    program = shutil.which("node")
    if program is None:
        return ""
    process = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return process.stdout.strip().removeprefix("v")
