"""A reader that runs the commands of a page, one after another, against its own service."""

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
"""The address of the service in every page; that of the reader is on a free port."""

KEY = "3fa2b8"
"""In every page, the beginning of the key of the newest plan."""

_ASSIGNED = re.compile(r"([A-Z_]+)=(\S*)\s+")
_CONTENT = re.compile(r"\$\(<([\w.]+)\)")  # $(<file)
_SPACES = re.compile(r" {2,}")  # the columns of a table are as wide as their contents
_BY_SHELL = frozenset({"larst", "cat", "cp", "for", "pytest"})
_WITHOUT_SERVICE = frozenset({"check", "repair"})
_TOOLS = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Typed:
    """The output of a command, and whether the command succeeded."""

    printed: str
    is_ok: bool


@dataclass(slots=True)
class _Curl:
    """The request of a curl command; pages may use only the options listed here."""

    target: str = ""
    method: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    shows_head: bool = False
    output: str | None = None

    @classmethod
    def of(cls, words: list[str], folder: Path) -> _Curl:
        curl, remaining = cls(), list(words)
        while remaining:
            curl._parse(remaining.pop(0), remaining, folder)
        return curl

    def _parse(  # noqa: C901 - one case for each option
        self, word: str, remaining: list[str], folder: Path
    ) -> None:
        match word:
            case "-g":
                pass  # targets are sent unchanged
            case "-i" | "-I":
                self.shows_head = True
                self.method = "HEAD" if word == "-I" else self.method
            case "-X":
                self.method = remaining.pop(0)
            case "-o":
                self.output = remaining.pop(0)
            case "-H":
                name, _, value = remaining.pop(0).partition(": ")
                self.headers[name] = value
            case "-d" | "--data-binary":
                self._set_body(remaining.pop(0), folder)
            case "-F":
                self._add_part(remaining.pop(0), folder)
            case url if url.startswith(ADDRESS):
                self.target = url.removeprefix(ADDRESS) or "/"
            case _:
                pytest.fail(f"the curl of the reader does not support {word!r}")

    def _set_body(self, body: str, folder: Path) -> None:
        is_file = body.startswith("@")
        self.body = (folder / body[1:]).read_bytes() if is_file else body.encode()
        self.headers.setdefault("Content-Type", "application/x-www-form-urlencoded")

    def _add_part(self, part: str, folder: Path) -> None:
        """Add `name=value` or `name=@file` to a multipart form."""
        name, _, value = part.partition("=")
        head, content = f'Content-Disposition: form-data; name="{name}"', value.encode()
        if value.startswith("@"):
            head += f'; filename="{value[1:]}"\r\nContent-Type: text/plain'
            content = (folder / value[1:]).read_bytes()
        form = (self.body or b"--B--").removesuffix(b"--B--")
        self.body = form + f"--B\r\n{head}\r\n\r\n".encode() + content + b"\r\n--B--"
        self.headers["Content-Type"] = "multipart/form-data; boundary=B"


