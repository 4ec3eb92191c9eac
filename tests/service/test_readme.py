"""Every example of the README, typed as it stands against a fresh service."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import aiohttp
import pytest

from tests.service.api import Api, Service

README = Path(__file__).parents[2] / "README.md"


def _examples() -> list[tuple[str, str]]:
    """Return (command, what it prints) of each example, in the README's order."""
    blocks = re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL)
    return [
        (command, printed.strip())
        for block in blocks
        for command, printed in re.findall(r"^\$ (.*?)\n(.*?)(?=^\$ |\Z)", block, re.DOTALL | re.M)
    ]


def _parse(command: str) -> tuple[str, str, str | None, dict[str, str], bool]:
    """Return what curl would send: method, path, body, headers, and whether it shows headers."""
    words = shlex.split(command)
    method, body, shows_headers, target = "GET", None, False, ""
    headers: dict[str, str] = {}
    words.pop(0)
    while words:
        match words.pop(0):
            case "-i":
                shows_headers = True
            case "-X":
                method = words.pop(0)
            case "-d":
                body = words.pop(0)
                method = "POST" if method == "GET" else method
                headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case url:
                target = url.removeprefix("localhost:8000")
    return method, target, body, headers, shows_headers


@pytest.fixture
def readme_text() -> str:
    return README.read_text()


def test_the_readme_opens_with_the_two_commands(readme_text: str) -> None:
    assert "pip install -e . && larst serve " in readme_text
    assert "pip install -e '.[test]' && pytest " in readme_text


async def test_every_curl_of_the_readme_prints_what_it_says(
    own_service: Service, http: aiohttp.ClientSession
) -> None:
    """One drifted example and a newcomer is lost."""
    api = Api(http, own_service.url, None)
    examples = _examples()
    assert len(examples) >= 14

    for command, printed in examples:
        method, target, body, headers, shows_headers = _parse(command)
        reply = await api.send(method, target, raw=body.encode() if body else None, headers=headers)
        shown = printed
        if shows_headers:
            head, _, shown = printed.partition("\n\n")
            status_line, *header_lines = head.splitlines()
            assert status_line.split()[1] == str(reply.status), command
            for line in header_lines:
                name, _, value = line.partition(": ")
                assert reply.headers[name] == value, command
        assert reply.raw.decode() == shown.strip(), command
