"""The Dockerfile as its tests see it: instructions, and the command that installs the wheel."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]

_INSTALL = re.compile(r"\bpip (?:--python \S+ )?install (?P<arguments>[^&]+)")
_WHEEL = "/wheels/*.whl"


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments; comments are left out."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, arguments) for name, _, arguments in (line.partition(" ") for line in lines)]


def arguments_of(name: str) -> list[str]:
    """Return the arguments of each instruction of this name."""
    return [arguments for instruction, arguments in instructions() if instruction == name]


def install_arguments(*, wheel: Path) -> list[str]:
    """Return the arguments of the image's `pip install`, with this wheel in place of its own."""
    (command,) = [match for run in arguments_of("RUN") for match in _INSTALL.finditer(run)]
    words = shlex.split(command["arguments"])
    assert _WHEEL in words
    return [str(wheel) if word == _WHEEL else word for word in words]
