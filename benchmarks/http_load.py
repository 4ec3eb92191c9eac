"""What the service holds on this machine: requests a second and its own CPU time a request.

    python benchmarks/http_load.py [--seconds 5] [--connections 16]

Starts `larst serve` on a free port with a fresh data root, stores 1,000 records of about 230 bytes,
then sends each kind of request over keep-alive connections of its own (no HTTP client library, so
that the client costs little). CPU is the service process's, workers apart, from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

RECORD = {"name": "Alice Hartmann", "email": "alice@example.com", "role": "admin", "bio": "x" * 150}


def _request(method: str, path: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Session-ID: bench\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if found := re.search(rb"Content-Length: (\d+)", head):
        await reader.readexactly(int(found[1]))
    return int(head[9:12])


async def _load(port: int, request: bytes, connections: int, seconds: float) -> tuple[float, float]:
    """Return (requests a second, 99th percentile in ms) under steady load."""
    latencies_s: list[float] = []
    end_s = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        while (begun_s := time.perf_counter()) < end_s:
            status = await _send(reader, writer, request)
            if status >= 400:
                raise SystemExit(f"the service answered {status}")
            latencies_s.append(time.perf_counter() - begun_s)
        writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    latencies_s.sort()
    return len(latencies_s) / seconds, latencies_s[int(len(latencies_s) * 0.99)] * 1000


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _measure(port: int, pid: int, connections: int, seconds: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await _send(reader, writer, _request("POST", "/members", orjson.dumps([RECORD] * 1000)))
    writer.close()
    kinds = {
        "GET one": _request("GET", "/members/500"),
        "list of 20": _request("GET", "/members?limit=20&offset=100"),
        "search": _request("GET", "/members/search?name=Bob"),
        "POST": _request("POST", "/others", orjson.dumps(RECORD)),
    }
    sys.stdout.write(f"{'request':<12}{'a second':>10}{'CPU us':>10}{'p99 ms':>10}\n")
    for name, request in kinds.items():
        await _load(port, request, connections, 0.5)
        before_s = _cpu_s(pid)
        rate, p99_ms = await _load(port, request, connections, seconds)
        cpu_us = (_cpu_s(pid) - before_s) / (rate * seconds) * 1e6
        sys.stdout.write(f"{name:<12}{rate:>10.0f}{cpu_us:>10.0f}{p99_ms:>10.1f}\n")


def main() -> None:
    """Start the service, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "larst", "serve", "--port", "0"]
        service = subprocess.Popen(
            [*command, "--data-root", folder, "--log-level", "warning"], stdout=subprocess.PIPE
        )
        assert service.stdout is not None
        found = None
        while not found:
            found = re.search(rb"http://[\d.]+:(\d+)", service.stdout.readline())
        try:
            port = int(found[1])
            asyncio.run(_measure(port, service.pid, options.connections, options.seconds))
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(30)


if __name__ == "__main__":
    main()
