"""A reader who types a page's commands in, one after another, against a service of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import aiohttp
import pytest

from larst import cli
from larst.config import load_settings
from tests.service.api import Answer, Api, Service

ADDRESS = "localhost:8000"
"""Where every page has the service; the reader's own is at some free port."""

KEY = "3fa2b8"
"""Stands in every page for the key of the plan made last, by how it begins."""

_ASSIGNED = re.compile(r"([A-Z_]+)=(\S*)\s+")
_SPACES = re.compile(r" {2,}")  # a table's columns are as wide as what is in them
_BY_SHELL = frozenset({"larst", "cat", "cp", "for"})
_WITHOUT_SERVICE = frozenset({"check", "repair"})
_TOOLS = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Typed:
    """What a command printed, and whether it did what it was typed for."""

    printed: str
    is_ok: bool


@dataclass(slots=True)
class _Curl:
    """What curl would send; an option that is not here is one that no page may use yet."""

    target: str = ""
    method: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    shows_head: bool = False
    output: str | None = None

    @classmethod
    def of(cls, words: list[str], folder: Path) -> _Curl:
        curl, rest = cls(), list(words)
        while rest:
            curl._take(rest.pop(0), rest, folder)
        return curl

    def _take(self, word: str, rest: list[str], folder: Path) -> None:
        match word:
            case "-i":
                self.shows_head = True
            case "-I":
                self.shows_head, self.method = True, "HEAD"
            case "-X":
                self.method = rest.pop(0)
            case "-o":
                self.output = rest.pop(0)
            case "-H":
                name, _, value = rest.pop(0).partition(": ")
                self.headers[name] = value
            case "-d" | "--data-binary":
                body = rest.pop(0)
                is_file = body.startswith("@")
                self.body = (folder / body[1:]).read_bytes() if is_file else body.encode()
                self.headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            case url if url.startswith(ADDRESS):
                self.target = url.removeprefix(ADDRESS) or "/"
            case _:
                pytest.fail(f"the reader's curl does not know {word!r}")


