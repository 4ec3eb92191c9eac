"""Shared by the benchmarks: a service process, and a client that needs little CPU time."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Served:
    """A running service."""

    port: int
    pid: int
    data_root: Path

    def cpu_s(self) -> float:
        """Return the CPU seconds of the service's process, without its workers."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Return the resident memory of the service's process, without its workers."""
        match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        assert match is not None
        return int(match[1]) / 1024


@contextmanager
def served(variables: Mapping[str, str], data_root: Path | None = None) -> Iterator[Served]:
    """Serve on a free port; without a data root, from a temporary one."""
    with tempfile.TemporaryDirectory() as folder:
        root = data_root or Path(folder)
        command = [sys.executable, "-m", "larst", "serve", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--data-root", str(root), "--log-level", "error"],
            stdout=subprocess.PIPE,
            env={**os.environ, **variables},
        )
        assert process.stdout is not None
        try:
            match = None
            while not match:
                line = process.stdout.readline()
                assert line, "the service did not start"
                match = re.search(rb"http://[\d.]+:(\d+)", line)
            yield Served(int(match[1]), process.pid, root)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, "the service did not stop cleanly"


def request(method: str, path: str, body: bytes = b"", session: str = "bench") -> bytes:
    """Return the bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Session-ID: {session}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply; `head` is in lower case."""

    status: int
    head: bytes
    body: bytes


class Connection:
    """A keep-alive connection to the service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**24))

    async def send(self, raw: bytes) -> Reply:
        """Send a request and return its reply."""
        self._writer.write(raw)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = re.search(rb"content-length: (\d+)", head)
        body = await self._reader.readexactly(int(length[1])) if length else b""
        return Reply(int(head[9:12]), head, body)

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


def percentile_ms(latencies_s: Sequence[float], share: float) -> float:
    """Return the latency, in ms, that this share of the requests did not exceed."""
    if not latencies_s:
        return 0.0
    ordered = sorted(latencies_s)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000
