"""A running service: started for a test run, or at an address."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from larst.testing.session import LarstSession
from larst.testing.transport import Transport

START_S = 60.0
STOP_S = 20.0

_READY = re.compile(rb"LARST \S+ is ready at (\S+)")
_OF_LARST = ("LARS_", "LARST_", "SANDBOX_", "LLM_", "OTEL_", "OPENAI_", "ANTHROPIC_")
_DEFAULTS = {"LARS_SANDBOX_WORKERS": "1", "OTEL_SDK_DISABLED": "true", "LARS_LOG_FORMAT": "text"}
_OTHER_CHARACTERS = re.compile(r"[^A-Za-z0-9]+")


class ServiceStartError(Exception):
    """The service did not start; the text has the end of its log."""


class LarstService:
    """A running service; `token` is sent with every request, if there is one."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.token = token

    @contextmanager
    def session(self, name: str) -> Iterator[LarstSession]:
        """Yield a session without data, whose requests are recorded; erase it in the end."""
        with Transport(self.url, self.token) as transport:
            session = LarstSession(transport, name)
            session.open()
            try:
                yield session
            finally:
                session.erase()


def session_name(test_name: str) -> str:
    """Return the name of a session for a test: readable, and used by no other."""
    return f"{_OTHER_CHARACTERS.sub('-', test_name)[:80].strip('-')}-{uuid.uuid4().hex[:8]}"


@contextmanager
def running(folder: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """Start a service with its data in memory, yield its address, and stop it.

    It sees no settings, keys or `.env` of this machine, only `settings`. Its log is in `folder`.

    Raises:
        ServiceStartError: it did not start within `START_S`.
    """
    log_path = folder / "larst.log"
    command = [sys.executable, "-m", "larst.testing.child", "serve", "--memory"]
    with log_path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, and fixed arguments
            [*command, "--host", "127.0.0.1", "--port", "0"],
            cwd=folder,
            env=_environment(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        yield _address(process, log_path)
    finally:
        _stop(process)


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(_OF_LARST)
    }
    return {**variables, **_DEFAULTS, **settings}


def _address(process: subprocess.Popen[bytes], log_path: Path) -> str:
    """Return the address that the service prints when it is ready."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    timer = threading.Timer(START_S, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            if (match := _READY.match(line)) is not None:
                return match[1].decode()
    finally:
        timer.cancel()
    log = log_path.read_text(errors="replace")[-2000:]
    raise ServiceStartError(
        f"larst ended before it was ready, or was not ready within {START_S:.0f} s; its log:\n{log}"
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
