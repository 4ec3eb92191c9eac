"""Every command of the README and of docs/, run against a new service for each page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import orjson
import pytest

from larst.policy import PolicyLimits, check
from tests.pages import LANGUAGES, PAGES, ROOT, Block, blocks_of, name_of
from tests.service.reader import Reader, agrees

_INSTALLS = "it installs into the environment of the tests"
_CREATES = "creates an environment in the checkout; tests/container runs it"
_NO_ENGINE = "needs a container engine; tests/test_repository.py checks the Dockerfile"

NOT_RUN: Mapping[str, str] = {
    "./run serve": _CREATES,
    "./run test": _CREATES,
    "pip install -e '.[dev]'": _INSTALLS,
    ".ci/run": "runs these tests and others",
    "ruff format . && ruff check . && mypy && lint-imports": "CI runs it before these tests",
    "open http://localhost:16686": "needs a browser and Jaeger",
    "docker build -t larst .": _NO_ENGINE,
    "docker run -p 127.0.0.1:8000:8000 -v larst-data:/data -e LARS_AUTH_TOKEN larst": _NO_ENGINE,
}
"""The commands that are not run, with the reason; all other commands are."""

ONLY_PARSED: Mapping[str, str] = {
    "docker": "needs a container engine: the real compose binary parses the command line",
    "pytest": "would run these tests inside themselves: only its paths are checked",
    "python": "benchmarks take minutes: argparse parses the command line",
}
"""The programs whose command lines are only parsed, with the reason."""

COMPOSE = str(Path(sys.executable).parent / "docker-compose")


SESSIONS: Mapping[str, str] = {"docs/durability.md": "SESSION"}
"""The session that the commands of a page assume."""

DB_JSON = b'{"posts":[{"id":1,"title":"x"}]}'
"""A file of json-server, which the commands of any page may read."""


async def test_the_readme_starts_with_the_two_commands() -> None:
    first = next(block for block in blocks_of(ROOT / "README.md") if block.language == "sh")
    assert first.commands() == ["./run serve", "./run test"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
async def test_every_command_of_a_page_prints_the_output_of_the_page(
    page: Path, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    """One wrong example stops a new user."""
    reader = Reader(tmp_path, http)
    (tmp_path / "db.json").write_bytes(DB_JSON)
    try:
        if session := SESSIONS.get(name_of(page)):
            assert (await reader.type(f"larst import - {session} < db.json")).is_ok
        for block in blocks_of(page):
            await _type(block, reader)
    finally:
        reader.stop()


async def _type(block: Block, reader: Reader) -> None:
    match block.language:
        case "console":
            await _type_examples(block, reader)
        case "sh":
            for command in block.commands():
                await _type_command(block, command, reader)
        case "python" | "json" if block.file is not None:
            (reader.folder / block.file).write_text(block.text)
        case "python":
            check(block.text, PolicyLimits())
        case "json":
            orjson.loads(block.text)
        case language:
            assert language in LANGUAGES, f"{block}: {language} is not a tested language"
            assert "\n$ " not in f"\n{block.text}", f"{block}: a command that is not run"


async def _type_examples(block: Block, reader: Reader) -> None:
    examples = block.examples()
    assert len(examples) == f"\n{block.text}".count("\n$ ") > 0, str(block)
    for command, written in examples:
        typed = await reader.type(command)
        assert agrees(typed.printed, written), (
            f"{block}: {command}\nprinted:\n{typed.printed}\nwritten:\n{written}"
        )


async def _type_command(block: Block, command: str, reader: Reader) -> None:
    if command in NOT_RUN:
        return
    if (program := command.split()[0]) in ONLY_PARSED:
        _parse(program, command)
        return
    typed = await reader.type(command)
    assert typed.is_ok, f"{block}: {command}\n{typed.printed}"


def _parse(program: str, command: str) -> None:
    words = command.split()
    match program:
        case "docker":
            assert words[1] == "compose", command
            _succeeds(COMPOSE, *words[2:], "--help")
        case "python":
            module = words[2] if words[1] == "-m" else words[1]
            assert module.startswith(("benchmarks/", "benchmarks.")), command
            _succeeds(sys.executable, *words[1:], "--help")
        case "pytest":
            for path in (word for word in words if "/" in word):
                assert (ROOT / path).exists(), command


def _succeeds(*command: str) -> None:
    parsed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert parsed.returncode == 0, f"{' '.join(command)}: {parsed.stderr}"


def test_the_commands_that_are_not_run_are_still_on_a_page() -> None:
    """An exception must not outlive its command."""
    blocks = [block for page in PAGES for block in blocks_of(page) if block.language == "sh"]
    commands = {command for block in blocks for command in block.commands()}

    assert set(NOT_RUN) <= commands
    assert set(ONLY_PARSED) <= {command.split()[0] for command in commands}


@pytest.mark.parametrize(
    ("printed", "written"),
    [
        ('{"id":1}', '{"id":2}'),
        ('{"id":1}', '{"id":1'),
        ("HTTP/1.1 200 OK\nETag: x\n\n{}", "HTTP/1.1 201 Created\n\n{}"),
        ("HTTP/1.1 200 OK\nETag: x\n\n{}", "HTTP/1.1 200 OK\nLocation: /a/1\n\n{}"),
        ("HTTP/1.1 200 OK\nETag: x\n\n{}", "HTTP/1.1 200 OK"),
        ("one\ntwo", "one"),
        ("one\ntwo", "…"),
    ],
)
def test_an_example_that_differs_is_detected(printed: str, written: str) -> None:
    assert not agrees(printed, written)


@pytest.mark.parametrize(
    ("printed", "written"),
    [
        ('{"id":1,"at":"2026"}', '{"id":1,"at":"…"}'),
        (
            "HTTP/1.1 422 Unprocessable Content\nEtag: x",
            "HTTP/1.1 422 Unprocessable Entity\nETag: x",
        ),
        ("HTTP/1.1 200 OK\nA: 1\nB: 2\n\n{}", "HTTP/1.1 200 OK\nB: …\n\n{}"),
        ("key        uses\n1234567890  2", "key  uses\n3fa2b8…     2"),
    ],
)
def test_differences_between_runs_are_accepted(printed: str, written: str) -> None:
    assert agrees(printed, written)