class Reader:
    """Works in `folder`, with one service at a time, which it starts when a command needs it."""

    def __init__(self, folder: Path, http: aiohttp.ClientSession) -> None:
        self.folder = folder
        self._http = http
        self._settings: dict[str, str] = {}
        self._service: Service | None = None

    async def type(self, command: str) -> Typed:
        """Run a command and return its output."""
        variables, line = _variables(_CONTENT.sub(self._content, command))
        words = shlex.split(line)
        if words[:2] == ["larst", "serve"]:
            return self._serve(variables, words[1:])
        if KEY in line:
            line = line.replace(KEY, await self.key())
        if words[0] == "curl":
            return await self._curl(shlex.split(line)[1:])
        if words[0] not in _BY_SHELL:
            pytest.fail(f"the reader cannot run {command!r}")
        if words[0] == "larst":
            cli.build_parser().parse_args(_arguments(words))
        if words[1:2] and words[1] in _WITHOUT_SERVICE:
            self.stop()
        return self._shell(line, variables)

    def _content(self, match: re.Match[str]) -> str:
        return (self.folder / match[1]).read_text().strip()

    async def key(self) -> str:
        """Return the beginning of the key of the newest plan; KEY if the book is empty."""
        token = self._settings.get("LARS_AUTH_TOKEN", "")
        api = Api(self._http, self.service().url, None)
        answer = await api.get("/_larst/plans", headers={"Authorization": f"Bearer {token}"})
        plans = sorted(answer.body["items"], key=lambda plan: str(plan["made_at"]))
        return str(plans[-1]["key"])[: len(KEY)] if plans else KEY

    def service(self) -> Service:
        """Return the service of the page; start it if it does not run."""
        if self._service is None:
            self._service = Service(self.folder / "data", self.folder / "log", **self._settings)
            self._service.cwd = self.folder
            self._service.start()
        return self._service

    def stop(self) -> None:
        """Stop the service if it runs; the next command that needs it starts it again."""
        service, self._service = self._service, None
        if service is not None:
            assert service.stop() == 0, service.log_path.read_text()

    def _serve(self, variables: dict[str, str], words: list[str]) -> Typed:
        """Let the next command that needs the service start it with these variables."""
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
        process = subprocess.run(
            ["bash", "-c", line.replace(f"http://{ADDRESS}", url)],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{_TOOLS}:{os.environ['PATH']}",
                "COLUMNS": "100",
                # A reader has the plugin of LARST, and not those of these tests.
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTEST_PLUGINS": "larst.testing.plugin",
                "SANDBOX_DATA_ROOT": str(self.folder / "data"),
                "LARS_PORT": url.rpartition(":")[2],
                **variables,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        output = process.stdout + process.stderr
        printed = "\n".join(line.rstrip() for line in output.splitlines())
        return Typed(self._as_written(printed), is_ok=process.returncode == 0)

    def _needs_service(self, line: str) -> bool:
        commands = set(re.findall(r"\blarst ([a-z]+)", line))
        return bool(commands - _WITHOUT_SERVICE - {"eval", "token"})

    def _as_written(self, printed: str) -> str:
        """Return the text without the folder and the port of this run, as pages have it."""
        if self._service is not None:
            printed = printed.replace(self._service.url, f"http://{ADDRESS}")
        return printed.replace(str(self.folder), "").strip("\n")


def agrees(printed: str, written: str) -> bool:
    """Return whether the output matches the page.

    `…` matches any characters of a line. The head of a reply has its status line and only the
    headers that matter to the page.
    """
    if not written.startswith("HTTP/"):
        return _matches(written, printed)
    head, _, body = printed.partition("\n\n")
    written_head, _, written_body = written.partition("\n\n")
    lines = head.splitlines()
    expected = map(_comparable, written_head.splitlines())
    has_all = all(any(_matches(text, _comparable(line)) for line in lines) for text in expected)
    return has_all and _matches(written_body, body)


def _comparable(line: str) -> str:
    """Return a line of a head for comparison: the number of a status, a name in lower case."""
    if line.startswith("HTTP/"):
        return line[:12]  # Python 3.13 changed the phrases of 413 and 422
    name, separator, value = line.partition(": ")
    return f"{name.lower()}{separator}{value}"


def _matches(written: str, printed: str) -> bool:
    parts = _SPACES.sub("  ", written).replace(KEY, "…").split("…")
    pattern = "[^\n]*".join(map(re.escape, parts))
    return re.fullmatch(pattern, _SPACES.sub("  ", printed)) is not None


def _variables(command: str) -> tuple[dict[str, str], str]:
    """Return the variables before a command, and the command."""
    variables: dict[str, str] = {}
    while match := _ASSIGNED.match(command):
        variables[match[1]] = match[2].strip("'\"")
        command = command[match.end() :]
    return variables, command


def _arguments(words: list[str]) -> list[str]:
    """Return the arguments of a command, without the redirections and pipes of the shell."""
    ends = [words.index(word) for word in ("<", ">", "|", ";", "&&") if word in words]
    return words[1 : min(ends, default=len(words))]


def _head(answer: Answer) -> str:
    status = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"
    return "\n".join([status, *(f"{name}: {value}" for name, value in answer.headers.items())])