class Reader:
    """Keeps files in `folder`, and has one service at a time there, started when it is needed."""

    def __init__(self, folder: Path, http: aiohttp.ClientSession) -> None:
        self.folder = folder
        self._http = http
        self._settings: dict[str, str] = {}
        self._service: Service | None = None

    async def type(self, command: str) -> Typed:
        """Return what came of a command."""
        variables, line = _variables(command)
        words = shlex.split(line)
        if words[:2] == ["larst", "serve"]:
            return self._serve(variables, words[1:])
        if KEY in line:
            line = line.replace(KEY, await self.key())
        if words[0] == "curl":
            return await self._curl(shlex.split(line)[1:])
        if words[0] not in _BY_SHELL:
            pytest.fail(f"the reader does not know what to do with {command!r}")
        if words[0] == "larst":
            cli.build_parser().parse_args(_arguments(words))
        if words[1:2] and words[1] in _WITHOUT_SERVICE:
            self.stop()
        return self._shell(line, variables)

    async def key(self) -> str:
        """Return how the key of the plan made last begins; KEY where there is none."""
        token = self._settings.get("LARS_AUTH_TOKEN", "")
        api = Api(self._http, self.service().url, None)
        answer = await api.get("/_larst/plans", headers={"Authorization": f"Bearer {token}"})
        plans = sorted(answer.body["items"], key=lambda plan: str(plan["made_at"]))
        return str(plans[-1]["key"])[: len(KEY)] if plans else KEY

    def service(self) -> Service:
        """Return the page's service, running."""
        if self._service is None:
            self._service = Service(self.folder / "data", self.folder / "log", **self._settings)
            self._service.cwd = self.folder
            self._service.start()
        return self._service

    def stop(self) -> None:
        """Stop the service, if it runs: the next command that needs it starts it again."""
        service, self._service = self._service, None
        if service is not None:
            assert service.stop() == 0, service.log_path.read_text()

    def _serve(self, variables: dict[str, str], words: list[str]) -> Typed:
        """Have the service be started so, once it is needed."""
        cli.build_parser().parse_args(words)
        load_settings(variables)
        self.stop()
        self._settings = variables
        return Typed("", is_ok=True)

    async def _curl(self, words: list[str]) -> Typed:
        curl = _Curl.of(words, self.folder)
        method = curl.method or ("GET" if curl.body is None else "POST")
        api = Api(self._http, self.service().url, None)
        answer = await api.send(method, curl.target, raw=curl.body, headers=curl.headers)
        printed = answer.raw.decode()
        if curl.output is not None:
            (self.folder / curl.output).write_bytes(answer.raw)
            printed = ""
        if curl.shows_head:
            printed = f"{_head(answer)}\n\n{printed}"
        return Typed(self._as_written(printed), is_ok=answer.status < 400)

    def _shell(self, line: str, variables: dict[str, str]) -> Typed:
        url = self._service.url if self._service is not None else ""
        if self._needs_service(line):
            url = self.service().url
        run = subprocess.run(
            ["bash", "-c", line.replace(f"http://{ADDRESS}", url)],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{_TOOLS}:{os.environ['PATH']}",
                "COLUMNS": "100",
                "SANDBOX_DATA_ROOT": str(self.folder / "data"),
                "LARS_PORT": url.rpartition(":")[2],
                **variables,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        printed = "\n".join(one.rstrip() for one in (run.stdout + run.stderr).splitlines())
        return Typed(self._as_written(printed), is_ok=run.returncode == 0)

    def _needs_service(self, line: str) -> bool:
        commands = set(re.findall(r"\blarst ([a-z]+)", line))
        return bool(commands - _WITHOUT_SERVICE - {"eval"})

    def _as_written(self, printed: str) -> str:
        """Return the text as a page has it, which knows nothing of this run's folder and port."""
        if self._service is not None:
            printed = printed.replace(self._service.url, f"http://{ADDRESS}")
        return printed.replace(str(self.folder), "").strip("\n")


def agrees(printed: str, written: str) -> bool:
    """Tell whether a page has what was printed.

    `…` stands for any characters of a line. Of a reply's head a page has the status line, and of
    the headers those that matter.
    """
    if not written.startswith("HTTP/"):
        return _matches(written, printed)
    head, _, body = printed.partition("\n\n")
    written_head, _, written_body = written.partition("\n\n")
    lines = head.splitlines()
    wanted = map(_comparable, written_head.splitlines())
    has_all = all(any(_matches(one, _comparable(line)) for line in lines) for one in wanted)
    return has_all and _matches(written_body, body)


def _comparable(line: str) -> str:
    """Return a line of a head as heads compare: a status by its number, a name in any case."""
    if line.startswith("HTTP/"):
        return line[:12]  # the phrase of 413 and 422 is another one from Python 3.13 on
    name, separator, value = line.partition(": ")
    return f"{name.lower()}{separator}{value}"


def _matches(written: str, printed: str) -> bool:
    parts = _SPACES.sub("  ", written).replace(KEY, "…").split("…")
    pattern = "[^\n]*".join(map(re.escape, parts))
    return re.fullmatch(pattern, _SPACES.sub("  ", printed)) is not None


def _variables(command: str) -> tuple[dict[str, str], str]:
    """Return what is assigned before a command, and the command."""
    variables: dict[str, str] = {}
    while found := _ASSIGNED.match(command):
        variables[found[1]] = found[2].strip("'\"")
        command = command[found.end() :]
    return variables, command


def _arguments(words: list[str]) -> list[str]:
    """Return a command's own arguments: what the shell redirects and pipes is none of them."""
    ends = [words.index(word) for word in ("<", ">", "|", ";", "&&") if word in words]
    return words[1 : min(ends, default=len(words))]


def _head(answer: Answer) -> str:
    status = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"
    return "\n".join([status, *(f"{name}: {value}" for name, value in answer.headers.items())])
