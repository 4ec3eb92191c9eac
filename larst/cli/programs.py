"""Programs of plans as text: write one from a file or an editor, compare two.

Must never run a program, and never leave a file behind.
"""

from __future__ import annotations

import difflib
import os
import shlex
import subprocess  # the user's own editor
import sys
import tempfile
from pathlib import Path

from larst.errors import ConfigError


def read_program(path: str) -> str:
    """Return the program in a file; `-` is stdin.

    Raises:
        ConfigError: the file cannot be read.
    """
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def edited(program: str, key: str) -> str:
    """Return the program as the user's editor left it (VISUAL, then EDITOR, then vi).

    Raises:
        ConfigError: the editor cannot be started, or reports an error.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="larst-") as folder:
        file = Path(folder) / f"{key[:10]}.py"
        file.write_text(f"{program}\n", "utf-8")
        try:
            code = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode  # noqa: S603 - as above
        except (OSError, ValueError) as error:
            raise ConfigError(f"the editor {editor!r} cannot be started: {error}") from error
        if code != 0:
            raise ConfigError(f"the editor {editor!r} ended with {code}; nothing was changed")
        return file.read_text("utf-8").strip("\n")


def difference(old: str, new: str, *, old_name: str, new_name: str) -> str:
    """Return two programs as a unified diff; empty if they are the same.

    >>> print(difference("a = 1", "a = 2", old_name="3fa2b8", new_name="77c1d0"), end="")
    --- 3fa2b8
    +++ 77c1d0
    @@ -1 +1 @@
    -a = 1
    +a = 2
    """
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), old_name, new_name, lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)
