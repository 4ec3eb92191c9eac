"""The jail of the sandbox workers: what Linux can take away from a process, it takes away here.

A worker runs what a model wrote. The interpreter in it gives programs neither files nor network;
the jail holds where the interpreter has a hole. Each worker starts through a launcher script,
which restricts its own process and then becomes the worker.

The parts of the jail:

- Landlock: no file but the worker's binary and libraries, read only (`landlock.py`);
- seccomp: only the system calls that an interpreter needs (`filters.py`);
- limits of memory, files and descriptors (`limits.py`); no core dumps;
- an empty environment, no descriptor but the two pipes of the pool, a session of its own, no new
  privileges, and death with the service (`launcher.py`).

A worker without one of these parts never starts: `open` tries first what the kernel allows here,
orders that, and names the missing parts.
"""

from __future__ import annotations

import fcntl
import os
import platform
import secrets
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larst.sandbox.jail import bpf, filters, landlock
from larst.sandbox.jail.libraries import files_of
from larst.sandbox.jail.limits import limits
from larst.sandbox.jail.syscalls import this_architecture

_PROBE_S = 20
_MEMFD_FLAGS = 0x1 | 0x2  # MFD_CLOEXEC, MFD_ALLOW_SEALING
_MFD_EXEC = 0x10
_ALL_SEALS = 0x1 | 0x2 | 0x4 | 0x8  # against sealing, shrinking, growing and writing
_MAX_SHEBANG = 120
"""Kernels before 5.1 cut the first line of a script behind this many bytes."""

_PAGE = 4096
_PATH_PAGES = (1 << 24, 1 << 26)
"""Where the launcher puts the worker's path: within the smallest address space of arm64, and far
from where the kernel puts anything of its own accord."""

_PARTS = {"landlock": "Landlock", "seccomp": "seccomp"}
"""The parts that a system may lack: keys of the orders, and their names."""


@dataclass(frozen=True, slots=True)
class JailState:
    """The parts in force; `missing` has the others with their reasons."""

    missing: tuple[str, ...] = ()
    has_launcher: bool = True

    @property
    def is_full(self) -> bool:
        """Return whether every part is in force."""
        return self.has_launcher and not self.missing

    def __str__(self) -> str:
        """Return `full`, `partial: no …` or `none: …`."""
        reasons = ", ".join(self.missing)
        if not self.has_launcher:
            return f"none: {reasons}"
        return f"partial: no {reasons}" if self.missing else "full"


class Jail:
    """The launcher of one binary's workers; `close` it when no worker starts any more."""

    def __init__(self, state: JailState, script: int | None = None) -> None:
        self.state = state
        self._script = script

    @classmethod
    def open(cls, binary: Path, *, memory_mb: int) -> Jail:
        """Return the most complete jail that this system allows; blocks for about 0.1 s."""
        if sys.platform != "linux":
            return cls.none(f"{sys.platform} has neither Landlock nor seccomp")
        try:
            orders = orders_for(binary, memory_mb=memory_mb)
            missing = _missing_parts(orders)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return cls.none(f"the launcher does not run here ({error})")
        orders |= dict.fromkeys(missing)
        reasons = tuple(f"{_PARTS[part]} ({reason})" for part, reason in missing.items())
        return cls(JailState(reasons), _script(launcher_source(orders)))

    @classmethod
    def none(cls, reason: str) -> Jail:
        """Return a jail that is not there, for this reason."""
        return cls(JailState((reason,), has_launcher=False))

    @property
    def launcher(self) -> str | None:
        """The path of the program that starts a worker; None: the binary itself."""
        return None if self._script is None else _path(self._script)

    def __str__(self) -> str:
        """Return which parts are in force."""
        return str(self.state)

    def close(self) -> None:
        """Remove the launcher; running workers stay."""
        if self._script is not None:
            os.close(self._script)
            self._script = None


def orders_for(binary: Path, *, memory_mb: int) -> dict[str, Any]:
    """Return what the launcher has to do; a part that this system lacks is None.

    Raises:
        OSError, ValueError, subprocess.SubprocessError: see `files_of`.
    """
    needed = files_of(binary)
    architecture = this_architecture()
    address = _random_address()
    return {
        "parent": os.getpid(),
        "binary": str(binary),
        "limits": limits(memory_mb),
        "landlock": landlock.ruleset(
            landlock.supported_abi(), needed.executables, needed.libraries
        ),
        "seccomp": architecture
        and bpf.encode(filters.program(architecture, path_address=address)).hex(),
        "path_address": address,
    }


def launcher_source(orders: dict[str, Any], call: str = "main") -> str:
    """Return the launcher as a script that carries out the orders.

    Raises:
        OSError: the name of this Python cannot be the interpreter of a script.
    """
    source = Path(__file__).with_name("launcher.py").read_text(encoding="utf-8")
    return f"{_first_lines()}{source}\n{call}({orders!r})\n"


def _missing_parts(orders: dict[str, Any]) -> dict[str, str]:
    """Return the parts that cannot be in force here, with the reason."""
    missing = {}
    if orders["landlock"] is None:
        missing["landlock"] = "not in this kernel, or switched off"
    if orders["seccomp"] is None:
        missing["seccomp"] = f"no filter for {platform.machine()}"
    script = _script(launcher_source(orders))
    try:
        lines = subprocess.run(  # noqa: S603 - the launcher itself
            [_path(script), "probe"],
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_PROBE_S,
            check=True,
        ).stdout.splitlines()
    finally:
        os.close(script)
    return missing | dict(line.split(": ", 1) for line in lines)


def _script(source: str) -> int:
    """Return a sealed file in memory, which not even this process can change.

    A file on a disk would need one that allows execution, and has to be removed.
    """
    try:
        script = os.memfd_create("larst-worker", _MEMFD_FLAGS | _MFD_EXEC)
    except OSError:  # kernels before 6.3 do not have the last flag, and do not need it
        script = os.memfd_create("larst-worker", _MEMFD_FLAGS)
    os.write(script, source.encode())
    fcntl.fcntl(script, fcntl.F_ADD_SEALS, _ALL_SEALS)
    return script


def _path(script: int) -> str:
    return f"/proc/{os.getpid()}/fd/{script}"


def _first_lines() -> str:
    """Return the lines that let this Python run the script: isolated, without site-packages."""
    python = os.path.realpath(sys.executable)
    line = f"#!{python} -ISB\n"
    if len(line) <= _MAX_SHEBANG and not any(map(str.isspace, python)):
        return line
    # As pip writes it for its scripts: a command of the shell; for Python a string, which continues
    # with the docstring.
    return f"#!/bin/sh\n'''exec' {shlex.quote(python)} -ISB \"$0\" \"$@\"\n' ''' \\\n"


def _random_address() -> int:
    page = secrets.randbelow(_PATH_PAGES[1] - _PATH_PAGES[0]) + _PATH_PAGES[0]
    return page * _PAGE + secrets.randbelow(_PAGE)
