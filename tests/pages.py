"""The documentation as its tests see it: the pages, their fenced blocks, the commands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

LANGUAGES = frozenset({"console", "sh", "python", "json", ""})
"""`console`: commands and what they print. `sh`: commands alone. `python` and `json`: a file, where
the line before ends with its name and a colon, else a program and data. The rest are drawings."""

_FENCED = re.compile(
    r"(?:`(?P<file>[a-z_]+\.(?:py|json))`:\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_EXAMPLE = re.compile(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)\n(.*?)(?=^\$ |\Z)", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^((?:.*\\\n)*.*)$", re.MULTILINE)
_COMMENT = re.compile(r"\s+#\s.*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page; `file` is the name to keep it by, or None."""

    page: Path
    line: int
    language: str
    text: str
    file: str | None

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.line}"

    def examples(self) -> list[tuple[str, str]]:
        """Return the commands of a `console` block, each with what it prints."""
        found = _EXAMPLE.findall(self.text)
        return [(_joined(command), printed.strip("\n")) for command, printed in found]

    def commands(self) -> list[str]:
        """Return the commands of a `sh` block, without what is remarked on them."""
        found = (_COMMENT.sub("", _joined(line)) for line in _COMMAND.findall(self.text))
        return [line for line in found if line and not line.startswith("#")]


def name_of(page: Path) -> str:
    """Return where a page is, from the checkout's root."""
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in its order."""
    text = page.read_text()
    return [
        Block(
            page,
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            found["text"],
            found["file"],
        )
        for found in _FENCED.finditer(text)
    ]


def prose_of(page: Path) -> str:
    """Return the page without its fenced blocks."""
    return _FENCED.sub("", page.read_text())


def _joined(command: str) -> str:
    return command.replace("\\\n", " ").strip()
