"""The project's own English: plain technical prose, and names that say what they hold.

Prose is every comment, string, test name, page and template. The lists are those of the style
guide: a phrase is here because it made a reader stop.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

BANNED = re.compile(
    r"(?i:\b(?:told|tells|telling|whoever|whomever|nobody|anew|mend(?:s|ed|ing)?|besides|ever after"
    r"|for nothing|at hand|lest|those who|lets? (?:it |them )?go|letting go|wherefore|thereof"
    r"|(?:is|are|was|were) no (?!longer\b|more than\b|less than\b|fewer than\b|other\b)[a-z]"
    r"|there (?:is|are) no (?:\w+ ){1,4}but|in capitals|turns? (?:\w+ )?round))"
    r"|\b(?:is|are|was|were) none\b"
)
HEADLESS = re.compile(r"\bwhat (?:is|was|are|were|has been|had been)\b(?![^.:;]*\?)", re.IGNORECASE)
"""`what is …` as a noun, `show what was stored`; a question is fine."""

FILLERS = frozenset(
    "found told made given read kept one said seen wanted shown taken asked known left got sent"
    " held done thing things stuff others another both rest noted named left_over".split()
)
MAX_FILLERS_PERCENT = 0.5
"""In code that we look up to (pykka, gidgethub, starlette, httpx, svcs), at most 0.1."""

PROSE_SUFFIXES = {".md", ".html", ".js", ".css", ".toml", ".yaml", ".yml", ".sh", ".txt", ".svg"}
EXEMPT = {
    "tests/test_language.py",  # has the lists
    "constraints.txt",
    "LICENSE",
    "tests/injections.py",  # texts of attackers
    "larst/evaluation/suite.json",
}


def committed_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = [ROOT / name for name in listing.stdout.splitlines() if name not in EXEMPT]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Return the prose of a file, as (line, text)."""
    if path.suffix == ".py":
        yield from _prose_of_python(path.read_text())
    elif path.suffix in PROSE_SUFFIXES:
        yield from enumerate(path.read_text().splitlines(), 1)


def _prose_of_python(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line
        elif token.type == tokenize.NAME and token.string.startswith("test_"):
            yield token.start[0], token.string.replace("_", " ")


def bindings_of(tree: ast.Module) -> Iterator[str]:
    """Return every name that the code binds: variables, parameters, loop and `with` targets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def problems_of(path: Path) -> list[str]:
    name = path.relative_to(ROOT)
    return [
        f"{name}:{line}: {match[0]!r} in {text.strip()[:100]}"
        for line, text in prose_of(path)
        for pattern in (BANNED, HEADLESS)
        if (match := pattern.search(text)) is not None
    ]


def test_prose_has_no_banned_phrase() -> None:
    problems = [problem for path in committed_files() for problem in problems_of(path)]

    assert not problems, "\n".join(problems)


def test_bindings_are_nouns() -> None:
    """A name such as `found` makes the reader look up what was searched for."""
    counts: Counter[str] = Counter()
    for path in committed_files():
        if path.suffix == ".py":
            counts.update(bindings_of(ast.parse(path.read_text())))
    fillers = {name: count for name, count in counts.items() if name.lstrip("_") in FILLERS}

    percent = 100 * sum(fillers.values()) / counts.total()
    assert percent <= MAX_FILLERS_PERCENT, f"{percent:.2f} %: {fillers}"
