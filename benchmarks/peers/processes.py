"""Server processes: start, wait until they reply, stop. Stops only what it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.client import Client

_READY_S = 60
_STOP_S = 30
_POLL_S = 0.005


class NotStartedError(Exception):
    """A server ended at its start or did not become ready; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a server; `ready_path` replies as soon as it serves."""

    words: Sequence[str]
    folder: Path
    ready_path: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `ready_s` is the time from its start to the first reply."""

    port: int
    pid: int
    ready_s: float


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Command, port: int) -> Iterator[Server]:
    """Start the server, wait until it is ready, and stop it afterwards.

    Raises:
        NotStartedError: it did not become ready.
    """
    log = command.folder / "server.log"
    with log.open("wb") as output:
        start_s = time.perf_counter()
        process = subprocess.Popen(
            list(command.words),
            cwd=command.folder,
            env={**os.environ, **command.variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(process, command, port)
            yield Server(port, process.pid, time.perf_counter() - start_s)
        finally:
            _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], command: Command, port: int) -> None:
    deadline_s = time.perf_counter() + _READY_S
    while process.poll() is None and time.perf_counter() < deadline_s:
        client = Client(port)
        try:
            if client.send("GET", command.ready_path).status < 300:
                return
        except (OSError, ValueError):
            pass  # not yet listening, or not yet with JSON
        finally:
            client.close()
        time.sleep(_POLL_S)
    log = (command.folder / "server.log").read_text(errors="replace").strip()
    raise NotStartedError(log[-400:] or "the server did not reply")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
