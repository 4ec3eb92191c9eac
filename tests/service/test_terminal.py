"""`larst` at a real terminal: a pseudo-terminal, with a service and a person's answers."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from larst.cli import build_parser

COLOUR = re.compile(r"\x1b\[\d+m")
CODES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
LIMIT_S = 30.0


class Terminal:
    """A process whose stdin, stdout and stderr are a pseudo-terminal."""

    def __init__(self, arguments: Sequence[str], cwd: Path, **variables: str) -> None:
        self.text = ""
        self._terminal, inside = pty.openpty()
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LARS_", "SANDBOX_", "NO_COLOR"))
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "larst", *arguments],
            cwd=cwd,
            env={**kept, "TERM": "xterm", "COLUMNS": "120", **variables},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return the match of the text on the terminal, without its colours."""
        deadline_s = time.monotonic() + LIMIT_S
        while not (match := re.search(pattern, self.plain)):
            assert time.monotonic() < deadline_s, self.text
            assert self._read(), self.text
        return match

    @property
    def plain(self) -> str:
        """The text as a person sees it."""
        return CODES.sub("", self.text).replace("\r\n", "\n")

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._terminal, f"{line}\n".encode())

    def finish(self) -> int:
        """Return the exit code of the process."""
        while self._read():
            pass
        return self.process.wait(LIMIT_S)

    def close(self) -> None:
        """End the process if it runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(LIMIT_S)
        os.close(self._terminal)

    def _read(self) -> bool:
        """Read what there is; False: the process has closed the terminal."""
        if not select.select([self._terminal], [], [], LIMIT_S)[0]:
            return False
        try:
            piece = os.read(self._terminal, 65536)
        except OSError:  # EIO: nothing holds the other end
            return False
        self.text += piece.decode(errors="replace")
        return bool(piece)


@contextmanager
def terminal(*arguments: str, cwd: Path, **variables: str) -> Iterator[Terminal]:
    opened = Terminal(arguments, cwd, **variables)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def serving(cwd: Path, *arguments: str, **variables: str) -> Iterator[tuple[Terminal, str]]:
    """Serve at a terminal; yield it, and the address of the service."""
    with terminal(
        "serve", *arguments, "--port", "0", "--data-root", "data", cwd=cwd, **variables
    ) as opened:
        yield opened, opened.wait_for(r"ready at (http://\S+)\n[\s\S]*stays\n")[1]


def send(url: str, body: bytes | None = None, **headers: str) -> int:
    request = Request(url, body, {"Content-Type": "application/json", **headers})  # noqa: S310
    try:
        with urlopen(request) as reply:  # noqa: S310 - on loopback
            return int(reply.status)
    except HTTPError as error:
        return error.code


def test_a_request_is_a_line_in_colour_with_its_reason_below(tmp_path: Path) -> None:
    with serving(tmp_path) as (opened, url):
        assert send(f"{url}/members", b'{"name":"Alice"}') == 201
        assert send(f"{url}/members?limit=x") == 400
        assert send(f"{url}/members?colour=red") == 200
        opened.wait_for(r"POST /members 201 [\d.]+ ms  rules  default\n")
        opened.wait_for(r"GET /members\?limit=x 400 .*\n {9}detail: ")
        opened.wait_for(r"GET /members\?colour=red 200 .*\n {9}hint: ")
        assert "\x1b[32m201\x1b[0m" in opened.text
        assert "\x1b[33m400\x1b[0m" in opened.text


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}])
def test_no_color_is_honoured(tmp_path: Path, variables: dict[str, str]) -> None:
    with serving(tmp_path, **variables) as (opened, url):
        send(f"{url}/members", b'{"name":"Alice"}')
        opened.wait_for(r"POST /members 201")
        assert not COLOUR.search(opened.text)


def test_the_first_command_of_the_notice_works_as_it_stands(tmp_path: Path) -> None:
    """With a token, too: it is pasted into another terminal."""
    with serving(tmp_path, LARS_AUTH_TOKEN="it's$s3cret") as (opened, url):
        command = opened.wait_for(r"try +(curl [^\n]+)\n")[1]
        assert f"docs     {url}/docs" in opened.plain
        shell = ["sh", "-c", f"{command} -sS"]
        reply = subprocess.run(shell, capture_output=True, text=True, check=True)
        assert json.loads(reply.stdout)["name"] == "Alice"
        opened.wait_for(r"POST /members/ 201")


def test_a_flag_opens_the_browser_at_the_service(tmp_path: Path) -> None:
    opened_path = tmp_path / "opened"
    browser = tmp_path / "browser"
    steps = f"echo \"$1\" > '{browser}.new'", f"mv '{browser}.new' '{opened_path}'"
    browser.write_text("\n".join(("#!/bin/sh", *steps, "")))
    browser.chmod(0o755)
    (tmp_path / "db.json").write_text('{"posts":[{"id":1}]}')
    with serving(tmp_path, "db.json", "--open", BROWSER=f"{browser} %s") as (opened, url):
        deadline_s = time.monotonic() + LIMIT_S
        while not opened_path.exists():
            assert time.monotonic() < deadline_s
            select.select([], [], [], 0.02)
        assert opened_path.read_text().strip().startswith(f"{url}/")
        assert send(opened_path.read_text().strip()) == 200
        del opened


def test_what_deletes_asks_and_only_yes_deletes(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, url):
        send(f"{url}/@shop/members", b'{"name":"Alice"}')
        delete = ("sessions", "--delete", "shop", "--url", url)
        for answer in ("n", "", "maybe"):
            with terminal(*delete, cwd=tmp_path) as prompt:
                prompt.wait_for(r"Erase the session shop.*\[y/N\] ")
                prompt.type(answer)
                assert prompt.finish() == 1
                assert "nothing was deleted" in prompt.plain
        assert send(f"{url}/@shop/members/1") == 200

        with terminal(*delete, cwd=tmp_path) as prompt:
            prompt.wait_for(r"\[y/N\] ")
            prompt.type("y")
            assert prompt.finish() == 0
        assert send(f"{url}/@shop/members/1") == 404


def test_a_newcomer_sees_the_commands_and_the_nearest_word(tmp_path: Path) -> None:
    with terminal(cwd=tmp_path) as opened:
        assert opened.finish() == 2
        assert "begin with:" in opened.plain
        assert "snapshot" in opened.plain
    for arguments, meant in (
        (("srve",), "did you mean serve?"),
        (("serve", "--prot", "80"), "did you mean --port?"),
        (("snapshot", "laod", "x"), "did you mean load?"),
        (("plans", "list", "--stat", "learnt"), "did you mean learned?"),
    ):
        with terminal(*arguments, cwd=tmp_path) as opened:
            assert opened.finish() == 2
            assert meant in opened.plain


def get(url: str, path: str, **headers: str) -> tuple[Mapping[str, str], bytes]:
    """Return the headers and the body of a reply."""
    request = Request(f"{url}{path}", headers={"X-Request-ID": "typed", **headers})  # noqa: S310
    with urlopen(request) as reply:  # noqa: S310 - on loopback
        return dict(reply.headers), reply.read()


def shows(url: str, path: str, **headers: str) -> str:
    """Return the headers and the body of a reply as a text."""
    return str(get(url, path, **headers))


ORIGIN = "https://shop.example"
SERVE_FLAGS: dict[tuple[str, ...], Callable[[Terminal, str], object]] = {
    ("--host", "localhost"): lambda opened, url: opened.wait_for(r"ready at http://localhost:"),
    ("--data-root", "elsewhere"): lambda opened, url: opened.wait_for(r"data +\S*elsewhere"),
    # A list without an envelope.
    ("--dialect", "json-server"): lambda opened, url: get(url, "/posts")[1] == b"[]",
    ("--cors", ORIGIN): lambda opened, url: ORIGIN in shows(url, "/posts", Origin=ORIGIN),
    ("--log-format", "json"): lambda opened, url: (
        get(url, "/posts") and opened.wait_for(r'\{[^\n]*"typed"')
    ),
    ("--log-level", "error"): lambda opened, url: (
        get(url, "/posts") and "GET /posts" not in opened.plain
    ),
    ("db.json", "--session", "shop"): lambda opened, url: get(url, "/@shop/posts/1"),
    ("db.json", "--fresh"): lambda opened, url: get(url, "/posts/1"),
    ("db.json", "--memory"): lambda opened, url: opened.wait_for("the data is gone then"),
    ("twice.json", "--lenient"): lambda opened, url: get(url, "/posts/1"),
}
"""What `larst serve` is given, and what shows that it counts. `--open` and `--port` are above."""


@pytest.mark.slow
@pytest.mark.parametrize("arguments", SERVE_FLAGS, ids=" ".join)
def test_every_flag_of_serve_counts(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "db.json").write_text('{"posts":[{"id":1}]}')
    (tmp_path / "twice.json").write_text('{"posts":[{"id":1},{"id":1}]}')
    with terminal("serve", "--port", "0", *arguments, cwd=tmp_path, HOME=str(tmp_path)) as opened:
        url = opened.wait_for(r"ready at (http://\S+?)[\s\"]")[1]
        assert SERVE_FLAGS[arguments](opened, url)


def test_no_flag_of_serve_is_left_out() -> None:
    """The table above has all of them."""
    serve = build_parser()._subparsers._group_actions[0].choices["serve"]  # type: ignore[union-attr,index]
    flags = {flag for action in serve._actions for flag in action.option_strings}
    tried = {word for row in SERVE_FLAGS for word in row} | {"--open", "--port"}

    assert {flag for flag in flags if flag.startswith("--")} - tried == {"--help"}
