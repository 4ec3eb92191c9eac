"""Every command of the README and of docs/, typed as it stands against a fresh service a page."""

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

_INSTALLS = "it would install into the environment of the tests"
_NO_ENGINE = "there need be no container engine; tests/test_repository.py reads the Dockerfile"

NOT_RUN: Mapping[str, str] = {
    "pip install -e . && larst serve": _INSTALLS,
    "pip install -e '.[test]' && pytest": _INSTALLS,
    "pip install -e '.[dev]'": _INSTALLS,
    ".ci/run": "it runs these tests, and more",
    "ruff format . && ruff check . && mypy && lint-imports": "what CI does before these tests",
    "open http://localhost:16686": "there is no browser, and no Jaeger",
    "docker build -t larst .": _NO_ENGINE,
    "docker run -p 127.0.0.1:8000:8000 -v larst-data:/data -e LARS_AUTH_TOKEN larst": _NO_ENGINE,
}
"""The commands that are not run, and why; a new one is run unless it is named here."""

ONLY_PARSED: Mapping[str, str] = {
    "docker": "there need be no container engine: the real compose binary reads the command line",
    "pytest": "it would run these tests within themselves: its paths and markers are looked up",
    "python": "benchmarks take minutes: argparse reads the command line",
}
"""The programs whose command lines are only parsed, and why."""

COMPOSE = str(Path(sys.executable).parent / "docker-compose")


SESSIONS: Mapping[str, str] = {"docs/durability.md": "SESSION"}
"""The session that a page's commands take for granted."""

DB_JSON = b'{"posts":[{"id":1,"title":"x"}]}'
"""A json-server's file, which the commands of any page may read."""


async def test_the_readme_opens_with_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()

    assert "pip install -e . && larst serve " in text
    assert "pip install -e '.[test]' && pytest " in text


@pytest.mark.parametrize("page", PAGES, ids=name_of)
async def test_every_command_of_a_page_does_what_it_says(
    page: Path, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    """One drifted example and a newcomer is lost."""
    reader = Reader(tmp_path, http)
    (tmp_path / "db.json").write_bytes(DB_JSON)
    try:
        if session := SESSIONS.get(name_of(page)):
            assert (await reader.type(f"larst import {session} < db.json")).is_ok
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
            assert language in LANGUAGES, f"{block}: {language} is not a language that is tested"
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
            assert words[1].startswith("benchmarks/"), command
            _succeeds(sys.executable, *words[1:], "--help")
        case "pytest":
            for path in (word for word in words if "/" in word):
                assert (ROOT / path).exists(), command


def _succeeds(*command: str) -> None:
    parsed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert parsed.returncode == 0, f"{' '.join(command)}: {parsed.stderr}"


def test_what_is_not_run_is_still_in_some_page() -> None:
    """The list of exceptions must not outlive what it excuses."""
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
def test_an_example_that_has_drifted_is_found(printed: str, written: str) -> None:
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
def test_what_differs_from_run_to_run_is_no_drift(printed: str, written: str) -> None:
    assert agrees(printed, written)
