"""The documentation as data for its tests: pages, fenced blocks and commands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

LANGUAGES = frozenset({"console", "sh", "python", "json", ""})
"""`console`: commands with their output. `sh`: commands only. `python` and `json`: a file if the
line before ends with its name and a colon, otherwise a program or data. No language: a drawing."""

_FENCED = re.compile(
    r"(?:`(?P<file>[a-z_]+\.(?:py|json))`:\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_EXAMPLE = re.compile(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)\n(.*?)(?=^\$ |\Z)", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^((?:.*\\\n)*.*)$", re.MULTILINE)
_COMMENT = re.compile(r"\s+#\s.*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page; `file` is the file name that the page gives it, if any."""

    page: Path
    line: int
    language: str
    text: str
    file: str | None

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.line}"

    def examples(self) -> list[tuple[str, str]]:
        """Return the commands of a `console` block, each with its output."""
        examples = _EXAMPLE.findall(self.text)
        return [(_joined(command), output.strip("\n")) for command, output in examples]

    def commands(self) -> list[str]:
        """Return the commands of a `sh` block, without comments."""
        lines = (_COMMENT.sub("", _joined(line)) for line in _COMMAND.findall(self.text))
        return [line for line in lines if line and not line.startswith("#")]


def name_of(page: Path) -> str:
    """Return the path of a page, relative to the checkout."""
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text()
    return [
        Block(
            page,
            text.count("\n", 0, match.start("language")) + 1,
            match["language"],
            match["text"],
            match["file"],
        )
        for match in _FENCED.finditer(text)
    ]


def prose_of(page: Path) -> str:
    """Return the page without its fenced blocks."""
    return _FENCED.sub("", page.read_text())


def _joined(command: str) -> str:
    return command.replace("\\\n", " ").strip()
